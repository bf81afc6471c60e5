// One call of dequantize by vector kernels: codes to binary32, times the scale in binary64, rounded once. Groups whose scale is no plain
// positive number are left to the scalar definition.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "decoding.hpp"
#include "scheme_layout.hpp"

namespace halfulp::detail {

template <carrier T, class C>
class block_decoding {
    static constexpr std::size_t chunk_elements = 2048;

  public:
    explicit block_decoding(const scheme& s) : element_(s.element), values_(s.element) {
        kernels_ = simd::active_table();
        blocks_ = simd::active_blocks();
        if constexpr (sizeof(T) == 2) {
            narrow_ = simd::plan_conversion<double>(carrier_traits<T>::format, {}, true, false);
        }
    }

    [[nodiscard]] bool covers() const noexcept { return blocks_ != nullptr && values_.covers(); }

    /// May this scale be multiplied in binary64? Then `value` is it: the product with any element is exact there.
    [[nodiscard]] bool takes(const combined_scale& scale, double& value) const noexcept {
        if (scale.is_nan || scale.is_infinite || scale.is_zero || scale.negative || !scale.product.fits) return false;
        if (element_.precision() + bit_length(scale.product.significand) > 53) return false;
        if (scale.product.exponent < -400 || scale.product.exponent > 400) return false;
        value = std::ldexp(static_cast<double>(scale.product.significand), scale.product.exponent);
        return true;
    }

    /// `size` neighbours, element i under scale[i / run] (run 0: scale[i]).
    void run(const C* codes, T* out, std::size_t size, const double* scale, std::size_t run) const {
        for (std::size_t done = 0; done < size; done += chunk_elements) {
            const std::size_t count = std::min(chunk_elements, size - done);
            alignas(64) std::array<float, chunk_elements> values;
            alignas(64) std::array<double, chunk_elements> wide;
            (void)values_.run(codes + done, values.data(), 0, count, false);  // widths have been checked
            kernels_->widen(values.data(), wide.data(), count);
            // An infinite element stays infinite.
            constexpr double infinity = std::numeric_limits<double>::infinity();
            const double* factor = run == 0 ? scale + done : scale;
            if constexpr (std::is_same_v<T, float>) {
                blocks_->products(wide.data(), out + done, count, factor, run, infinity);
            } else if constexpr (std::is_same_v<T, double>) {
                blocks_->exact_products(wide.data(), out + done, count, factor, run, infinity);
            } else {
                alignas(64) std::array<std::uint64_t, chunk_elements> narrow;
                blocks_->exact_products(wide.data(), wide.data(), count, factor, run, infinity);
                kernels_->encode64.grid[static_cast<std::size_t>(narrow_->engine)](wide.data(), narrow.data(), count,
                                                                                   nullptr, narrow_->on_grid, false);
                for (std::size_t i = 0; i < count; ++i) out[done + i] = from_bits<T>(narrow[i]);
            }
        }
    }

  private:
    float_format element_;
    decoding<float, C> values_;
    const simd::kernel_table* kernels_ = nullptr;
    const simd::block_kernels* blocks_ = nullptr;
    std::optional<simd::conversion_plan<double>> narrow_;
};

}  // namespace halfulp::detail
