// Codes {±1, ±i} of consecutive elements, and what their magnitudes come to: vectors where there are any, else the definition.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <optional>

#include "halfulp/kernels/phase.hpp"
#include "kernels/complex/exact_mean.hpp"
#include "kernels/simd/phase_table.hpp"

namespace halfulp::detail {

/// The sums of one group: of |re| over its elements coded ±1, of |im| over those coded ±i.
struct phase_means {
    exact_mean re;
    exact_mean im;

    void merge(const phase_means& other) {
        re.merge(other.re);
        im.merge(other.im);
    }
};

/// phase_rule::atan2_binary32. A NaN has no sector and takes the code of zero.
template <complex_part T>
std::uint8_t encode_by_angle(const std::complex<T>& x) {
    const auto angle =
        static_cast<float>(std::atan2(double{static_cast<float>(x.imag())}, double{static_cast<float>(x.real())}));
    constexpr float quarter = 0x1.921fb6p-1f;  // π/4
    constexpr float three_quarters = 0x1.2d97c8p+1f;  // 3π/4
    if (angle >= -quarter && angle < quarter) return 1;
    if (angle >= quarter && angle < three_quarters) return 3;
    if (angle >= -three_quarters && angle < -quarter) return 2;
    return std::isnan(angle) ? phase_of_zero : std::uint8_t{0};
}

template <complex_part T>
class phase_coder {
  public:
    using number = std::complex<T>;
    static constexpr std::size_t block = simd::phase_block;

    explicit phase_coder(phase_rule rule) : rule_(rule) {
        if (std::is_same_v<T, float> && rule == phase_rule::exact) kernels_ = simd::active_phase();
    }

    [[nodiscard]] std::uint8_t one(const number& x) const {
        return rule_ == phase_rule::exact         ? encode_phase(x.real(), x.imag())
               : has_nan_part(x.real(), x.imag()) ? phase_of_zero
                                                  : encode_by_angle(x);
    }

    /// Are all elements finite?
    bool encode(const number* x, std::uint8_t* codes, std::size_t size) const {
        bool finite = true;
        for (std::size_t done = 0; done < size; done += block) {
            const std::size_t count = std::min(block, size - done);
            if (kernels_ != nullptr) {
                if constexpr (std::is_same_v<T, float>) {
                    const auto* parts = reinterpret_cast<const float*>(x + done);  // [complex.numbers.general]
                    if (kernels_->encode(parts, codes + done, count) < infinity) continue;
                }
            }
            for (std::size_t i = done; i < done + count; ++i) {
                codes[i] = one(x[i]);
                finite = finite && has_finite_parts(x[i].real(), x[i].imag());
            }
        }
        return finite;
    }

    /// Encodes at most `block` elements and adds the finite ones to the means. Are all finite?
    bool encode(const number* x, std::uint8_t* codes, std::size_t size, phase_means& means) const {
        if constexpr (std::is_same_v<T, float>) {
            if (kernels_ != nullptr) {
                const simd::phase_sums sums = kernels_->summed(reinterpret_cast<const float*>(x), codes, size);
                if (sums.largest < infinity) {
                    add(x, codes, size, sums, means);
                    return true;
                }
            }
        }
        bool finite = true;
        for (std::size_t i = 0; i < size; ++i) {
            codes[i] = one(x[i]);
            finite = finite && has_finite_parts(x[i].real(), x[i].imag());
        }
        add_each(x, codes, size, means);
        return finite;
    }

  private:
    static constexpr std::uint32_t infinity = 0x7F800000u;

    static void add(const number* x, const std::uint8_t* codes, std::size_t size, const simd::phase_sums& sums,
                    phase_means& means) {
        // Let all be multiples of 2^(e - 23) and below 2^(e + 17): 2^13 of them add up to less than 2^53 times that unit.
        const bool exact = sums.largest == 0 ||
                           (sums.least >> 23 != 0 && (sums.largest >> 23) - (sums.least >> 23) <= simd::phase_window);
        if (!exact) return add_each(x, codes, size, means);
        means.re.add_sum(sums.re, size - sums.imaginary);
        means.im.add_sum(sums.im, sums.imaginary);
    }

    static void add_each(const number* x, const std::uint8_t* codes, std::size_t size, phase_means& means) {
        for (std::size_t i = 0; i < size; ++i) {
            if (!has_finite_parts(x[i].real(), x[i].imag())) continue;
            (codes[i] & 2) != 0 ? means.im.add(x[i].imag()) : means.re.add(x[i].real());
        }
    }

    phase_rule rule_;
    const simd::phase_kernels* kernels_ = nullptr;
};

}  // namespace halfulp::detail
