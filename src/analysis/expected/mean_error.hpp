// Ternary and binary elements whose scales are means of magnitudes.
//
// Large groups: the mean of magnitudes is γ = E|X|, so elements are independent. Elements are rounded under a divisor d
// (recipes add 1e-5 or clamp) and have the scale c again: with the integrals of t = round(x / d),
//     E(c t - x)² = E x² - 2c E[t x] + c² E t²,    E[t x] = (d² E t² + E x² - E(d t - x)²) / (2d).
// Finite groups of n binary elements, t = sign(x), c = mean|x|: the mean of (|x| - c)² in a group is mean x² - c², and
// E c² = (E|X|)² + Var|X| / n. Nothing like it holds for ternary elements.
#pragma once

#include "halfulp/analysis/expected_error.hpp"
#include "sample_integral.hpp"

namespace halfulp::detail {

/// Throws std::invalid_argument for finite groups of ternary elements, and of binary ones in other modes than nearest
/// or with scale formats of fewer than 20 significant bits.
expected_error mean_error(const scheme& s, const density& of, const expected_options& options);
expected_error mean_error(const scheme& s, const sample_points& of, const expected_options& options);

/// E[|X|; |X| > t] and P(|X| > t) for t >= 0; all of X for t = 0.
struct magnitude_sums {
    double mean;
    double probability;
};
magnitude_sums magnitudes_above(const density& of, double t);
magnitude_sums magnitudes_above(const sample_points& of, double t);

}  // namespace halfulp::detail
