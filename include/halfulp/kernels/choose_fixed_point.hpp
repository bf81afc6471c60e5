// AdaPT's choice of word and fraction length (arXiv 2107.13490, PushDown): the shortest fixed-point word that leaves
// the histogram of the data as it is.
#pragma once

#include <cstdint>
#include <span>

#include "halfulp/codecs/carrier.hpp"
#include "halfulp/kernels/randomness.hpp"
#include "halfulp/rounding/projection.hpp"

namespace halfulp {

struct fixed_point_search {
    int bins = 100;  ///< of the histogram, 1 to 2048
    double threshold = 0.0;  ///< the largest divergence that counts as no loss
    int max_word_length = 32;  ///< 1 to 53
    int min_fraction_length = 0;  ///< 0 to max_word_length - 1
    int buffer_bits = 0;  ///< added to the word length in the end, up to max_word_length
    projection how{};  ///< rounding alone counts
    random_source source{};  ///< of stochastic roundings; each trial sees the same words
};

struct fixed_point_choice {
    int word_length = 0;  ///< the sign bit counts
    int fraction_length = 0;
    double divergence = 0.0;  ///< beyond the threshold where no word was good enough
};

/// P and Q are the histograms of x and of x rounded to the format, in equal bins over [min x, max x], ends included,
/// compared exactly; a constant c takes [c - 1, c + 1]. What rounding brings outside counts in the end bins. The loss
/// is the divergence Σ p ln(p / q) in binary64, infinite where q = 0 < p; equal histograms have 0 exactly. First the
/// least fraction length whose loss, in a word of 64 bits, is within the threshold; then the least word length for
/// which saturation leaves it so. Lengths are tried upward one by one, for the loss is not monotone. Where none is good
/// enough: max_word_length with the fraction length of the least loss. Throws std::invalid_argument for an empty x,
/// options out of range, numbers that are not finite or whose magnitude is 2^960 or more.
template <carrier T>
fixed_point_choice choose_fixed_point(std::span<const T> x, const fixed_point_search& search = {});

}  // namespace halfulp
