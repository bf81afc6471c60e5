// Affine integers: x is about (q - z) s with an integer q of the element's width and, in every group, a scale s and an integer z that stands
// for zero. Scales from the smallest and the largest element, zero always among them; recipe torch_ao computes in binary32.
#pragma once

#include <atomic>
#include <optional>

#include "checks.hpp"
#include "find_scales.hpp"
#include "float_environment.hpp"
#include "halfulp/arithmetic/exact_sum.hpp"
#include "halfulp/blocks/scaled_element.hpp"
#include "parallel.hpp"
#include "scheme_layout.hpp"

namespace halfulp::detail {

/// The ends of a group's finite elements with zero among them, as magnitudes.
struct group_range {
    std::uint64_t below = 0;  ///< bits of -min(x, 0)
    std::uint64_t above = 0;  ///< bits of max(x, 0)
    bool nonfinite = false;

    void include(const group_range& other) noexcept {
        below = std::max(below, other.below);
        above = std::max(above, other.above);
        nonfinite = nonfinite || other.nonfinite;
    }
};

/// A group's scale and zero, as stored, and what divides its elements.
struct affine_group {
    std::uint64_t scale_code = 0;
    std::int64_t zero = 0;
    bool rounded_to_zero = false;
    group_scales scale{};
    float reciprocal = 0;  ///< torch_ao
};

template <carrier T, class Out>
class affine_quantizer {
    static constexpr float_format own = carrier_traits<T>::format;
    static constexpr bool codes = !std::is_same_v<T, Out>;
    static constexpr fixed_format wide{48, 0, true, false};  ///< any quotient of interest, and what saturates

  public:
    affine_quantizer(std::span<const T> x, const scheme& s, const scheme_layout& layout,
                     const quantize_options& options)
        : x_(x),
          scheme_(s),
          layout_(layout),
          options_(options),
          most_(static_cast<std::int64_t>(low_ones(s.element.bits()))),
          encoder_(format(wide),
                   {.rounding = options.rounding,
                    .overflow = overflow_policy::sat_finite,
                    .nan = options.nan,
                    .random_bits = static_cast<std::uint8_t>(options.random_bits)},
                   true),
          to_zero_(format(fixed_format{static_cast<std::uint8_t>(s.element.bits()), 0, false, false}), projection{}),
          to_scale_(s.levels[0].format, {.rounding = scale_mode(options),
                                         .overflow = overflow_policy::sat_finite,
                                         .random_bits = static_cast<std::uint8_t>(options.random_bits)}) {}

    /// `planes`: scale codes, then zeros.
    quantize_report run(Out* out, scale_planes* planes) const {
        std::vector<std::uint64_t> scales(layout_.counts()[0]);
        std::vector<std::uint64_t> zeros(scales.size());
        std::atomic<std::uint64_t> zero_scales{0};
        std::atomic<std::uint64_t> saturated{0};
        const auto keep = [&](std::uint64_t g, const affine_group& group) {
            scales[g] = group.scale_code;
            zeros[g] = static_cast<std::uint64_t>(group.zero);
        };
        std::optional<affine_group> one;
        if (layout_.whole()) {
            group_range range;
            for (std::uint64_t p = 0; p < layout_.pieces(); ++p) range.include(range_of(layout_.piece_at(p), 0));
            const float_environment environment;
            one = best_of(layout_.group_at(0), 0, range);
            keep(0, *one);
            zero_scales = one->rounded_to_zero;
        }
        parallel_for(layout_.pieces(), options_.threads, 1, [&](std::size_t begin, std::size_t end) {
            const float_environment environment;
            std::uint64_t over = 0;
            std::uint64_t lost = 0;
            for (std::size_t p = begin; p < end; ++p) {
                const piece at = layout_.piece_at(p);
                for (std::uint64_t k = 0; k < at.lanes; ++k) {
                    if (!one) {
                        const affine_group group = best_of(at, k, range_of(at, k));
                        keep(at.group + k, group);
                        lost += group.rounded_to_zero;
                        over += convert(at, k, group, out);
                    } else {
                        over += convert(at, k, *one, out);
                    }
                }
            }
            zero_scales += lost;
            saturated += over;
        });
        if (planes != nullptr) *planes = {std::move(scales), std::move(zeros)};
        return {zero_scales, saturated};
    }

  private:
    group_range range_of(const piece& at, std::uint64_t lane) const {
        group_range range;
        for (std::uint64_t j = 0; j < at.count; ++j) {
            const std::uint64_t bits = to_bits(x_[at.first + j * at.stride + lane]);
            const std::uint64_t magnitude = bits & own.magnitude_mask();
            if (magnitude >= own.infinity_magnitude()) {
                range.nonfinite = true;
            } else {
                std::uint64_t& end = (bits & own.sign_mask()) != 0 ? range.below : range.above;
                end = std::max(end, magnitude);
            }
        }
        return range;
    }

    /// The recipe's group, or with search=mse the one among it and narrower ranges that leaves the smallest squared error.
    affine_group best_of(const piece& at, std::uint64_t lane, const group_range& range) const {
        affine_group best = group_of(range, at.group + lane, 32);
        const bool empty = range.below == 0 && range.above == 0;
        if (scheme_.search == scale_search::none || empty || best.scale.is_nan || best.scale.is_zero) return best;
        double least = error_of(at, lane, best);
        for (std::uint32_t j = 16; j < 32; ++j) {
            const affine_group narrower = group_of(range, at.group + lane, j);
            if (narrower.scale.is_zero) continue;
            const double error = error_of(at, lane, narrower);
            if (error < least) {
                least = error;
                best = narrower;
            }
        }
        return best;
    }

    /// A range of `part` 32nds of the ends.
    affine_group group_of(const group_range& range, std::uint64_t g, std::uint32_t part) const {
        affine_group group;
        const dyadic below = shrunk(range.below, part);
        const dyadic above = shrunk(range.above, part);
        const bool torch = scheme_.scale_recipe == recipe::torch_ao;
        projected stored = to_scale_.zero(false);
        if (torch) {
            const float low = to_binary32(below);
            const float high = to_binary32(above);
            const float steps = static_cast<float>(most_);
            const float scale = std::max((high + low) / steps, 0x1p-23f);
            stored = project(scale, to_scale_);
        } else if (below.significand != 0 || above.significand != 0) {
            exact_sum width;
            width.add(false, below.significand, below.exponent);
            width.add(false, above.significand, above.exponent);
            const extended q = width.quotient(static_cast<std::uint64_t>(most_));
            stored = to_scale_.finite(false, q.significand, q.exponent, q.sticky, scale_random(options_, 0, g));
            group.rounded_to_zero = stored.significand == 0;
        }
        if (range.nonfinite && to_scale_.grid.has_nan) stored = to_scale_.nan_result();
        group.scale_code = to_code(stored, to_scale_.grid);
        group.scale.include(scheme_.levels[0].format, group.scale_code);
        if (group.scale.is_nan || group.scale.is_zero) return group;
        if (torch) {
            const float scale = decode<float>(group.scale_code, scheme_.levels[0].format);
            group.reciprocal = 1.0f / scale;
            const float quotient = to_binary32(below) / scale;
            group.zero = static_cast<std::int64_t>(project_value(quotient, to_zero_).significand);
        } else if (below.significand != 0) {
            const extended q = exact_quotient(below, group.scale.all());
            group.zero =
                static_cast<std::int64_t>(to_zero_.finite(false, q.significand, q.exponent, q.sticky, 0).significand);
        }
        return group;
    }

    static dyadic shrunk(std::uint64_t magnitude, std::uint32_t part) noexcept {
        const dyadic value = own.magnitude_value(magnitude);
        return part == 32 ? value : dyadic{false, value.significand * part, value.exponent - 5};
    }

    /// q of one element.
    struct integer {
        std::int64_t q;
        bool saturated;
        bool missing_nan;
    };
    integer quantized(T x, const affine_group& group, bool quick, std::uint32_t random) const {
        if (group.scale.is_nan || group.scale.is_zero) return {group.zero, false, false};
        const bool finite = (to_bits(x) & own.magnitude_mask()) < own.infinity_magnitude();
        projected k;
        if (group.reciprocal != 0 && finite) {
            k = project_value(to_binary32(x) * group.reciprocal, encoder_.how(), random);
        } else {
            k = encoder_(x, group.scale, quick, random);
        }
        if (k.missing_nan) return {options_.nan == nan_policy::to_zero ? group.zero : most_, false, true};
        const auto magnitude = static_cast<std::int64_t>(k.significand);
        const std::int64_t q = group.zero + (k.negative ? -magnitude : magnitude);
        return {std::clamp<std::int64_t>(q, 0, most_), q < 0 || q > most_, false};
    }

    projected difference(std::int64_t q, std::int64_t zero) const noexcept {
        const std::int64_t d = q - zero;
        return {number_class::finite, d < 0, static_cast<std::uint64_t>(d < 0 ? -d : d), 0, false, false, false};
    }

    std::uint64_t convert(const piece& at, std::uint64_t lane, const affine_group& group, Out* out) const {
        const bool quick = encoder_.divides_in_binary64(group.scale);
        const int width = scheme_.element.bits();
        const std::int64_t first = scheme_.element.has_signed_codes() ? std::int64_t{1} << (width - 1) : 0;
        const scaled_decoder<T> decode_element;
        std::uint64_t over = 0;
        for (std::uint64_t j = 0; j < at.count; ++j) {
            const std::uint64_t i = at.first + j * at.stride + lane;
            const integer element = quantized(x_[i], group, quick, element_random(options_, i));
            if (element.missing_nan && options_.nan == nan_policy::raise) throw_missing_nan(i, scheme_.element);
            over += element.saturated;
            if constexpr (codes) {
                out[i] = static_cast<Out>(element.q - first);
            } else {
                const bool kept = element.missing_nan && options_.nan == nan_policy::keep;
                out[i] = kept ? x_[i] : decode_element(difference(element.q, group.zero), group.scale);
            }
        }
        return over;
    }

    /// As scale_chooser: sums of squares in binary64, in order, elements to nearest even where the mode is stochastic.
    double error_of(const piece& at, std::uint64_t lane, const affine_group& group) const {
        const scaled_decoder<double> decode_element;
        const bool quick = encoder_.divides_in_binary64(group.scale);
        double sum = 0;
        for (std::uint64_t j = 0; j < at.count; ++j) {
            const std::uint64_t i = at.first + j * at.stride + lane;
            const integer element = quantized(x_[i], group, quick, 0);
            const double x = decode<double>(to_bits(x_[i]), own);
            const double d = x - decode_element(difference(element.q, group.zero), group.scale);
            const double square = d * d;
            sum += options_.importance.empty()               ? square
                   : options_.importance.size() == x_.size() ? options_.importance[i] * square
                                                             : options_.importance[layout_.place_along(i)] * square;
        }
        return sum;
    }

    std::span<const T> x_;
    const scheme& scheme_;
    const scheme_layout& layout_;
    const quantize_options& options_;
    std::int64_t most_;
    scaled_encoder<T, any_projector> encoder_;
    any_projector to_zero_;
    projector to_scale_;
};

/// The values of codes under their scales and zeros.
template <carrier T, class C>
void affine_dequantize(std::span<const C> codes, const scheme& s, const scheme_layout& layout,
                       const scale_planes& planes, std::span<T> out, int threads) {
    const int width = s.element.bits();
    const std::int64_t first = s.element.has_signed_codes() ? std::int64_t{1} << (width - 1) : 0;
    const scaled_decoder<T> decode_element;
    parallel_for(layout.pieces(), threads, 1, [&](std::size_t begin, std::size_t end) {
        const float_environment environment;
        for (std::size_t p = begin; p < end; ++p) {
            const piece at = layout.piece_at(p);
            for (std::uint64_t k = 0; k < at.lanes; ++k) {
                group_scales scale;
                scale.include(s.levels[0].format, planes[0][at.group + k]);
                const auto zero = static_cast<std::int64_t>(planes[1][at.group + k]);
                for (std::uint64_t j = 0; j < at.count; ++j) {
                    const std::uint64_t i = at.first + j * at.stride + k;
                    const auto code = static_cast<std::int64_t>(static_cast<std::make_signed_t<C>>(codes[i]));
                    const std::int64_t q = first != 0 ? code + first : static_cast<std::int64_t>(codes[i]);
                    const std::int64_t d = q - zero;
                    out[i] = decode_element({number_class::finite, d < 0, static_cast<std::uint64_t>(d < 0 ? -d : d), 0,
                                             false, false, false},
                                            scale);
                }
            }
        }
    });
}

}  // namespace halfulp::detail
