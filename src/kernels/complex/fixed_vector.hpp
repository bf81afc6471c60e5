// A complex vector as 64-bit integers of one unit, for sums under codes {±1, ±i} that need neither multiplication nor rounding.
#pragma once

#include <algorithm>
#include <complex>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "halfulp/kernels/phase.hpp"

namespace halfulp::detail {

/// The four sums of one row and group.
template <class Sum>
struct four_sums {
    Sum re_of_real{};  ///< ±Re x over the codes ±1
    Sum im_of_real{};
    Sum re_of_imaginary{};  ///< ±Re x over the codes ±i
    Sum im_of_imaginary{};
};

/// x as integers of one unit, where sums of all of them stay below 2^63.
template <complex_part T>
class fixed_vector {
  public:
    /// All parts are finite.
    explicit fixed_vector(std::span<const std::complex<T>> x) {
        std::int32_t top = std::numeric_limits<std::int32_t>::min();
        std::int32_t last = std::numeric_limits<std::int32_t>::max();
        const auto parts = std::span(reinterpret_cast<const T*>(x.data()), 2 * x.size());  // [complex.numbers.general]
        for (const T part : parts) {
            const dyadic value = number(part);
            if (value.significand == 0) continue;
            const std::uint64_t lowest = value.significand & (~value.significand + 1);
            top = std::max(top, value.exponent + bit_length(value.significand));
            last = std::min(last, value.exponent + bit_length(lowest) - 1);
        }
        unit_ = top < last ? 0 : last;
        fits_ = top < last || top - last + bit_length(x.size()) <= 62;
        if (!fits_) return;
        re_.reserve(x.size());
        im_.reserve(x.size());
        for (std::size_t j = 0; j < x.size(); ++j) {
            re_.push_back(integer(number(x[j].real())));
            im_.push_back(integer(number(x[j].imag())));
        }
    }

    [[nodiscard]] bool fits() const noexcept { return fits_; }
    [[nodiscard]] std::int32_t unit() const noexcept { return unit_; }

    [[nodiscard]] four_sums<std::int64_t> sums(const std::uint8_t* codes, std::size_t begin, std::size_t end) const {
        four_sums<std::int64_t> s;
        for (std::size_t j = begin; j < end; ++j) {
            const std::int64_t minus = std::int64_t{codes[j] & 1} - 1;  // all ones where the sign is minus
            const std::int64_t imaginary = -std::int64_t{codes[j] >> 1};
            const std::int64_t re = (re_[j] ^ minus) - minus;
            const std::int64_t im = (im_[j] ^ minus) - minus;
            s.re_of_real += re & ~imaginary;
            s.im_of_real += im & ~imaginary;
            s.re_of_imaginary += re & imaginary;
            s.im_of_imaginary += im & imaginary;
        }
        return s;
    }

  private:
    static dyadic number(T x) noexcept { return carrier_traits<T>::format.finite_value(to_bits(x)); }
    [[nodiscard]] std::int64_t integer(const dyadic& value) const noexcept {
        if (value.significand == 0) return 0;
        const std::int32_t up = value.exponent - unit_;
        const auto magnitude = static_cast<std::int64_t>(up >= 0 ? value.significand << up : value.significand >> -up);
        return value.negative ? -magnitude : magnitude;
    }

    bool fits_ = false;
    std::int32_t unit_ = 0;
    std::vector<std::int64_t> re_;
    std::vector<std::int64_t> im_;
};

}  // namespace halfulp::detail
