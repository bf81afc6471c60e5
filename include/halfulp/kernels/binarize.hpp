// Binary weights with scales: residual binarization of any order (order 1 is XNOR-Net, arXiv 1603.05279; orders beyond
// it HORQ, arXiv 1708.08687), and binarization about the mean (BiPFT, arXiv 2312.08937). Code 0 is -1, code 1 is +1; a
// zero of either sign is +1.
#pragma once

#include <cstdint>
#include <span>

#include "halfulp/codecs/carrier.hpp"
#include "halfulp/kernels/value_runs.hpp"

namespace halfulp {

inline constexpr int max_binary_order = 16;

/// w ≈ Σ a_k b_k over `order` planes, in each run: r_0 = w; a_k = the mean of |r_k|, exact and rounded once to
/// binary32, saturating; b_k the sign of r_k; r_(k+1) = r_k - a_k b_k, rounded once to binary64. Plane k of the codes
/// is codes[k × size ...], of the scales scales[k × runs ...]. With the exact mean a_k is the best scale there is, and
/// the sum of squares falls by n a_k². Throws std::invalid_argument for sizes, an order outside 1 to 16, and numbers
/// that are not finite.
template <carrier T>
void residual_binarize(std::span<const T> w, const value_runs& runs, int order, std::span<std::uint8_t> codes,
                       std::span<float> scales);

/// Σ a_k b_k, exact and rounded once to T. Throws std::invalid_argument for sizes, an order outside 1 to 16, codes
/// above 1, and scales that are not finite.
template <carrier T>
void residual_values(std::span<const std::uint8_t> codes, const value_runs& runs, int order,
                     std::span<const float> scales, std::span<T> out);

/// Codes 1 where w >= the mean of all of w, exact; scales are the means of |w| (not of |w - mean|) over each run, exact
/// and rounded once to binary32. Returns the mean, rounded once to binary32. Errors as above; an empty w is one.
template <carrier T>
float binarize_about_mean(std::span<const T> w, const value_runs& runs, std::span<std::uint8_t> codes,
                          std::span<float> scales);

}  // namespace halfulp
