// Which vector kernel does a conversion to integers or fixed point, and with which constants.
#pragma once

#include <optional>

#include "../float_environment.hpp"
#include "halfulp/formats/fixed_format.hpp"
#include "halfulp/rounding/projection.hpp"
#include "integer_plan.hpp"

namespace halfulp::simd {

template <class Lane>
struct integer_conversion_plan {
    bool stochastic;
    bool may_report;  ///< the kernel may leave a block to the definition
    grid_engine engine;
    detail::direction direction;
    integer_plan<Lane> plan;
};

/// As plan_conversion(). Nothing but for the policies that saturate. Codes are two's complement numbers as wide as the array's.
template <class Lane>
std::optional<integer_conversion_plan<Lane>> plan_integers(const fixed_format& format, const projection& how,
                                                           bool codes, bool random_is_given);

/// The float format whose exponent 2^k is for power-of-two scales what the integers' is: one sign, one binade, all quanta equal, as
/// many of them as any |k| of the format and the next numbers beyond have.
float_format grid_of(const fixed_format& format) noexcept;

}  // namespace halfulp::simd
