// The kernel of matrix units that align, truncate and add (the contract's section 8, inside = aligned), one table an architecture. Plain data only.
//
// Numbers come as a significand and an exponent: x = significand × 2^exponent, the exponent floor(log2 |x|) but at least that of the smallest normal number
// of its format, the significand in [0, 2) with x's sign. Zeros have the exponent `no_exponent`.
#pragma once

#include <cstddef>
#include <cstdint>

namespace halfulp::simd {

/// Small enough that nothing takes part with it, large enough that two of them can be added.
inline constexpr std::int32_t no_exponent = -100000;

struct matrix_unit_plan {
    std::uint32_t group;  ///< terms in a step
    std::uint32_t chunk;  ///< terms whose cut values an int32 adds without overflow
    std::int32_t fraction_bits;
    std::int32_t lowest_exponent;
    std::int32_t sum_emin;  ///< smallest normal exponent of the running sum's format
    std::int32_t zero_addend_exponent;  ///< of a running sum of zero, or no_exponent
    /// The running sum's format: kept = the bits of binary32 that it has, toward zero; or binary16, to nearest even.
    bool half;
    bool negative_zeros;  ///< a sum of zeros is -0 where all of them are negative, else +0
    std::uint32_t kept;
};

/// One row of factors (inner significands and exponents) against a panel of inner × width of each: running sums (width of them) in place, which are
/// finite. Returns the largest magnitude of a running sum: infinity where one overflowed.
using matrix_unit_kernel = float (*)(const float* a, const std::int32_t* a_exponents, const float* panel,
                                     const std::int32_t* panel_exponents, float* sums, std::size_t inner,
                                     const matrix_unit_plan& plan);

struct matrix_unit_kernels {
    std::size_t width;
    matrix_unit_kernel run;
};

extern const matrix_unit_kernels matrix_units_sse2;
extern const matrix_unit_kernels matrix_units_avx2;
extern const matrix_unit_kernels matrix_units_avx512;

/// Null for `scalar`.
const matrix_unit_kernels* active_matrix_units();

}  // namespace halfulp::simd
