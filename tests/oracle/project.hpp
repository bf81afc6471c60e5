// The projection of section 2 of the contract: an exact number to a member of a format.
#pragma once

#include "format.hpp"
#include "projection.hpp"
#include "rounding.hpp"

namespace oracle {

/// `round` may leave the format (exponent unbounded above, a NaN kept); `encode` must name a code.
enum class purpose : std::uint8_t { encode, round };

/// A result: a rung with a sign, infinity, or NaN. Under `unbounded` the rung may lie beyond the largest.
struct outcome {
    number::kind what = number::kind::finite;
    bool negative = false;
    rung index = 0;
    friend bool operator==(const outcome&, const outcome&) = default;
};

/// A number together with its place among a format's members, so that many projections of it cost little.
struct placed {
    const format* target;
    number x;
    gap where;                      // of a finite x that is not zero
    bool below_normal = false;      // 0 < |x| < the smallest normal member
    format::unbounded_gap tiny{};   // filled where below_normal
};
placed place(const number& x, const format& target);

/// The overflow policy that `native` stands for (section 2.3).
overflow_policy native_policy(const halfulp::float_format& data);

outcome project(const placed& p, const projection& how, std::uint32_t random, purpose aim);

/// The code of an outcome of `encode`, and the number that an outcome stands for.
std::uint64_t code_of(const outcome& result, const format& target);
number value_of(const outcome& result, const format& target);

/// All at once.
outcome project(const number& x, const format& target, const projection& how, std::uint32_t random, purpose aim);

}  // namespace oracle
