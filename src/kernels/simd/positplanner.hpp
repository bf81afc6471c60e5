// Which vector kernel does a conversion to posits, and with which constants.
#pragma once

#include <optional>

#include "../float_environment.hpp"
#include "halfulp/formats/posit_format.hpp"
#include "halfulp/rounding/projection.hpp"
#include "posit_plan.hpp"

namespace halfulp::simd {

struct posit_conversion_plan {
    static constexpr bool stochastic = false;
    static constexpr bool may_report = false;
    detail::direction direction;
    posit_plan plan;
};

/// As plan_conversion(), from binary32. Nothing but for posits of at most 24 bits whose members' exponents are those of normal numbers, and
/// for nearest_ties_to_even and the directed modes.
std::optional<posit_conversion_plan> plan_posits(const posit_format& format, const projection& how, bool codes);

/// Nothing where the format is none of these.
std::optional<posit_decode_plan> plan_posit_decoding(const posit_format& format);

}  // namespace halfulp::simd
