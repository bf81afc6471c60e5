// Levels and scales with the least expected error for a density.
#pragma once

#include <vector>

#include "halfulp/analysis/distribution.hpp"
#include "halfulp/analysis/lloyd_max.hpp"
#include "halfulp/formats/format.hpp"

namespace halfulp {

/// Lloyd-Max levels for any density: each the mean of what is nearest to it. By Newton's method from Panter and Dite's
/// levels, with Lloyd's iteration where a Newton step would not lower the error. Unique, so the best there are, where
/// of.is_log_concave() (Fleischer 1964); else a local optimum. Throws std::invalid_argument unless 2 <= levels <=
/// 65536, and std::runtime_error where it does not converge.
optimal_levels lloyd_max(const density& of, int levels);

/// A scale and what is left of a standard variable under it.
struct best_scale_result {
    double scale;
    double squared_error;
};

/// The equally spaced grid mean - a, ..., mean + a of `levels` numbers that leaves the least squared error: `scale` is
/// a. Throws std::invalid_argument unless 2 <= levels <= 65536.
best_scale_result best_uniform_grid(const density& of, int levels);

/// The number s that makes rounding x / s to nearest in the format, times s, leave the least squared error. The error
/// has many local minima where a format has many binades: the best of a scan with 64 places an octave, refined until
/// the derivative vanishes. Throws std::invalid_argument for formats with more than 65,536 members.
best_scale_result best_scale(const format& f, const density& of);

}  // namespace halfulp
