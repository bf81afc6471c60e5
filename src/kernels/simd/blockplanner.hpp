// Which block kernels quantize with a scheme, and with which constants.
#pragma once

#include <optional>

#include "block_plan.hpp"
#include "halfulp/blocks/scheme.hpp"
#include "halfulp/kernels/quantize.hpp"
#include "integerplanner.hpp"
#include "planner.hpp"

namespace halfulp::simd {

/// Elements under one level of power-of-two scales, read from the bits of the largest magnitude.
struct power_choice {
    power_plan plan;
    grid_engine engine;
    detail::direction direction;
};
std::optional<power_choice> plan_power(const scheme& s, const quantize_options& options, bool codes);

/// The same for integers and fixed point.
struct integer_power_choice {
    integer_power_plan plan;
    grid_engine engine;
    detail::direction direction;
};
std::optional<integer_power_choice> plan_integer_power(const scheme& s, const quantize_options& options, bool codes);

/// Elements under any scales, in binary64 lanes. What overflows comes out as ±infinity, or as the code `saturated` beside the sign.
struct quotient_choice {
    conversion_plan<double> element;
    double largest;
    std::optional<quotient_plan> at_once;  ///< round_quotients does it
};
inline constexpr std::uint64_t saturated_code = std::uint64_t{1} << 62;
/// `exact_sides`: quotients64 makes the quotients.
std::optional<quotient_choice> plan_quotients(const scheme& s, const quantize_options& options, bool codes,
                                              bool exact_sides);

/// The same for integers and fixed point. Codes are cut to `integer_code_bits`, those of elements that saturated have `saturated_code`.
struct integer_quotient_choice {
    integer_conversion_plan<double> element;
    double lowest;  ///< member
    double highest;
    std::optional<integer_quotient_plan> at_once;
};
inline constexpr int integer_code_bits = 48;
std::optional<integer_quotient_choice> plan_integer_quotients(const scheme& s, const quantize_options& options,
                                                              bool codes, bool exact_sides);

/// Scales found as (largest magnitude) ÷ reach, in binary64 lanes: values, and codes.
struct scale_choice {
    conversion_plan<double> value;
    conversion_plan<double> code;
    double reach;  ///< the product of the largest finite members inside
};
std::optional<scale_choice> plan_scales(const scheme& s, std::size_t level, const quantize_options& options,
                                        bool exact_sides);

}  // namespace halfulp::simd
