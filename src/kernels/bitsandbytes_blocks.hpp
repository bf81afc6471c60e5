// The recipe bitsandbytes: blocks of a flat array under binary32 maxima, step by step in binary32 as that library's CPU path computes
// (bitsandbytes 0.50). Products by a reciprocal, comparisons with binary32 thresholds; eight bits go through a grid of 65536 places.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "binary32_recipe.hpp"
#include "float_environment.hpp"
#include "halfulp/blocks/scaled_element.hpp"
#include "halfulp/kernels/quantize.hpp"
#include "parallel.hpp"
#include "scheme_layout.hpp"

namespace halfulp::detail {

/// Its table's codes in the order of values, and the binary32 numbers between them.
class bitsandbytes_table {
  public:
    explicit bitsandbytes_table(const format& element) : wide_(element.bits() > 4) {
        const codebook& table = *element.as_codebook();
        // Zeros of both signs are two entries here, +0 before -0, with the number 0 between them.
        for (const codebook_member& m : table.members()) {
            codes_.push_back(m.code);
            values_.push_back(halfulp::decode<float>(m.code, element));
            if (m.value.significand != 0 || !table.has_negative_zero()) continue;
            codes_.push_back(table.code_of(true, 0, 0));
            values_.push_back(0.0f);
        }
        for (std::size_t i = 0; i + 1 < values_.size(); ++i) between_.push_back(0.5f * (values_[i] + values_[i + 1]));
        if (!wide_) return;
        grid_.resize(65536);
        for (std::size_t j = 0; j < grid_.size(); ++j) {
            const float at = -1.0f + static_cast<float>(2 * j) / 65535.0f;
            grid_[j] = codes_[place_of(at)];
        }
    }

    /// The code of an element; `last` is a block that is not full.
    [[nodiscard]] std::uint64_t code(float x, float absmax, bool last) const noexcept {
        if (wide_) {
            if (absmax == 0 || std::isnan(x)) return 0;
            const float scaled = std::clamp(x * (1.0f / absmax), -1.0f, 1.0f);
            if (std::isnan(scaled)) return 0;
            return grid_[static_cast<std::uint16_t>((scaled + 1.0f) * 0.5f * 65535.0f + 0.5f)];
        }
        const float divisor = std::max(absmax, 1e-38f);
        const float scaled = last ? x / divisor : x * (1.0f / divisor);
        if (std::isnan(scaled) || std::isnan(absmax)) return codes_.back();
        return codes_[place_of(std::clamp(scaled, -1.0f, 1.0f))];
    }

    /// The maximum as it is stored: eight bits ignore NaN; four bits keep it, and hold that of a last block above 1e-38.
    [[nodiscard]] float stored(float absmax, bool has_nan, bool last) const noexcept {
        if (wide_) return absmax;
        if (has_nan) return std::numeric_limits<float>::quiet_NaN();
        return last ? std::max(absmax, 1e-38f) : absmax;
    }

  private:
    [[nodiscard]] std::size_t place_of(float x) const noexcept {
        return static_cast<std::size_t>(std::lower_bound(between_.begin(), between_.end(), x) - between_.begin());
    }

    bool wide_;
    std::vector<std::uint64_t> codes_;
    std::vector<float> values_;
    std::vector<float> between_;
    std::vector<std::uint64_t> grid_;
};

/// Quantizes runs of neighbours; `scales` gets the maxima's binary32 codes.
template <carrier T, class Out>
quantize_report bitsandbytes_quantize(std::span<const T> x, const scheme& s, const scheme_layout& layout, Out* out,
                                      scale_planes* scales, const quantize_options& options) {
    if (options.rounding != rounding_mode::nearest_ties_to_even || options.scale_rounding) {
        throw std::invalid_argument(
            "rounding or scale_rounding is given, allowed: none; the recipe bitsandbytes has thresholds of its own");
    }
    const bitsandbytes_table table(s.element);
    const scaled_decoder<T> decode_element;
    std::vector<std::uint64_t> maxima(layout.counts()[0]);
    const std::uint64_t length = s.levels[0].group.is_tensor() ? x.size() : s.levels[0].group.length;
    parallel_for(maxima.size(), options.threads, 16, [&](std::size_t begin, std::size_t end) {
        const float_environment environment;
        for (std::size_t g = begin; g < end; ++g) {
            const piece at = layout.group_at(g);
            float absmax = 0;
            bool has_nan = false;
            for (std::uint64_t i = at.first; i < at.first + at.count; ++i) {
                const float magnitude = std::fabs(to_binary32(x[i]));
                has_nan = has_nan || std::isnan(magnitude);
                if (magnitude > absmax) absmax = magnitude;
            }
            const bool last = at.count != length;
            const float stored = table.stored(absmax, has_nan, last);
            maxima[g] = to_bits(stored);
            group_scales scale;
            scale.include(s.levels[0].format, maxima[g]);
            const float divisor = has_nan && s.element.bits() <= 4 ? stored : absmax;
            for (std::uint64_t i = at.first; i < at.first + at.count; ++i) {
                const std::uint64_t code = table.code(to_binary32(x[i]), divisor, last);
                if constexpr (std::is_same_v<T, Out>) {
                    out[i] = decode_element(projected_from_code(code, s.element), scale);
                } else {
                    out[i] = static_cast<Out>(code);
                }
            }
        }
    });
    if (scales != nullptr) *scales = {std::move(maxima)};
    return {};
}

}  // namespace halfulp::detail
