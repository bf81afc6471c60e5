// Clustered adapters of 1 to 4 bits (Jie, Wang, Deng: "Revisiting the parameter efficiency of adapters from the
// perspective of precision redundancy", arXiv 2307.16867): weights standardized, then the nearest of a few centroids of
// the standard normal distribution.
#pragma once

#include <cstdint>
#include <span>

#include "halfulp/codecs/carrier.hpp"
#include "halfulp/kernels/value_runs.hpp"

namespace halfulp {

enum class centroid_kind : std::uint8_t {
    median,  ///< a centroid is the median of its cell: the least absolute error (the paper's)
    mean,  ///< a centroid is the mean of its cell: the least squared error (Lloyd-Max)
};

/// The 2^bits centroids, ascending and symmetric: the fixed point at which cells end midway between centroids, rounded
/// to binary32. Throws std::invalid_argument unless bits is 1 to 4.
std::span<const float> normal_centroids(centroid_kind kind, int bits);

/// Codes: how many boundaries lie below w. In each run, every number rounded to nearest even: mean = the exact mean to
/// binary32; d = w - mean in binary64; deviation = √(Σ d² / (n - 1)) with d² in binary64, their sum exact, quotient and
/// root in binary64, the result to binary32 (0 for n = 1). A boundary is mean + m (deviation + epsilon), m the exact
/// midpoint of two centroids, each of the three operations in binary64; on it the lower code. Throws
/// std::invalid_argument for sizes, bits outside 1 to 4, an epsilon that is negative or not finite, and numbers that
/// are not finite or whose magnitude is 2^500 or more.
template <carrier T>
void cluster_encode(std::span<const T> w, const value_runs& runs, int bits, centroid_kind kind, double epsilon,
                    std::span<std::uint8_t> codes, std::span<float> means, std::span<float> deviations);

/// centroid × deviation + mean, exact and rounded once to T. Throws std::invalid_argument for sizes, codes above 2^bits
/// - 1, and means and deviations that are not finite.
template <carrier T>
void cluster_decode(std::span<const std::uint8_t> codes, const value_runs& runs, int bits, centroid_kind kind,
                    std::span<const float> means, std::span<const float> deviations, std::span<T> out);

}  // namespace halfulp
