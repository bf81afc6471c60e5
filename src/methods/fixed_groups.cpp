#include "fixed_groups.hpp"

#include "kernels/mean_recipes.hpp"

namespace halfulp::detail {
namespace {

constexpr projection elements{.overflow = overflow_policy::sat_finite, .nan = nan_policy::to_max};

element_kind kind_of(const scheme& s) {
    if (s.zero_point) return element_kind::affine;
    if (s.scale_recipe == recipe::bitsandbytes) return element_kind::bitsandbytes;
    return scales_are_means(s) ? element_kind::mean : element_kind::quotient;
}

/// The bits of the largest binary64 number that is no larger than |sum| ÷ n.
std::uint64_t rounded_down(const exact_sum& sum, std::uint64_t n) {
    const extended x = sum.quotient(n);
    if (x.significand == 0) return 0;
    const projector down(binary64_format,
                         {.rounding = rounding_mode::toward_zero, .overflow = overflow_policy::sat_finite});
    return to_code(down.finite(false, x.significand, x.exponent, x.sticky, 0), down.grid);
}

/// What the recipes of means keep of a group. An element is the outer member where |x| ÷ divisor is above one half (a
/// tie goes to zero, the even one); twn: where |x| is above its threshold.
void keep_mean(const scheme& s, const scheme_layout& layout, std::span<const double> x, std::uint64_t g,
               fixed_group& group) {
    const piece at = layout.group_at(g);
    exact_sum sum;
    for (std::uint64_t j = 0; j < at.count; ++j) sum.add_magnitude(x[at.first + j * at.stride]);
    const std::uint64_t n = std::max<std::uint64_t>(at.count, 1);
    switch (s.scale_recipe) {
        case recipe::twn: group.above = rounded_down(sum.times(7), 10 * n); return;
        case recipe::bitnet: group.reciprocal = 1.0f / std::max(to_binary32(sum.quotient(n)), 1e-5f); return;
        case recipe::clamp: {
            exact_sum one;
            one.add(false, n, 0);
            if (sum.times(inverse_epsilon).minus(one).negative()) {  // the mean is below 1e-5
                exact_sum epsilon;
                epsilon.add(false, 1, 0);
                group.above = rounded_down(epsilon, 2 * std::uint64_t{inverse_epsilon});
            } else {
                group.above = rounded_down(sum, 2 * n);
            }
            return;
        }
        default: {
            exact_sum divisor = sum.times(inverse_epsilon);
            divisor.add(false, n, 0);
            group.above = rounded_down(divisor, 2 * n * inverse_epsilon);
        }
    }
}

}  // namespace

element_rule::element_rule(const scheme& s)
    : scheme_(s),
      kind_(kind_of(s)),
      binary_(shape_for_recipes(s) == recipe_shape::binary),
      no_negative_zero_(s.scale_recipe == recipe::llama_cpp),
      is_float_(s.element.as_float() != nullptr),
      grid_(is_float_ ? *s.element.as_float() : float_format{}),
      encoder_(make_encoder(s)),
      any_(s.element, elements) {
    if (kind_ == element_kind::bitsandbytes) table_.emplace(s.element);
}

element_rule::encoders element_rule::make_encoder(const scheme& s) {
    projection how = elements;
    if (s.scale_recipe == recipe::llama_cpp) how.rounding = rounding_mode::nearest_ties_to_zero;
    if (s.zero_point) {
        constexpr fixed_format wide{48, 0, true, false};  // any quotient of interest, and what saturates
        return scaled_encoder<double, any_projector>(format(wide), how, true);
    }
    if (const float_format* is = s.element.as_float()) return scaled_encoder<double>(*is, how, !s.levels.empty());
    return scaled_encoder<double, any_projector>(s.element, how, !s.levels.empty());
}

std::vector<fixed_group> fix_groups(const element_rule& rule, const scheme& s, const scheme_layout& layout,
                                    std::span<const double> x, const scale_planes& planes,
                                    const std::optional<binary32_recipe>& steps) {
    if (s.levels.empty()) {
        fixed_group all;
        all.quick = rule.divides_quickly(all.scale);
        return {all};
    }
    std::vector<fixed_group> groups(layout.counts()[0]);
    const float_environment environment;
    const std::uint64_t full = s.levels[0].group.is_tensor() ? x.size() : s.levels[0].group.length;
    for (std::uint64_t g = 0; g < groups.size(); ++g) {
        fixed_group& group = groups[g];
        group.scale = combine_scales(s, layout, planes, g);
        group.quick = rule.divides_quickly(group.scale);
        const bool usable = !group.scale.is_nan && !group.scale.is_zero;
        if (steps && group.scale.count != 0) group.block = to_binary32(group.scale.factors[0]);
        if (rule.kind() == element_kind::affine) {
            group.zero = static_cast<std::int64_t>(planes[s.levels.size()][g]);
            if (s.scale_recipe == recipe::torch_ao && usable)
                group.reciprocal = 1.0f / decode<float>(planes[0][g], s.levels[0].format);
        } else if (rule.kind() == element_kind::bitsandbytes) {
            group.block = from_bits<float>(static_cast<std::uint32_t>(planes[0][g]));
            group.short_block = layout.group_at(g).count != full;
        } else if (rule.kind() == element_kind::mean && !rule.is_binary()) {
            keep_mean(s, layout, x, g, group);
        }
    }
    return groups;
}

}  // namespace halfulp::detail
