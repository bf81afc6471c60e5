// Affine integers: the scale is (low + high) / M and the zero point round(low / scale), with low = -min(x, 0) and high
// = max(x, 0) of a group.
//
// With P(l, h) = P(-l <= X <= h) and F(l, h) the integral of the error over [-l, h] under the scale and the zero of (l,
// h),
//     E[error] = ∬ ∂²/∂l∂h [P^(n-1) F] dl dh   at constant scale and zero,
// and the same with one derivative where no element is negative, or none positive. The zero point is constant on wedges
// of l / (l + h).
#pragma once

#include "element_integral.hpp"
#include "halfulp/analysis/expected_error.hpp"

namespace halfulp::detail {

/// `group`: elements that share a scale. Scale formats with 7 to 12 significant bits: the rounding of scales is
/// averaged over (two points), which is right to 4^-precision. `extra`: 0 for a rough look, whose squared error alone
/// counts, else as many points as the result needs. Throws std::invalid_argument for integers of more than 10 bits.
error_tally affine_tally(const scheme& s, const density& of, const gap_rule& rule, double group, std::size_t extra);

}  // namespace halfulp::detail
