// One call of dequantize by vector kernels: codes to binary32, times the scale in binary64, rounded once. Groups whose scale is no plain
// positive number are left to the scalar definition.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "decoding.hpp"
#include "scheme_layout.hpp"

namespace halfulp::detail {

template <carrier T, class C>
class block_decoding {
    static constexpr std::size_t chunk_elements = 2048;

  public:
    static constexpr std::size_t most_groups = 64;  ///< that are done together

    block_decoding(const scheme& s, const scheme_layout& layout, const scale_planes& scales)
        : scheme_(s), layout_(layout), scales_(scales), value_bits_(value_precision(s.element)), values_(s.element) {
        kernels_ = simd::active_table();
        blocks_ = simd::active_blocks();
        if constexpr (sizeof(T) == 2) {
            narrow_ = simd::plan_conversion<double>(carrier_traits<T>::format, {}, true, false);
        }
        if (covers() && blocks_->decode_pairs != nullptr && s.element.bits() == 4 && s.element.max_code() == 15) {
            pairs_.emplace();
            for (std::uint64_t code = 0; code < 16; ++code) (*pairs_)[code] = halfulp::decode<float>(code, s.element);
        }
        // Under at most one outer scale, the innermost code alone decides: a table of products, where that is worth it.
        const std::size_t levels = s.levels.size();
        const std::uint64_t elements = levels == 0 ? 0 : layout.counts()[0] * s.levels[0].group.length;
        past_caches_ = worth_streaming(elements, elements * sizeof(float));
        if (levels == 1 && value_bits_ + 24 <= 53) {
            const float_format& own = s.levels[0].format;
            in_binary32_ = own == binary32_format;
            if (own.bits() > 8 && own.bits() <= 16 && holds(binary32_format, own)) {
                short_scales_.emplace(own);
                in_binary32_ = short_scales_->covers();
            }
        }
        const bool one_outer = levels == 1 || (levels == 2 && s.levels[1].group.is_tensor());
        if (!covers() || in_binary32_ || !one_outer || s.levels[0].format.bits() > 16 ||
            layout.counts()[0] < std::uint64_t{4} << s.levels[0].format.bits())
            return;
        table_.resize(s.levels[0].format.code_mask() + 1);
        for (std::uint64_t code = 0; code < table_.size(); ++code) {
            const std::array<std::uint64_t, 2> codes{code, levels == 2 ? scales[1][0] : 0};
            if (!plain(combine_scale_codes(s, codes), table_[code])) table_[code] = 0;
        }
    }

    [[nodiscard]] bool covers() const noexcept { return blocks_ != nullptr && values_.covers(); }
    /// Does run() tell codes that are not the format's apart from others?
    [[nodiscard]] bool checks_codes() const noexcept { return covers() && values_.checks_codes(); }

    /// The scales of `count` groups from `group` on; false where some may not be multiplied in binary64, where the product with any
    /// element is exact.
    [[nodiscard]] bool plain_scales(std::uint64_t group, std::size_t count, double* to) const noexcept {
        if (!covers()) return false;
        if (count == 0) return true;
        bool all = true;
        if (!table_.empty()) {
            for (std::size_t k = 0; k < count; ++k) {
                to[k] = table_[scales_[0][group + k]];
                all = all && to[k] != 0;
            }
        } else if (in_binary32_) {
            const std::uint64_t* codes = scales_[0].data() + (layout_.whole() ? 0 : group);
            std::array<std::uint32_t, scheme_layout::lane_block> numbers;
            if (short_scales_) {
                std::array<std::uint16_t, scheme_layout::lane_block> narrow;
                std::array<float, scheme_layout::lane_block> values;
                for (std::size_t k = 0; k < count; ++k) narrow[k] = static_cast<std::uint16_t>(codes[k]);
                (void)short_scales_->run(narrow.data(), values.data(), 0, count, false);  // widths are checked
                for (std::size_t k = 0; k < count; ++k) numbers[k] = std::bit_cast<std::uint32_t>(values[k]);
            } else {
                for (std::size_t k = 0; k < count; ++k) numbers[k] = static_cast<std::uint32_t>(codes[k]);
            }
            constexpr std::uint32_t most = 0x7F7FFFFFu;
            std::uint32_t odd = 0;
            for (std::size_t k = 0; k < count; ++k) {
                const std::uint32_t bits = numbers[k];
                odd |= static_cast<std::uint32_t>(bits - 1 >= most);
                to[k] = static_cast<double>(std::bit_cast<float>(bits));
            }
            all = odd == 0;
        } else {
            for (std::size_t k = 0; k < count && all; ++k)
                all = plain(combine_scales(scheme_, layout_, scales_, layout_.whole() ? 0 : group + k), to[k]);
        }
        return all;
    }

    /// `size` neighbours, element i under scale[i / run] (run 0: scale[i]); false where a code that checks_codes() tells is not the
    /// format's.
    [[nodiscard]] bool run(const C* codes, T* out, std::size_t size, const double* scale, std::size_t run) const {
        bool fit = true;
        if constexpr (std::is_same_v<T, float> && sizeof(C) == 1) {
            if (run != 0 && by_products_in_binary32(codes, out, size, scale, run, fit)) return fit;
        }
        const std::size_t whole_runs = run == 0 || run > chunk_elements ? 1 : chunk_elements / run;
        const std::size_t step = run == 0 ? chunk_elements : whole_runs * run;
        for (std::size_t done = 0; done < size; done += step) {
            const double* factor = run == 0 ? scale + done : scale + done / run;
            const std::size_t stop = std::min(step, size - done);
            for (std::size_t i = 0; i < stop; i += chunk_elements) {  // more than one round: a single long run
                const std::size_t count = std::min(chunk_elements, stop - i);
                fit = chunk(codes + done + i, out + done + i, count, factor, run) && fit;
            }
        }
        return fit;
    }

    /// run() on codes of 4 bits as they are packed, the first in a low half, where that is a way of its own: false, and nothing done, where
    /// it is none. Every code is the format's then. `run` is not 0.
    [[nodiscard]] bool run_pairs(const std::uint8_t* packed, T* out, std::size_t size, const double* scale,
                                 std::size_t run) const {
        if constexpr (std::is_same_v<T, float>) {
            std::array<float, most_groups> factor;
            if (!pairs_ || (run % 32 != 0 && run < size) || !in_binary32(scale, size, run, factor)) return false;
            const bool stream = past_caches_ && reinterpret_cast<std::uintptr_t>(out) % 64 == 0;
            blocks_->decode_pairs(packed, out, size, pairs_->data(), factor.data(), run, stream);
            fence_streams(stream);
            return true;
        }
        return false;
    }

  private:
    /// The scales of `size` elements, where they are binary32 numbers and few.
    static bool in_binary32(const double* scale, std::size_t size, std::size_t run,
                            std::array<float, most_groups>& factor) noexcept {
        const std::size_t groups = (size + run - 1) / run;
        if (groups > most_groups) return false;
        bool exact = true;
        for (std::size_t g = 0; g < groups; ++g) {
            factor[g] = static_cast<float>(scale[g]);
            exact = exact && static_cast<double>(factor[g]) == scale[g];
        }
        return exact;
    }

    /// Where values and scales are binary32 numbers, their product rounded once. False, and nothing done, where they are not.
    bool by_products_in_binary32(const std::uint8_t* codes, float* out, std::size_t size, const double* scale,
                                 std::size_t run, bool& fit) const {
        const simd::table_plan* table = values_.short_table();
        std::array<float, most_groups> factor;
        if (table == nullptr || !in_binary32(scale, size, run, factor)) return false;
        const bool stream = past_caches_ && run % 64 == 0 && reinterpret_cast<std::uintptr_t>(out) % 64 == 0;
        fit = simd::active_steps()->decode_table(codes, out, size, *table, factor.data(), run, stream) == 0;
        fence_streams(stream);
        return true;
    }

    [[nodiscard]] bool chunk(const C* codes, T* out, std::size_t count, const double* factor, std::size_t run) const {
        alignas(64) std::array<float, chunk_elements> values;
        alignas(64) std::array<double, chunk_elements> wide;
        const bool fit = values_.run(codes, values.data(), 0, count, false);
        kernels_->widen(values.data(), wide.data(), count);
        constexpr double infinity = std::numeric_limits<double>::infinity();  // an infinite element stays infinite
        if constexpr (std::is_same_v<T, float>) {
            blocks_->products(wide.data(), out, count, factor, run, infinity);
        } else if constexpr (std::is_same_v<T, double>) {
            blocks_->exact_products(wide.data(), out, count, factor, run, infinity);
        } else {
            alignas(64) std::array<std::uint64_t, chunk_elements> narrow;
            blocks_->exact_products(wide.data(), wide.data(), count, factor, run, infinity);
            run_plan(kernels_->encode64, *narrow_, wide.data(), narrow.data(), count);
            for (std::size_t i = 0; i < count; ++i) out[i] = from_bits<T>(narrow[i]);
        }
        return fit;
    }

    [[nodiscard]] bool plain(const combined_scale& scale, double& value) const noexcept {
        if (scale.is_nan || scale.is_infinite || scale.is_zero || scale.negative || !scale.product.fits) return false;
        if (value_bits_ + bit_length(scale.product.significand) > 53) return false;
        if (scale.product.exponent < -400 || scale.product.exponent > 400) return false;
        value = std::ldexp(static_cast<double>(scale.product.significand), scale.product.exponent);
        return true;
    }

    const scheme& scheme_;
    const scheme_layout& layout_;
    const scale_planes& scales_;
    std::vector<double> table_;
    bool in_binary32_ = false;
    bool past_caches_ = false;
    int value_bits_;
    decoding<float, C> values_;
    std::optional<decoding<float, std::uint16_t>> short_scales_;  ///< of 9 to 16 bits, all of them binary32 numbers
    std::optional<std::array<float, 16>> pairs_;  ///< all values of a format of 4 bits
    const simd::kernel_table* kernels_ = nullptr;
    const simd::block_kernels* blocks_ = nullptr;
    std::optional<simd::conversion_plan<double>> narrow_;
};

}  // namespace halfulp::detail
