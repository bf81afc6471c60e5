// Codes of 4 bits, two to a byte.
#pragma once

#include "vectors.hpp"

namespace halfulp::simd {

template <class A>
void pack4(const std::uint8_t* codes, std::uint8_t* packed, std::size_t size) {
    std::size_t i = 0;
    // In 16-bit lanes: the low byte is the first code, the high byte the second, to be moved down by 4.
    if constexpr (is_avx512<A>) {
        const __m512i weights = _mm512_set1_epi16(0x1001);  // 1 for the first code of a pair, 16 for the second
        for (; i + 128 <= size; i += 128) {
            const __m512i a = _mm512_maddubs_epi16(_mm512_loadu_si512(codes + i), weights);
            const __m512i b = _mm512_maddubs_epi16(_mm512_loadu_si512(codes + i + 64), weights);
            const __m512i both =
                _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), _mm512_packus_epi16(a, b));
            _mm512_storeu_si512(packed + i / 2, both);
        }
    } else if constexpr (is_avx2<A>) {
        const __m256i weights = _mm256_set1_epi16(0x1001);
        for (; i + 64 <= size; i += 64) {
            const __m256i a =
                _mm256_maddubs_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + i)), weights);
            const __m256i b =
                _mm256_maddubs_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + i + 32)), weights);
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(packed + i / 2),
                                _mm256_permute4x64_epi64(_mm256_packus_epi16(a, b), 0xD8));
        }
    }
    for (; i + 2 <= size; i += 2) packed[i / 2] = static_cast<std::uint8_t>(codes[i] | codes[i + 1] << 4);
}

}  // namespace halfulp::simd
