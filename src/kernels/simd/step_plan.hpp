// What the kernels for tables and for step functions are told. Plain data, as in plan.hpp.
//
// A deterministic mode takes finite numbers to a format by a step function: thresholds u in ascending order, and position p is the
// number of thresholds below x. A threshold is the last binary32 number that still belongs to the position below it.
#pragma once

#include "plan.hpp"

namespace halfulp::simd {

/// How many units of the last place an approximate quotient may be away from a threshold: above 3, and one more as thresholds are rounded
/// down.
inline constexpr std::uint32_t doubt = 4;
inline constexpr std::size_t few = 16;  ///< positions that permutations of one register find

/// Values of codes of at most 8 bits.
struct table_plan {
    std::size_t size;  ///< how many codes there are
    float values[256];
    std::uint8_t planes[4][256];  ///< the values' bytes, the lowest first
};

/// What operands that are not finite become.
template <class Out>
struct special_results {
    Out infinity;
    Out negative_infinity;
    Out nan;
};

/// Thresholds of few positions as real numbers, to be moved by a scale S: x/S is above `boundary`, or equal to it where a tie goes up.
struct few_boundaries {
    // A tie that goes up: flip is the sign's mask and step one unit of the last place downward, else both are zero.
    double boundary[few];  ///< +infinity where there is none
    std::uint64_t flip[few];
    std::uint64_t step[few];
};

/// Where a linear function of the quotient finds the position but for one comparison: round(slope × q) + 16 is one of 32 buckets. In
/// each lies at most one threshold, also where q is off by 2^-19 of itself. Only for |q| up to `reach`.
struct few_line {
    float slope;
    double reach;
    std::uint32_t threshold[2 * few];  ///< the bucket's one, or the last, which is +infinity
    std::uint32_t position[2 * few];  ///< below that threshold
};

/// Many positions, by the leading 16 bits of a magnitude: at most one threshold lies in each of these buckets. entries[bucket] =
/// code above << 24 | code below << 16 | the low half of the last magnitude below. No threshold lies in the first and the last one.
struct bucket_plan {
    const std::uint32_t* entries;  ///< of positive numbers from bucket lowest >> 16 on, then of negative ones
    std::uint32_t lowest;  ///< magnitudes below this count as this
    std::uint32_t highest;  ///< and those above this as this
    std::uint32_t negative;  ///< how many entries before those of negative numbers
    std::uint32_t zero;  ///< the code of zero
    bool edges;  ///< some threshold lies within `doubt` of an end of its bucket
};

struct step_kernels {
    /// out[i] = values[codes[i]], times scale[i / run] where scale is not null, rounded to nearest even; nonzero where a code is not below
    /// the table's size, which is at most `decodes`.
    flags (*decode_table)(const std::uint8_t* codes, float* out, std::size_t size, const table_plan& plan,
                          const float* scale, std::size_t run, bool stream);
    std::size_t decodes;
    /// Thresholds of groups under their scales, 16 for each; and the first two alone. The rounding direction is downward.
    void (*scale_boundaries)(const few_boundaries& plan, const double* scale, std::size_t groups, float* thresholds);
    void (*scale_limits)(const few_boundaries& plan, const double* scale, std::size_t groups, float* limits);
    /// values[j] × scale, rounded to nearest even, 16 for each group.
    void (*scale_values)(const double* values, const double* scale, std::size_t groups, float* scaled);
    /// `length` neighbours in each group, all finite. `keyed`: the zeros differ.
    /// `line`, where not null: a faster way with reciprocal[g], near 1/S of the group (only where takes_lines).
    void (*few_codes)(const float* x, std::uint8_t* codes, std::size_t groups, std::size_t length,
                      const float* thresholds, const std::uint8_t* table, bool keyed, const few_line* line,
                      const float* reciprocal);
    void (*few_values)(const float* x, float* out, std::size_t groups, std::size_t length, const float* thresholds,
                       const float* values, bool keyed, bool stream, const few_line* line, const float* reciprocal);
    bool takes_lines;
    /// How many of x are not above `low`, or above `high`.
    std::uint64_t (*count_outside)(const float* x, std::size_t size, float low, float high);
    /// Finite x.
    void (*many_codes)(const float* x, std::uint8_t* codes, std::size_t size, const bucket_plan& plan);
    /// Finite x times reciprocal[i / length]: see bucket_kernel.hpp. Puts in `doubtful` the indices of those that the error may take to
    /// another code, and returns how many there are. exact[g]: the products of group g have no error.
    std::size_t (*many_quotients)(const float* x, std::uint8_t* codes, std::size_t groups, std::size_t length,
                                  const float* reciprocal, const std::uint8_t* exact, const bucket_plan& plan,
                                  std::uint32_t* doubtful);
};

}  // namespace halfulp::simd
