// Trained ternary quantization (TTQ, arXiv 1612.01064): a threshold relative to the largest magnitude, and two scales.
#pragma once

#include <cstdint>
#include <span>

#include "halfulp/codecs/carrier.hpp"
#include "halfulp/kernels/value_runs.hpp"

namespace halfulp {

/// numerator / denominator, as it stands: 1/20 and not the binary64 number next to it.
struct ratio {
    std::uint64_t numerator = 1;
    std::uint64_t denominator = 20;
};

/// Codes value + 1 of w in each run: 2 where w > D, 0 where w < -D, else 1, with D = threshold × largest magnitude,
/// exact. The scales are the best in the least-squares sense, the means of |w| over each of the two sides, exact and
/// rounded once to binary32, saturating; 0 for an empty side. Throws std::invalid_argument for sizes, a threshold
/// outside 0 to 1, and numbers that are not finite.
template <carrier T>
void encode_trained_ternary(std::span<const T> w, const value_runs& runs, const ratio& threshold,
                            std::span<std::uint8_t> codes, std::span<float> negative, std::span<float> positive);

/// -negative, 0 or +positive of each code's run, rounded to nearest even where T is narrower than binary32. Throws
/// std::invalid_argument for sizes and codes above 2.
template <carrier T>
void decode_trained_ternary(std::span<const std::uint8_t> codes, const value_runs& runs,
                            std::span<const float> negative, std::span<const float> positive, std::span<T> out);

}  // namespace halfulp
