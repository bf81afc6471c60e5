// The kernels of the complex code {±1, ±i} for binary32 parts, one table an architecture. Plain data only (see plan.hpp).
#pragma once

#include <cstddef>
#include <cstdint>

namespace halfulp::simd {

/// Elements that one call of `summed` may have: with magnitudes of at most phase_window binades its sums are exact.
inline constexpr std::size_t phase_block = 8192;
inline constexpr std::uint32_t phase_window = 16;

/// What a block of elements has come to.
struct phase_sums {
    double re;  ///< of |re| over elements coded ±1
    double im;  ///< of |im| over elements coded ±i
    std::uint64_t imaginary;  ///< how many are coded ±i
    std::uint32_t
        largest;  ///< bits of the largest |re| or |im| of all elements: above all finite ones where a part is special
    std::uint32_t least;  ///< bits of the least magnitude above zero among those summed; all ones where all are zero
};

/// x: size pairs of parts. Without NaN the codes are those of encode_phase().
struct phase_kernels {
    /// Returns the bits of the largest magnitude.
    std::uint32_t (*encode)(const float* x, std::uint8_t* codes, std::size_t size);
    phase_sums (*summed)(const float* x, std::uint8_t* codes, std::size_t size);
};

extern const phase_kernels phase_sse2;
extern const phase_kernels phase_avx2;
extern const phase_kernels phase_avx512;

/// Null for `scalar`.
const phase_kernels* active_phase();

}  // namespace halfulp::simd
