// What the vector kernels for posits are told. Plain data, as in plan.hpp.
//
// With L(x) the bits of a positive binary32 number less those of 1 (a logarithm to base 2 that is linear between powers of two, in units
// of 2^-23), a posit of ES exponent bits and N bits has the magnitude code c where
//     L(c) = L(2^(N-2)) + L(x) / 2^ES for x <= 1, and 2^(N-1) - c is the magnitude code of the number with -L(x):
// a run of n zeros makes c a number of N - 2 - n bits after its leading one, which are the string's exponent and fraction; the run of ones
// for -L(x) is the other's two's complement. So the conversion of binary32 numbers to integers rounds at the bit string's own place.
#pragma once

#include "plan.hpp"

namespace halfulp::simd {

struct posit_plan {
    int exponent_bits;
    std::uint32_t lowest;  ///< bits of minpos, a normal number
    std::uint32_t highest;  ///< bits of maxpos
    std::uint32_t middle;  ///< bits of 2^(N-2), the code of 1
    std::uint32_t last;  ///< magnitudes above this one become NaR
    std::uint32_t not_a_real;  ///< the result for these: bits of a lane, or a code
    std::uint32_t sign;  ///< of a code
    std::uint32_t code_mask;
    bool by_magnitude;  ///< the environment's direction is meant for magnitudes
};

struct posit_decode_plan {
    int exponent_bits;
    int up;  ///< 32 - N
    std::uint32_t code_mask;
};

template <class Lane, class Out>
using posit_kernel = flags (*)(const Lane* x, Out* out, std::size_t size, const posit_plan& plan, bool stream);
/// Nonzero where a code is wider than the format.
template <class C>
using posit_decode_kernel = flags (*)(const C* codes, float* out, std::size_t size, const posit_decode_plan& plan,
                                      bool stream);

struct posit_kernels {
    posit_kernel<float, float> round32;
    posit_kernel<float, std::uint8_t> encode32_8;
    posit_kernel<float, std::uint16_t> encode32_16;
    posit_kernel<float, std::uint32_t> encode32_32;
    posit_decode_kernel<std::uint8_t> decode8;  ///< null where a table in the first-level cache is faster
    posit_decode_kernel<std::uint16_t> decode16;
    posit_decode_kernel<std::uint32_t> decode32;
    posit_kernel<double, double> round64;  ///< null, as the next one: binary64 numbers are the definition's
    posit_kernel<double, std::uint64_t> encode64;
};

}  // namespace halfulp::simd
