// The largest magnitude of a group, as bits: they grow with the magnitude, and NaN and infinity are the largest.
#pragma once

#include "vectors.hpp"

namespace halfulp::simd {

template <class A>
HALFULP_INLINE std::uint32_t largest_lane(const xsimd::batch<std::uint32_t, A>& v) {
    if constexpr (is_avx512<A>) {
        return _mm512_reduce_max_epu32(v);
    } else {
        alignas(64) std::uint32_t lanes[xsimd::batch<std::uint32_t, A>::size];
        v.store_aligned(lanes);
        std::uint32_t most = lanes[0];
        for (const std::uint32_t lane : lanes) most = lane > most ? lane : most;
        return most;
    }
}

// In each 128-bit quarter: a0 b0 a1 b1, a2 b2 a3 b3; and the same of pairs.
template <class A>
HALFULP_INLINE xsimd::batch<std::uint32_t, A> low_of_both(const xsimd::batch<std::uint32_t, A>& a,
                                                          const xsimd::batch<std::uint32_t, A>& b) {
    using vu = xsimd::batch<std::uint32_t, A>;
    if constexpr (is_avx512<A>) {
        return vu(_mm512_unpacklo_epi32(a, b));
    } else if constexpr (is_avx2<A>) {
        return vu(_mm256_unpacklo_epi32(a, b));
    } else {
        return vu(_mm_unpacklo_epi32(a, b));
    }
}
template <class A>
HALFULP_INLINE xsimd::batch<std::uint32_t, A> high_of_both(const xsimd::batch<std::uint32_t, A>& a,
                                                           const xsimd::batch<std::uint32_t, A>& b) {
    using vu = xsimd::batch<std::uint32_t, A>;
    if constexpr (is_avx512<A>) {
        return vu(_mm512_unpackhi_epi32(a, b));
    } else if constexpr (is_avx2<A>) {
        return vu(_mm256_unpackhi_epi32(a, b));
    } else {
        return vu(_mm_unpackhi_epi32(a, b));
    }
}

/// The largest lanes of four vectors, A B C D, in every quarter of one vector.
template <class A>
HALFULP_INLINE xsimd::batch<std::uint32_t, A> largest_of_four(const xsimd::batch<std::uint32_t, A> (&v)[4]) {
    using vu = xsimd::batch<std::uint32_t, A>;
    const vu ab = higher<std::uint32_t, A>(low_of_both<A>(v[0], v[1]), high_of_both<A>(v[0], v[1]));  // A B A B
    const vu cd = higher<std::uint32_t, A>(low_of_both<A>(v[2], v[3]), high_of_both<A>(v[2], v[3]));
    if constexpr (is_avx512<A>) {
        const vu four = higher<std::uint32_t, A>(vu(_mm512_unpacklo_epi64(ab, cd)), vu(_mm512_unpackhi_epi64(ab, cd)));
        const vu half = higher<std::uint32_t, A>(four, vu(_mm512_shuffle_i32x4(four, four, 0x4E)));
        return higher<std::uint32_t, A>(half, vu(_mm512_shuffle_i32x4(half, half, 0xB1)));
    } else if constexpr (is_avx2<A>) {
        const vu four = higher<std::uint32_t, A>(vu(_mm256_unpacklo_epi64(ab, cd)), vu(_mm256_unpackhi_epi64(ab, cd)));
        return higher<std::uint32_t, A>(four, vu(_mm256_permute2x128_si256(four, four, 1)));
    } else {
        return higher<std::uint32_t, A>(vu(_mm_unpacklo_epi64(ab, cd)), vu(_mm_unpackhi_epi64(ab, cd)));
    }
}

/// Lane Index of every quarter, throughout that quarter.
template <int Index, class A>
HALFULP_INLINE xsimd::batch<std::uint32_t, A> spread_in_quarters(const xsimd::batch<std::uint32_t, A>& v) {
    using vu = xsimd::batch<std::uint32_t, A>;
    if constexpr (is_avx512<A>) {
        return vu(_mm512_shuffle_epi32(v, static_cast<_MM_PERM_ENUM>(Index * 0x55)));
    } else if constexpr (is_avx2<A>) {
        return vu(_mm256_shuffle_epi32(v, Index * 0x55));
    } else {
        return vu(_mm_shuffle_epi32(v, Index * 0x55));
    }
}

/// The four numbers of the first quarter.
template <class A>
HALFULP_INLINE void store_quarter(std::uint32_t* to, const xsimd::batch<std::uint32_t, A>& v) {
    if constexpr (is_avx512<A>) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_castsi512_si128(v));
    } else if constexpr (is_avx2<A>) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(v));
    } else {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), v);
    }
}

/// The lanes' largest magnitudes of four groups of `length` neighbours, a multiple of the vector.
template <class A>
HALFULP_INLINE xsimd::batch<std::uint32_t, A> largest_of_four_groups(const float* x, std::size_t length) {
    using vu = xsimd::batch<std::uint32_t, A>;
    constexpr std::size_t lanes = vu::size;
    const vu mask = all<std::uint32_t, A>(0x7FFFFFFFu);
    vu most[4];
    for (std::size_t g = 0; g < 4; ++g)
        most[g] = as_bits<float, A>(xsimd::batch<float, A>::load_unaligned(x + g * length)) & mask;
    for (std::size_t i = lanes; i < length; i += lanes) {
        for (std::size_t g = 0; g < 4; ++g) {
            const vu m = as_bits<float, A>(xsimd::batch<float, A>::load_unaligned(x + g * length + i)) & mask;
            most[g] = higher<std::uint32_t, A>(most[g], m);
        }
    }
    return largest_of_four<A>(most);
}

template <class A>
HALFULP_INLINE std::uint32_t largest_magnitude(const float* x, std::size_t size) {
    using vu = xsimd::batch<std::uint32_t, A>;
    constexpr std::size_t lanes = vu::size;
    const vu mask = all<std::uint32_t, A>(0x7FFFFFFFu);
    vu most = all<std::uint32_t, A>(0);
    vu most2 = most;
    std::size_t i = 0;
    for (; i + 2 * lanes <= size; i += 2 * lanes) {
        most = higher<std::uint32_t, A>(most, as_bits<float, A>(xsimd::batch<float, A>::load_unaligned(x + i)) & mask);
        most2 = higher<std::uint32_t, A>(
            most2, as_bits<float, A>(xsimd::batch<float, A>::load_unaligned(x + i + lanes)) & mask);
    }
    std::uint32_t top = largest_lane<A>(higher<std::uint32_t, A>(most, most2));
    for (; i < size; ++i) {
        const std::uint32_t m = __builtin_bit_cast(std::uint32_t, x[i]) & 0x7FFFFFFFu;
        top = m > top ? m : top;
    }
    return top;
}

/// The caller comes back for the next few thousand elements: they may be on their way meanwhile. An address beyond the array is harmless.
template <class Lane>
HALFULP_INLINE void prefetch_next_chunk(const Lane* x) {
    constexpr std::uintptr_t ahead = 2048 * sizeof(Lane);
    __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(x) + ahead));
}

/// The same for `Count` elements, `Chunks` chunks ahead: so that memory works while this chunk's elements are rounded.
template <std::size_t Count, std::size_t Chunks, class Lane>
HALFULP_INLINE void prefetch_later_chunk(const Lane* x) {
    constexpr std::uintptr_t ahead = Chunks * 2048 * sizeof(Lane);
    constexpr std::size_t line = 64 / sizeof(Lane);
    for (std::size_t k = 0; k < Count; k += line)
        __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(x + k) + ahead));
}

template <class A>
void largest_of_groups(const float* x, std::size_t groups, std::size_t length, std::uint32_t* largest) {
    std::size_t g = 0;
    if (length % xsimd::batch<std::uint32_t, A>::size == 0) {
        for (; g + 4 <= groups; g += 4) {
            for (std::size_t i = 0; i < 4 * length; i += 16) prefetch_next_chunk(x + g * length + i);
            store_quarter<A>(largest + g, largest_of_four_groups<A>(x + g * length, length));
        }
    }
    for (; g < groups; ++g) largest[g] = largest_magnitude<A>(x + g * length, length);
}

template <class A>
void raise_largest(const float* x, std::size_t size, std::uint32_t* largest) {
    using vu = xsimd::batch<std::uint32_t, A>;
    constexpr std::size_t lanes = vu::size;
    const vu mask = all<std::uint32_t, A>(0x7FFFFFFFu);
    std::size_t i = 0;
    for (; i + lanes <= size; i += lanes) {
        const vu m = as_bits<float, A>(xsimd::batch<float, A>::load_unaligned(x + i)) & mask;
        higher<std::uint32_t, A>(vu::load_unaligned(largest + i), m).store_unaligned(largest + i);
    }
    for (; i < size; ++i) {
        const std::uint32_t m = __builtin_bit_cast(std::uint32_t, x[i]) & 0x7FFFFFFFu;
        largest[i] = m > largest[i] ? m : largest[i];
    }
}

// Plain loops: the compiler makes vectors of them.
template <class A>
void largest_of_groups64(const double* x, std::size_t groups, std::size_t length, std::uint64_t* largest) {
    for (std::size_t g = 0; g < groups; ++g) {
        std::uint64_t most = 0;
        for (std::size_t i = 0; i < length; ++i) {
            const std::uint64_t m = __builtin_bit_cast(std::uint64_t, x[g * length + i]) & 0x7FFFFFFFFFFFFFFFu;
            most = m > most ? m : most;
        }
        largest[g] = most;
    }
}
template <class A>
void raise_largest64(const double* x, std::size_t size, std::uint64_t* largest) {
    for (std::size_t i = 0; i < size; ++i) {
        const std::uint64_t m = __builtin_bit_cast(std::uint64_t, x[i]) & 0x7FFFFFFFFFFFFFFFu;
        largest[i] = m > largest[i] ? m : largest[i];
    }
}

}  // namespace halfulp::simd
