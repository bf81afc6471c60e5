#include "integerplanner.hpp"

#include <algorithm>
#include <cmath>

#include "halfulp/codecs/fixed_codec.hpp"
#include "planner.hpp"

namespace halfulp::simd {

float_format grid_of(const fixed_format& format) noexcept {
    const int mantissa_bits = std::max(format.width - 1, 1);
    float_format grid;
    grid.bias = 1 - (mantissa_bits - format.fraction_bits);
    grid.exponent_bits = 1;
    grid.mantissa_bits = static_cast<std::uint8_t>(mantissa_bits);
    grid.specials = specials::finite;
    return grid;
}

template <class Lane>
std::optional<integer_conversion_plan<Lane>> plan_integers(const fixed_format& format, const projection& how,
                                                           bool codes, bool random_is_given) {
    using bits = typename lane_types<Lane>::bits;
    const bool saturates = how.overflow == overflow_policy::native || how.overflow == overflow_policy::sat_finite ||
                           how.overflow == overflow_policy::sat_propagate || how.overflow == overflow_policy::sat_none;
    // Without a sign: the definition has more to say on negative numbers then.
    const bool odd = !format.is_signed && (how.magnitude_if_unsigned || how.overflow == overflow_policy::sat_none);
    if (!saturates || odd || format.width > lane_types<Lane>::mantissa_bits - 1) return std::nullopt;
    const projection plain{.rounding = how.rounding,
                           .overflow = overflow_policy::sat_finite,
                           .nan = nan_policy::to_max,
                           .random_bits = how.random_bits};
    const float_format grid = grid_of(format);
    const auto on_grid = plan_conversion<Lane>(grid, plain, true, random_is_given);
    if (!on_grid || on_grid->aligned || on_grid->exponents) return std::nullopt;
    integer_conversion_plan<Lane> out{on_grid->stochastic, false, on_grid->engine, on_grid->direction, {}};
    integer_plan<Lane>& p = out.plan;
    p.grid = on_grid->on_grid;
    p.adder = p.grid.low_adder;
    p.highest = static_cast<bits>(format.largest());
    p.lowest = bits{0} - static_cast<bits>(format.largest_negative());
    p.uncounted = format.is_signed ? lane_types<Lane>::sign : 0;
    p.quantum = std::ldexp(Lane{1}, -int{format.fraction_bits});
    const projected nan = fixed_projector(format, how).nan_result(false);
    if (codes) {
        p.nan = static_cast<bits>(nan.significand);
    } else if (how.nan == nan_policy::keep) {
        p.nan = static_cast<bits>(carrier_traits<Lane>::format.nan_code());
    } else {
        p.nan = static_cast<bits>(to_code(nan, carrier_grid<Lane>));
    }
    p.report_nan = how.nan == nan_policy::raise;
    p.code_mask = ~bits{0};
    out.may_report = p.report_nan;
    return out;
}

template std::optional<integer_conversion_plan<float>> plan_integers<float>(const fixed_format&, const projection&,
                                                                            bool, bool);
template std::optional<integer_conversion_plan<double>> plan_integers<double>(const fixed_format&, const projection&,
                                                                              bool, bool);

}  // namespace halfulp::simd
