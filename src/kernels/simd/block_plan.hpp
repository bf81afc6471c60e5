// What the block kernels are told. Plain data, as in plan.hpp.
#pragma once

#include "plan.hpp"

namespace halfulp::simd {

/// Scales 2^k out of largest magnitudes: k = (exponent field of the largest magnitude) - field_at_zero, held between lowest_k and highest_k.
struct scale_exponents {
    std::int32_t field_at_zero;
    std::int32_t lowest_k;
    std::int32_t highest_k;
    std::uint32_t raise;  ///< added to a largest magnitude's bits before its exponent is taken
    // A largest magnitude outside [least, most] is left to the definition, but for zero, whose scale code is 0.
    std::uint32_t least;
    std::uint32_t most;
};

/// Elements under one power-of-two scale 2^k for each group, k read from the bits of the group's largest magnitude: the grid of the
/// element format, moved by k binades. Constants are those for k = 0; moving adds k to an exponent field.
struct power_plan {
    scale_exponents scales;
    grid_plan<float> grid;  ///< for k = 0, with the largest member as the only thing beyond which nothing lies
};

/// Groups of `length` neighbours, one after the other. scale_codes and rare: one for each group, scale_codes may be null. A group
/// that is left to the definition has rare[g] = 1 and is not written. Returns how many elements saturated.
template <class Out>
using power_groups_kernel = std::uint64_t (*)(const float* x, Out* out, std::size_t groups, std::size_t length,
                                              const std::uint32_t* words, const power_plan& plan,
                                              std::uint8_t* scale_codes, std::uint8_t* rare, bool stream);

/// One row of neighbours, each in a group of its own with scale 2^k[i].
template <class Out>
using power_lanes_kernel = std::uint64_t (*)(const float* x, Out* out, std::size_t size, const std::uint32_t* words,
                                             const power_plan& plan, const std::int32_t* k, bool stream);

/// What round_quotients needs of a grid plan of binary64 lanes.
struct quotient_plan {
    std::uint64_t low_adder;
    std::uint64_t adder_offset;
    double largest;
    bool signed_zero;
    // The same in binary32 lanes, where most elements are decided.
    bool has_short;
    std::uint32_t short_low_adder;
    std::uint32_t short_adder_offset;
    float short_largest;
};

/// Scales for binary32 lanes: RN(1 / scale), and the scale as high + low, exactly.
struct short_scales {
    const float* reciprocal;
    const float* high;
    const float* low;
};

/// What the elements of a run are multiplied by before a Hadamard transform (null: nothing), and after it.
struct hadamard_factors {
    const float* before;
    const float* after;
};

/// Bits of the magnitudes up to which an element is the middle member.
struct sign_limits {
    std::int32_t positive;
    std::int32_t negative;
};

struct block_kernels {
    power_groups_kernel<float> round_groups[4];  ///< by grid_engine: direct, direct_signed, general, stochastic_a
    power_groups_kernel<std::uint8_t> encode_groups[4];
    power_lanes_kernel<float> round_lanes[4];
    power_lanes_kernel<std::uint8_t> encode_lanes[4];
    /// k and the scale code of each group; false where one of them is left to the definition.
    bool (*choose_power_scales)(const std::uint32_t* largest, std::size_t size, const scale_exponents& plan,
                                std::int32_t* k, std::uint8_t* codes);
    /// The bits of the largest magnitude of each group of `length` neighbours. NaN and infinity are the largest.
    void (*largest_of_groups)(const float* x, std::size_t groups, std::size_t length, std::uint32_t* largest);
    /// largest[i] = max(largest[i], magnitude bits of x[i])
    void (*raise_largest)(const float* x, std::size_t size, std::uint32_t* largest);
    /// x[i] × reciprocal[i / run] (run 0: reciprocal[i]), rounded to 48 bits; see quotient_kernel.hpp.
    void (*quotients)(const float* x, double* q, std::size_t size, const double* reciprocal, std::size_t run);
    /// The same for binary64 numbers: x[i] ÷ scale[i / run] on the right side of every number of at most 48 bits. Nonzero flags, and
    /// nothing vouched for, where an x is neither zero nor within 2^-600 and 2^600. Null where there is no fused multiply-add.
    flags (*quotients64)(const double* x, double* q, std::size_t size, const double* scale, const double* reciprocal,
                         std::size_t run);
    void (*largest_of_groups64)(const double* x, std::size_t groups, std::size_t length, std::uint64_t* largest);
    void (*raise_largest64)(const double* x, std::size_t size, std::uint64_t* largest);
    /// y[i] × scale[i / run] (run 0: scale[i]) as binary32, nearest-even. ±∞ in y stands for an element that saturated: ±largest is
    /// taken instead, and counted.
    std::uint64_t (*products)(const double* y, float* out, std::size_t size, const double* scale, std::size_t run,
                              double largest);
    /// The same, not rounded.
    std::uint64_t (*exact_products)(const double* y, double* out, std::size_t size, const double* scale,
                                    std::size_t run, double largest);
    /// quotients, nearest-even on a simple format's grid, and products, at once.
    std::uint64_t (*round_quotients)(const float* x, float* out, std::size_t size, const double* scale,
                                     const double* reciprocal, std::size_t run, const short_scales* brief,
                                     const quotient_plan& plan, bool stream);
    /// Fills reciprocal32, high and low, in whole vectors: all five arrays have room for one more. False where a scale above
    /// zero does not suit binary32 lanes. Null where there is no fused multiply-add.
    bool (*shorten_scales)(const double* scale, const double* reciprocal, std::size_t size, float* reciprocal32,
                           float* high, float* low);
    void (*invert_scales)(const std::uint32_t* largest, double* scale, double* reciprocal, std::uint8_t* rare,
                          double outer, std::size_t size);
    /// Codes of 4 bits, two to a byte, the first in the low half. size is even.
    void (*pack4)(const std::uint8_t* codes, std::uint8_t* packed, std::size_t size);
    /// See pair_decode_kernel.hpp. Null where tables do not stay in registers.
    void (*decode_pairs)(const std::uint8_t* packed, float* out, std::size_t size, const float* values,
                         const float* scale, std::size_t run, bool stream);
    /// See sign_kernel.hpp.
    bool (*sum_of_magnitudes)(const float* x, std::size_t size, std::uint32_t from, double* sum, std::uint64_t* count);
    void (*codes_by_sign)(const float* x, std::uint8_t* out, std::size_t size, sign_limits limits,
                          const std::uint8_t* members);
    void (*values_by_sign)(const float* x, float* out, std::size_t size, sign_limits limits, const float* members,
                           bool stream);
    /// See hadamard_kernel.hpp.
    bool (*hadamard_runs)(const float* from, float* to, std::size_t runs, std::size_t length,
                          const hadamard_factors& factors);
};

}  // namespace halfulp::simd
