// Scales that are chosen by the error that they leave: search=mse, and the recipes four_over_six. Candidates are tried in a stated order,
// and one replaces the best so far only where its error is strictly smaller.
//
// An error is a sum over the group from its first element to its last, in binary64, nothing fused, of h d² with d = x - RN64(element × all
// scales), or of |d|. Elements round as the call asks, to nearest even in stochastic modes: so the choice needs no random bits.
#pragma once

#include <cmath>

#include "find_scales.hpp"
#include "halfulp/blocks/scaled_element.hpp"

namespace halfulp::detail {

template <carrier T, class Projector>
class scale_chooser {
  public:
    scale_chooser(std::span<const T> x, const scheme& s, const scheme_layout& layout, const quantize_options& options,
                  const scale_planes& scales)
        : x_(x),
          scheme_(s),
          layout_(layout),
          scales_(scales),
          importance_(options.importance),
          absolute_(s.scale_recipe == recipe::four_over_six_mae && s.search == scale_search::none),
          by_exponent_(is_power_of_two_scale(s.levels[0].format)),
          rule_(s, 0, nullptr, 32),
          encoder_(
              element_of(s),
              {.rounding = is_stochastic(options.rounding) ? rounding_mode::nearest_ties_to_even : options.rounding,
               .overflow = overflow_policy::sat_finite,
               .nan = nan_policy::to_max,
               .ftz = options.ftz},
              true) {
        if (is_four_over_six(s.scale_recipe)) to_four_ = scale_rule::to_four(s);
    }

    /// The code of the best scale for a group whose recipe gave it `code`, other than NaN. amax: its largest magnitude, not zero.
    [[nodiscard]] std::uint64_t choose(std::uint64_t group, std::uint64_t code, const dyadic& amax) const {
        best own{*this, group, code};
        if (to_four_) {
            const outer_scales outer(scheme_, layout_, scales_, 0, group);
            own.offer(to_four_->scale(amax, outer.all(), false, 0).code);
        }
        if (scheme_.search == scale_search::none) return own.code;
        const dyadic start = scheme_.levels[0].format.finite_value(code);
        if (by_exponent_) {
            for (const int step : {-2, -1, 1})
                own.offer(rule_.of_exponent(start.exponent + bit_length(start.significand) - 1 + step).code);
        } else {
            for (std::uint64_t j = 16; j <= 40; ++j) own.offer(rule_.fraction_of(start, j, 5).code);
        }
        return own.code;
    }

  private:
    struct best {
        const scale_chooser& of;
        std::uint64_t group;
        std::uint64_t code;
        double error;

        best(const scale_chooser& chooser, std::uint64_t g, std::uint64_t c)
            : of(chooser), group(g), code(c), error(chooser.error_under(g, c)) {}

        void offer(std::uint64_t candidate) {
            if (candidate == code || of.scheme_.levels[0].format.finite_value(candidate).significand == 0) return;
            const double e = of.error_under(group, candidate);
            if (e < error) {
                error = e;
                code = candidate;
            }
        }
    };

    [[nodiscard]] double error_under(std::uint64_t group, std::uint64_t code) const {
        std::array<std::uint64_t, max_scale_levels> codes{code};
        std::uint64_t index = group;
        for (std::size_t level = 1; level < scheme_.levels.size(); ++level) {
            index = layout_.parent(level - 1, index);
            codes[level] = scales_[level][index];
        }
        const combined_scale scale = combine_scale_codes(scheme_, codes);
        const bool quick = encoder_.divides_in_binary64(scale);
        const piece at = layout_.group_at(group);
        double sum = 0;
        for (std::uint64_t j = 0; j < at.count; ++j) {
            const std::uint64_t i = at.first + j * at.stride;
            const double d = to_double(x_[i]) - decode_(encoder_(x_[i], scale, quick, 0), scale);
            if (absolute_) {
                sum += std::fabs(d);
            } else {
                const double square = d * d;
                sum += importance_.empty() ? square : weight(i) * square;
            }
        }
        return sum;
    }

    [[nodiscard]] double weight(std::uint64_t i) const {
        return importance_.size() == x_.size() ? importance_[i] : importance_[layout_.place_along(i)];
    }

    static const auto& element_of(const scheme& s) noexcept {
        if constexpr (std::is_same_v<Projector, projector>)
            return *s.element.as_float();
        else
            return s.element;
    }

    static double to_double(T x) noexcept { return decode<double>(to_bits(x), carrier_traits<T>::format); }

    std::span<const T> x_;
    const scheme& scheme_;
    const scheme_layout& layout_;
    const scale_planes& scales_;
    std::span<const double> importance_;
    bool absolute_;
    bool by_exponent_;
    scale_rule rule_;
    std::optional<scale_rule> to_four_;
    scaled_encoder<T, Projector> encoder_;
    scaled_decoder<double> decode_;
};

template <class Projector, carrier T>
std::uint64_t choose_scales_by(std::span<const T> x, const scheme& s, const scheme_layout& layout,
                               const quantize_options& options, const group_maxima& maxima, scale_planes& scales) {
    const scale_chooser<T, Projector> chooser(x, s, layout, options, scales);
    const auto is_zero = [&](std::uint64_t code) { return s.levels[0].format.finite_value(code).significand == 0; };
    std::vector<std::uint64_t> chosen = scales[0];
    std::atomic<std::uint64_t> revived{0};
    parallel_for(chosen.size(), options.threads, 16, [&](std::size_t begin, std::size_t end) {
        const float_environment environment;
        std::uint64_t count = 0;
        for (std::size_t g = begin; g < end; ++g) {
            const bool was_zero = is_zero(chosen[g]);
            // The larger candidate of four_over_six need not be zero.
            if (maxima.magnitude[g] == 0 || maxima.nonfinite[g] != 0 || (was_zero && !is_four_over_six(s.scale_recipe)))
                continue;
            chosen[g] = chooser.choose(g, chosen[g], carrier_traits<T>::format.magnitude_value(maxima.magnitude[g]));
            count += was_zero && !is_zero(chosen[g]);
        }
        revived += count;
    });
    scales[0] = std::move(chosen);
    return revived;
}

template <carrier T>
std::uint64_t choose_scales(std::span<const T> x, const scheme& s, const scheme_layout& layout,
                            const quantize_options& options, const group_maxima& maxima, scale_planes& scales) {
    return s.element.as_float() != nullptr ? choose_scales_by<projector>(x, s, layout, options, maxima, scales)
                                           : choose_scales_by<any_projector>(x, s, layout, options, maxima, scales);
}

}  // namespace halfulp::detail
