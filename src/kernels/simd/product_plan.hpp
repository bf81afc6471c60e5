// The kernels of matrix products with every sum rounded, in binary32 lanes, one table an architecture. Plain data only (see plan.hpp).
//
// A panel is `width` columns of b, one row after the other; a kernel computes the outputs of some rows of a against a panel:
// s <- R(s + R(a b)), or fused s <- R(s + a b), k after k. Factors are such that a b is exact in binary32.
#pragma once

#include <cstddef>
#include <cstdint>

namespace halfulp::simd {

/// How a sum in binary32 becomes a member of the format.
enum class product_engine : std::uint8_t {
    grid,  ///< by adding and subtracting a power of two, in the environment's direction
    exponents,  ///< the format's exponents are binary32's own: by integers
    half,  ///< binary16 by its own instructions, in the environment's direction
};

struct product_plan {
    product_engine engine;
    bool fused;  ///< products are not rounded
    bool odd;  ///< sums are rounded to odd first (nearest even only)
    bool keeps_sign;  ///< zeros take the sign of what was rounded; needed where the direction is toward zero
    bool finite;  ///< all factors and addends are
    bool
        replaces;  ///< what is beyond the largest member is replaced; otherwise the kernel reports the largest magnitude that it saw

    // grid: the magnitude's exponent, at least `lowest`, plus `adder` are the bits of 1.5 × 2^23 quanta.
    std::uint32_t lowest;
    std::uint32_t adder;

    // exponents: bits to drop; nearest even adds half a quantum less one and the parity, others a constant by sign.
    std::uint32_t dropped;
    bool nearest;
    std::uint32_t add_positive;
    std::uint32_t add_negative;

    // Overflow: a finite number beyond the largest member, by its sign; an infinite one. NaN stays.
    float largest;
    float over_positive;
    float over_negative;
    float infinite_positive;
    float infinite_negative;
};

/// One call: rows × inner factors a (a_stride apart), a panel of inner × width, sums of rows × width (stride width) in place. Returns the
/// largest magnitude of a rounded number, infinity where one was infinite; undefined where plan.replaces.
using product_kernel = float (*)(const float* a, std::size_t a_stride, const float* panel, float* sums,
                                 std::size_t rows, std::size_t inner, const product_plan& plan);

/// The same with stochastic_a and numbers in binary64 lanes, toward zero: no bit that a mode looks at is lost.
struct stochastic_product_plan {
    bool fused;  ///< products are not rounded
    double least_normal;  ///< 2^emin: below it the quantum stays
    double largest;
    bool
        replaces;  ///< what is beyond the largest member is replaced; otherwise the kernel reports the largest magnitude
    double over_positive;
    double over_negative;
    int word_shift;  ///< from the random word's place to that of the dropped bits
    std::uint64_t kept;  ///< sign, exponent and the format's mantissa bits
    std::uint32_t random_mask;  ///< the top N bits of a word
    std::uint64_t seed;
    std::uint32_t stream;
};

/// One row of a against a panel (inner × stride): `count` sums in place, whose first element has this index; count is at most
/// `stochastic_width` less the index modulo 4, and block numbers of the words agree in their high halves. Returns the largest magnitude.
using stochastic_product_kernel = double (*)(const float* a, std::size_t inner, const float* panel, std::size_t stride,
                                             double* sums, std::size_t count, std::uint64_t index,
                                             const stochastic_product_plan& plan);

struct product_kernels {
    std::size_t width;
    std::size_t stochastic_width;
    product_kernel grid;
    product_kernel exponents;
    product_kernel half;  ///< null where there is no such instruction
    stochastic_product_kernel stochastic;
};

extern const product_kernels products_sse2;
extern const product_kernels products_avx2;
extern const product_kernels products_avx512;

/// Null for `scalar`.
const product_kernels* active_products();

}  // namespace halfulp::simd
