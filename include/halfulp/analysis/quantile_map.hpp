// Quantile maps: levels that data reach equally often.
#pragma once

#include <span>
#include <vector>

namespace halfulp {

/// The levels of bitsandbytes' create_quantile_map (removed there in 2025), with exact quantiles in place of its estimates: the 2^bits - 1
/// quantiles of x at probabilities (i + 1/2) / (2^bits - 1), and 0, over the largest magnitude among them, each rounded to
/// binary32, ascending. What occurs twice is kept once, so there may be fewer than 2^bits.
/// A quantile at p of n values in ascending order lies at place (n - 1) p and is interpolated linearly between its neighbours (the
/// default of NumPy and torch), in binary64. make_codebook turns the levels into a format.
/// Throws std::invalid_argument unless 2 <= bits <= 16, for numbers that are not finite or whose magnitude is 2^960 or more, and where all
/// quantiles are 0. T is float or double.
template <class T>
std::vector<double> quantile_map(std::span<const T> x, int bits);

}  // namespace halfulp
