// The member after a number, upward or downward (nextUp and nextDown, IEEE 754-2019, 5.3.1), in any format.
#pragma once

#include "halfulp/arithmetic/operand.hpp"

namespace halfulp {

/// The least member above x (`up`), or the greatest one below it; x may be any number. Where there is none: ±∞ where the format has it, else the
/// last member on that side, in an unsigned format downward the smallest one. ∞ upward stays as the format takes it; NaN follows `nan`.
///
/// Projecting x plus less than any distance between members, toward that side, is the definition at work; but a posit's projection never gives zero.
inline projected next_member(const operand& x, const format& f, bool up, nan_policy nan) {
    projection how;
    how.rounding = up ? rounding_mode::toward_positive : rounding_mode::toward_negative;
    how.overflow = f.has_infinity() ? overflow_policy::sat_none : overflow_policy::sat_finite;
    how.nan = nan;
    const any_projector outward_to(f, how);
    if (x.is_nan()) return outward_to.nan_result(x.negative);
    how.overflow = overflow_policy::sat_finite;
    const any_projector inward_to(f, how);
    // No member lies below an unsigned format's smallest one, which then stays.
    const any_projector& target = !f.is_signed() && !up ? inward_to : outward_to;
    if (x.is_infinite()) return (x.negative != up ? target : inward_to).infinity(x.negative);
    if (x.is_zero()) {
        constexpr std::int32_t below_everything = -(std::int32_t{1} << 22);
        return target.finite(!up, std::uint64_t{1}, below_everything, false, 0);
    }
    const bool outward = x.negative != up;
    if (const posit_format* posit = f.as_posit(); posit != nullptr && !outward) {
        // From minpos, and from any number nearer to zero.
        if (detail::compare_magnitudes(x.significand, x.exponent, false, std::uint64_t{1}, -posit->max_exponent()) <= 0)
            return target.zero(false);
    }
    // |x| with 127 bits; a little more away from zero, or one last bit less and almost that one again.
    const int shift = 127 - bit_length(x.significand);
    const uint128 wide = uint128{x.significand} << shift;
    return target.finite(x.negative, outward ? wide : wide - 1, x.exponent - shift, true, 0);
}

}  // namespace halfulp
