#include <algorithm>
#include <cmath>
#include <limits>

#include "blockplanner.hpp"
#include "halfulp/codecs/codec.hpp"

namespace halfulp::simd {
namespace {

constexpr int kept_bits = 46;  // of quotient_kernel.hpp's proof: no decision is closer than 2^-46

std::uint32_t power_of_two(int exponent) { return static_cast<std::uint32_t>(exponent + 127) << 23; }

int precision_of_scales(const scheme& s, std::size_t from) {
    int bits = 0;
    for (std::size_t level = from; level < s.levels.size(); ++level) bits += s.levels[level].format.precision();
    return bits;
}

/// Members and scales far from binary64's ends, so that no product or quotient of them leaves the normal range.
bool is_moderate(const float_format& f) { return f.emin() - f.mantissa_bits > -200 && f.emax() < 200; }

double largest_of(const format& f) {
    const dyadic largest = f.scale_target();
    return std::ldexp(static_cast<double>(largest.significand), largest.exponent);
}

projection element_projection(const quantize_options& options) {
    return {.rounding = options.rounding,
            .overflow = overflow_policy::sat_finite,
            .nan = nan_policy::to_max,  // groups with a NaN are left to the definition
            .ftz = options.ftz,
            .random_bits = static_cast<std::uint8_t>(options.random_bits)};
}

/// The bits that a recipe adds to a largest magnitude before it takes the exponent: a significand whose fraction is at least `from` then
/// counts one binade higher.
std::uint32_t raise_from(std::uint64_t fraction_of_2_52) {
    const std::uint64_t from =
        (fraction_of_2_52 + (std::uint64_t{1} << 29) - 1) >> 29;  // the least of 23 bits that is no less
    return (std::uint32_t{1} << 23) - static_cast<std::uint32_t>(from);
}

/// False where the recipe has no constant of this kind: then scales are found by the definition.
bool raise_exponents(scale_exponents& p, const scheme& s) {
    const dyadic largest = s.element.largest_magnitude();
    const int bits = bit_length(largest.significand);
    const float_format* is = s.element.as_float();
    const int m = is != nullptr ? is->mantissa_bits : bits - 1;
    switch (s.scale_recipe) {
        case recipe::standard: p.raise = 0; return true;
        case recipe::ceil: p.raise = (std::uint32_t{1} << 23) - 1; return true;
        case recipe::even: p.raise = m > 22 ? 0 : std::uint32_t{1} << (22 - m); return m <= 22;
        case recipe::rceil: {  // above the largest element's significand
            if (bits > 23) return false;
            const std::uint64_t fraction = (largest.significand << (53 - bits)) - (std::uint64_t{1} << 52);
            p.raise = raise_from(fraction + 1);
            return true;
        }
        default: return false;
    }
}

/// Does every scale follow from its group's largest magnitude alone?
bool follows_largest(const scheme& s) noexcept { return s.search == scale_search::none && s.percentile == 0; }

/// Exponents for elements of which the largest one has the exponent `top` and the smallest quantum is 2^quantum; c is never above
/// 2^(23 - below) of a largest magnitude's power of two. False where the kernels have none.
bool fill_exponents(scale_exponents& p, const scheme& s, const quantize_options& options, int top, int quantum,
                    int below) {
    if (s.levels.size() != 1 || options.scale_rounding || options.ftz != ftz_policy::none || !follows_largest(s))
        return false;
    const float_format& scale = s.levels[0].format;
    if (!is_power_of_two_scale(scale) || scale.bits() > 8) return false;
    p.field_at_zero = 127 + top;
    if (!raise_exponents(p, s)) return false;
    p.lowest_k = scale.emin();
    p.highest_k = scale.emax();
    // Half a quantum, and for stochastic modes 2^32 / quantum, are normal numbers from this k on.
    const int first_k = (is_stochastic(options.rounding) ? -95 : -125) - quantum;
    p.least = power_of_two(std::max(p.lowest_k >= first_k ? -126 : first_k + top, -126));
    // c of the largest magnitude is finite up to here.
    const int last = std::min(103 + below, 126);
    p.most = power_of_two(last + 1) - 1;
    // Every scale is in reach: groups above `least` may still get the largest scale, which can lie below first_k.
    return p.highest_k >= first_k && first_k + top <= last && quantum + p.lowest_k + 23 <= 126 &&
           top + 1 + p.lowest_k <= 126;
}

/// Can quotients by the scheme's scales be decided in binary64, for elements of `precision` bits?
bool decides(const scheme& s, const quantize_options& options, int precision, bool exact_sides) {
    if (is_binary32(s.scale_recipe)) return false;
    bool powers = true;
    for (const scale_level& level : s.levels) {
        if (!is_moderate(level.format)) return false;
        powers = powers && level.format.mantissa_bits == 0;
    }
    // Quotients by powers of two are exact: then random bits may decide too.
    if (is_stochastic(options.rounding) && !powers) return false;
    if (precision + 1 > kept_bits || precision_of_scales(s, 0) > 53) return false;
    return exact_sides || precision + 1 + precision_of_scales(s, 0) <= kept_bits;
}

bool random_is_given(const quantize_options& options) { return options.random.from == randomness::kind::given; }

}  // namespace

std::optional<power_choice> plan_power(const scheme& s, const quantize_options& options, bool codes) {
    if (s.element.as_float() == nullptr) return std::nullopt;
    const float_format& f = *s.element.as_float();
    if (!f.is_signed || f.low() != low_binade::subnormals || f.mantissa_bits < 1 || f.mantissa_bits > 21)
        return std::nullopt;
    if (codes && f.bits() > 8) return std::nullopt;
    power_choice choice{};
    if (!fill_exponents(choice.plan.scales, s, options, f.emax(), f.emin() - f.mantissa_bits, f.mantissa_bits))
        return std::nullopt;
    // Constants for k = 0 come from the grid's own planner.
    const auto at_zero = plan_conversion<float>(f, element_projection(options), codes, random_is_given(options));
    if (!at_zero || at_zero->aligned) return std::nullopt;
    choice.engine = at_zero->engine;
    choice.direction = at_zero->direction;
    choice.plan.grid = at_zero->on_grid;
    return choice;
}

std::optional<integer_power_choice> plan_integer_power(const scheme& s, const quantize_options& options, bool codes) {
    if (s.element.as_fixed() == nullptr) return std::nullopt;
    const fixed_format& f = *s.element.as_fixed();
    if (codes && f.width > 8) return std::nullopt;
    const dyadic largest = s.element.largest_magnitude();
    const int digits = bit_length(largest.significand);
    integer_power_choice choice{};
    // c goes with the scale, which a recipe may raise by a binade.
    if (!fill_exponents(choice.plan.scales, s, options, largest.exponent + digits - 1, largest.exponent, digits - 2))
        return std::nullopt;
    const auto at_zero = plan_integers<float>(f, element_projection(options), codes, random_is_given(options));
    if (!at_zero) return std::nullopt;
    choice.engine = at_zero->engine;
    choice.direction = at_zero->direction;
    choice.plan.grid = at_zero->plan;
    choice.plan.grid.code_mask = 0xFF;
    return choice;
}

std::optional<quotient_choice> plan_quotients(const scheme& s, const quantize_options& options, bool codes,
                                              bool exact_sides) {
    if (s.element.as_float() == nullptr) return std::nullopt;
    const float_format& f = *s.element.as_float();
    if (!is_moderate(f) || !decides(s, options, f.precision(), exact_sides)) return std::nullopt;
    auto plan = plan_conversion<double>(f, element_projection(options), codes, random_is_given(options));
    if (!plan || plan->aligned) return std::nullopt;
    outcome<double>& out = plan->on_grid.out;
    if (s.scale_recipe == recipe::llama_cpp) {
        out.signed_zero = false;
        plan->on_grid.exact_zero.negative = plan->on_grid.exact_zero.positive;
    }
    if (codes) {
        const std::uint64_t positive = f.max_magnitude() | saturated_code;
        out.overflow = {positive, positive | f.sign_mask()};
    } else {
        out.overflow = {0x7FF0000000000000u, 0xFFF0000000000000u};
    }
    // A negative number in an unsigned format goes to the smallest member, which is no saturation at the top.
    quotient_choice choice{*plan, largest_of(f), std::nullopt};
    if (!codes && plan->engine == grid_engine::direct && options.rounding == rounding_mode::nearest_ties_to_even) {
        quotient_plan at_once{};
        at_once.low_adder = plan->on_grid.low_adder;
        at_once.adder_offset = plan->on_grid.adder_offset;
        at_once.largest = choice.largest;
        at_once.signed_zero = out.signed_zero;
        const auto in_floats = plan_conversion<float>(f, element_projection(options), false, false);
        // Quotients far from binary32's ends; scales of at most 48 bits, of which `low` has so few that products with it are exact.
        at_once.has_short = in_floats && !in_floats->aligned && in_floats->engine == grid_engine::direct &&
                            f.emin() - f.mantissa_bits >= -60 && f.emax() <= 60 &&
                            precision_of_scales(s, 0) <= 48 - f.precision();
        if (at_once.has_short) {
            at_once.short_low_adder = in_floats->on_grid.low_adder;
            at_once.short_adder_offset = in_floats->on_grid.adder_offset;
            at_once.short_largest = static_cast<float>(choice.largest);
        }
        choice.at_once = at_once;
    }
    return choice;
}

std::optional<integer_quotient_choice> plan_integer_quotients(const scheme& s, const quantize_options& options,
                                                              bool codes, bool exact_sides) {
    if (s.element.as_fixed() == nullptr) return std::nullopt;
    const fixed_format& f = *s.element.as_fixed();
    if (f.fraction_bits > 60 || !decides(s, options, f.width, exact_sides)) return std::nullopt;
    const auto plan = plan_integers<double>(f, element_projection(options), codes, random_is_given(options));
    if (!plan) return std::nullopt;
    const double quantum = plan->plan.quantum;
    integer_quotient_choice choice{*plan, 0 - static_cast<double>(f.largest_negative()) * quantum,
                                   static_cast<double>(f.largest()) * quantum, std::nullopt};
    integer_plan<double>& p = choice.element.plan;
    p.marks_overflow = true;
    if (codes) {
        p.code_mask = low_ones(integer_code_bits);
        p.overflow = {p.highest | saturated_code, f.is_signed ? (p.lowest & p.code_mask) | saturated_code : 0};
    } else {
        p.overflow = {0x7FF0000000000000u, f.is_signed ? 0xFFF0000000000000u : 0};
    }
    if (exact_sides || options.rounding != rounding_mode::nearest_ties_to_even || f.width > (codes ? 8 : 16))
        return choice;
    integer_quotient_plan at_once{};
    at_once.adder = 0x1.8p52 * quantum;
    at_once.lowest = choice.lowest;
    at_once.highest = choice.highest;
    at_once.uncounted = f.is_signed ? -std::numeric_limits<double>::infinity() : 0;
    // Scales of at most 48 bits, of which `low` has so few that products with it are exact.
    at_once.has_short = precision_of_scales(s, 0) <= 48 - f.width;
    at_once.short_adder = static_cast<float>(0x1.8p23 * quantum);
    at_once.short_half = static_cast<float>(quantum / 2);
    at_once.short_lowest = static_cast<float>(choice.lowest);
    at_once.short_highest = static_cast<float>(choice.highest);
    at_once.code_mask = 0xFF;
    choice.at_once = at_once;
    return choice;
}

std::optional<scale_choice> plan_scales(const scheme& s, std::size_t level, const quantize_options& options,
                                        bool exact_sides) {
    const float_format& f = s.levels[level].format;
    const rounding_mode mode = options.scale_rounding.value_or(rounding_mode::nearest_ties_to_even);
    if ((is_power_of_two_scale(f) && !options.scale_rounding) || is_stochastic(mode)) return std::nullopt;
    if (s.scale_recipe != recipe::standard || !follows_largest(s)) return std::nullopt;
    const dyadic top = s.element.scale_target();
    const bool moderate_element = bit_length(top.significand) <= 53 && top.exponent > -200 && top.exponent < 140;
    if (!moderate_element) return std::nullopt;
    double reach = largest_of(s.element);
    int bits = bit_length(top.significand);
    for (std::size_t inner = 0; inner < level; ++inner) {
        reach *= largest_of(s.levels[inner].format);
        bits += s.levels[inner].format.precision();
    }
    bits += precision_of_scales(s, level + 1);  // of the divisor
    if (!is_moderate(f) || bits > 53 || f.precision() + 1 > kept_bits) return std::nullopt;
    if (!exact_sides && bits + f.precision() + 1 > kept_bits) return std::nullopt;
    const projection how{.rounding = mode, .overflow = overflow_policy::sat_finite};
    const auto value = plan_conversion<double>(f, how, false, false);
    const auto code = plan_conversion<double>(f, how, true, false);
    if (!value || !code) return std::nullopt;
    return scale_choice{*value, *code, reach};
}

}  // namespace halfulp::simd
