// What the vector kernels for integers and fixed point are told. Plain data, as in plan.hpp.
//
// A number k × 2^-F of W bits lies on a grid of one quantum, q = 2^-F. With c = q × 2^mantissa_bits the lane's sum m + c, for magnitudes
// m < c, has q for its last bit (grid_kernel.hpp), so its bits less those of c are |k|. Two's complement and the two ends come last.
#pragma once

#include "block_plan.hpp"

namespace halfulp::simd {

/// Saturating conversions. Infinities are beyond the ends like other numbers.
template <class Lane>
struct integer_plan {
    using bits = typename lane_types<Lane>::bits;
    grid_plan<Lane> grid;  ///< of the float format with the same quantum, one binade and more than W bits
    bits adder;  ///< bits of c
    bits lowest;  ///< the least and the greatest k, two's complement
    bits highest;
    bits
        uncounted;  ///< below this k nothing counts as saturated: the lane's least integer, or 0 for formats without a sign
    Lane quantum;
    bits nan;  ///< the result for a NaN: bits of a lane, or a code
    bool report_nan;  ///< a NaN leaves the block to the definition
    bits code_mask;  ///< codes: what of two's complement is stored
    /// Results beyond the ends become these instead of the ends (schemes count them).
    bool marks_overflow;
    by_sign<bits> overflow;
};

template <class Lane, class Out>
using integer_kernel = flags (*)(const Lane* x, Out* out, std::size_t size, const random_words& words,
                                 const integer_plan<Lane>& plan, bool stream);

/// By grid_engine; null where the lane has none.
template <class Lane, class Out>
struct integer_converters {
    integer_kernel<Lane, Out> by_engine[7];
};

/// Elements under one power-of-two scale 2^k for each group: the grid moved by k binades.
struct integer_power_plan {
    scale_exponents scales;
    integer_plan<float> grid;  ///< for k = 0
};

/// Elements under any scales, to nearest even, as quotient_kernel.hpp does it for floats.
struct integer_quotient_plan {
    double adder;  ///< 1.5 × 2^52 quanta: signed numbers plus this have the quantum for their last bit
    double lowest;
    double highest;
    double uncounted;  ///< below this member nothing counts as saturated
    // The same in binary32 lanes, where most elements are decided.
    bool has_short;
    float short_adder;  ///< 1.5 × 2^23 quanta
    float short_half;  ///< half a quantum
    float short_lowest;
    float short_highest;
    std::uint32_t code_mask;
};

template <class Out>
using integer_groups_kernel = std::uint64_t (*)(const float* x, Out* out, std::size_t groups, std::size_t length,
                                                const std::uint32_t* words, const integer_power_plan& plan,
                                                std::uint8_t* scale_codes, std::uint8_t* rare, bool stream);
template <class Out>
using integer_lanes_kernel = std::uint64_t (*)(const float* x, Out* out, std::size_t size, const std::uint32_t* words,
                                               const integer_power_plan& plan, const std::int32_t* k, bool stream);
/// Element i ÷ scale[i / run] (run 0: scale[i]), times the scale again or as a code. Returns how many saturated.
template <class Out>
using integer_quotients_kernel = std::uint64_t (*)(const float* x, Out* out, std::size_t size, const double* scale,
                                                   const double* reciprocal, std::size_t run, const short_scales* brief,
                                                   const integer_quotient_plan& plan, bool stream);

struct integer_kernels {
    integer_converters<float, float> round32;
    integer_converters<float, std::uint8_t> encode32_8;
    integer_converters<float, std::uint16_t> encode32_16;
    integer_converters<float, std::uint32_t> encode32_32;
    integer_converters<double, double> round64;
    integer_converters<double, std::uint64_t> encode64;
    integer_groups_kernel<float> round_groups[4];  ///< by grid_engine: direct, direct_signed, general, stochastic_a
    integer_groups_kernel<std::uint8_t> encode_groups[4];
    integer_lanes_kernel<float> round_lanes[4];
    integer_lanes_kernel<std::uint8_t> encode_lanes[4];
    integer_quotients_kernel<float> round_quotients;
    integer_quotients_kernel<std::uint8_t> encode_quotients;
};

extern const integer_kernels integers_sse2;
extern const integer_kernels integers_avx2;
extern const integer_kernels integers_avx512;

/// The kernels of the active backend, null for `scalar`.
const integer_kernels* active_integers();

}  // namespace halfulp::simd
