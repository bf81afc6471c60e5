// Codes of 4 bits, two to a byte, to binary32 by a table of 16 values in registers. No code is ever stored by itself: a vector of
// bytes gives the even elements, and moved by 4 the odd ones, because the lookup sees the low 4 bits of a lane alone.
#pragma once

#include <utility>

#include "table_decode_kernel.hpp"

namespace halfulp::simd {

/// a[0], b[0], a[1], b[1] and so on.
template <class A>
HALFULP_INLINE std::pair<xsimd::batch<float, A>, xsimd::batch<float, A>> alternating(const xsimd::batch<float, A>& a,
                                                                                     const xsimd::batch<float, A>& b) {
    using vf = xsimd::batch<float, A>;
    if constexpr (is_avx512<A>) {
        const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        const __m512i high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        return {vf(_mm512_permutex2var_ps(a, low, b)), vf(_mm512_permutex2var_ps(a, high, b))};
    } else {
        return {xsimd::zip_lo(a, b), xsimd::zip_hi(a, b)};
    }
}

/// values[code i] × scale[i / run], rounded to nearest even. The first code lies in a low half, and run is a multiple of 32 unless all
/// elements have one scale.
template <class A>
void decode_pairs(const std::uint8_t* packed, float* out, std::size_t size, const float* values, const float* scale,
                  std::size_t run, bool stream) {
    using vf = xsimd::batch<float, A>;
    constexpr std::size_t lanes = vf::size;
    constexpr std::size_t step = 2 * lanes;
    const few_lookup<A> lookup(values);
    for (std::size_t first = 0, g = 0; first < size; first += run, ++g) {
        const std::size_t end = run < size - first ? first + run : size;
        const vf factor(scale[g]);
        std::size_t i = first;
        for (; i + step <= end; i += step) {
            const auto codes = load_bytes<A>(packed + i / 2);
            const auto [low, high] = alternating<A>(lookup(codes) * factor, lookup(codes >> 4) * factor);
            put(out + i, low, stream);
            put(out + i + lanes, high, stream);
        }
        for (; i < end; ++i) out[i] = values[i % 2 == 0 ? packed[i / 2] & 0x0F : packed[i / 2] >> 4] * scale[g];
    }
}

}  // namespace halfulp::simd
