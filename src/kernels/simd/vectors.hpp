// The words that xsimd does not have. Everything is templated on the architecture: two of them never share a symbol.
#pragma once

#include <immintrin.h>

#include <xsimd/xsimd.hpp>

#include "plan.hpp"

#define HALFULP_INLINE inline __attribute__((always_inline))
/// For lambdas, after the parameters: a call in the middle of a loop would reload every constant.
#define HALFULP_INLINE_LAMBDA __attribute__((always_inline))

namespace halfulp::simd {

template <class A>
inline constexpr bool is_avx512 = std::is_base_of_v<xsimd::avx512f, A>;
template <class A>
inline constexpr bool is_avx2 = std::is_base_of_v<xsimd::avx2, A> && !is_avx512<A>;
template <class A>
inline constexpr bool is_sse2 = std::is_base_of_v<xsimd::sse2, A> && !is_avx2<A> && !is_avx512<A>;

template <class Lane>
using signed_bits = std::conditional_t<sizeof(Lane) == 4, std::int32_t, std::int64_t>;

template <class T, class A>
HALFULP_INLINE xsimd::batch<T, A> all(T value) {
    return xsimd::batch<T, A>(value);
}

/// A constant that stays in its register: the compiler would rather make it again in every outer iteration.
template <class T, class A>
HALFULP_INLINE xsimd::batch<T, A> pinned(const xsimd::batch<T, A>& constant) {
    typename xsimd::batch<T, A>::register_type r = constant;
    if constexpr (is_avx512<A>) {
        __asm__("" : "+v"(r));
    } else {
        __asm__("" : "+x"(r));
    }
    return xsimd::batch<T, A>(r);
}

/// Bits as the lane's number, and back.
template <class Lane, class A>
HALFULP_INLINE xsimd::batch<Lane, A> as_number(const xsimd::batch<typename lane_types<Lane>::bits, A>& b) {
    return xsimd::bitwise_cast<Lane>(b);
}
template <class Lane, class A>
HALFULP_INLINE xsimd::batch<typename lane_types<Lane>::bits, A> as_bits(const xsimd::batch<Lane, A>& b) {
    return xsimd::bitwise_cast<typename lane_types<Lane>::bits>(b);
}

/// Comparisons and extrema of magnitudes, whose top bit is clear: the signed instruction exists everywhere.
template <class U, class A>
HALFULP_INLINE xsimd::batch_bool<U, A> above(const xsimd::batch<U, A>& a, const xsimd::batch<U, A>& b) {
    if constexpr (is_avx512<A>) {
        return a > b;
    } else {
        using S = std::make_signed_t<U>;
        return xsimd::batch_bool_cast<U>(xsimd::bitwise_cast<S>(a) > xsimd::bitwise_cast<S>(b));
    }
}
template <class U, class A>
HALFULP_INLINE xsimd::batch<U, A> lower(const xsimd::batch<U, A>& a, const xsimd::batch<U, A>& b) {
    if constexpr (is_avx512<A> || (is_avx2<A> && sizeof(U) == 4)) {
        return xsimd::min(a, b);
    } else {
        return xsimd::select(above(a, b), b, a);
    }
}

template <class U, class A>
HALFULP_INLINE xsimd::batch<U, A> higher(const xsimd::batch<U, A>& a, const xsimd::batch<U, A>& b) {
    if constexpr (is_avx512<A> || (is_avx2<A> && sizeof(U) == 4)) {
        return xsimd::max(a, b);
    } else {
        return xsimd::select(above(a, b), a, b);
    }
}

/// a + b where the mask says so, else a.
template <class T, class A>
HALFULP_INLINE xsimd::batch<T, A> add_where(const xsimd::batch_bool<T, A>& where, const xsimd::batch<T, A>& a,
                                            const xsimd::batch<T, A>& b) {
    if constexpr (is_avx512<A> && sizeof(T) == 4) {
        return xsimd::batch<T, A>(_mm512_mask_add_epi32(a, where, a, b));
    } else if constexpr (is_avx512<A>) {
        return xsimd::batch<T, A>(_mm512_mask_add_epi64(a, where, a, b));
    } else {
        return a + (xsimd::batch<T, A>(where.data) & b);
    }
}

/// result | (x & mask)
template <class U, class A>
HALFULP_INLINE xsimd::batch<U, A> with_bits_of(const xsimd::batch<U, A>& result, const xsimd::batch<U, A>& x,
                                               const xsimd::batch<U, A>& mask) {
    if constexpr (is_avx512<A>) {
        return xsimd::batch<U, A>(_mm512_ternarylogic_epi64(result, x, mask, 0xF8));
    } else {
        return result | (x & mask);
    }
}

/// a ^ b ^ c. `a` is best the one that is not needed again: its register takes the result.
template <class U, class A>
HALFULP_INLINE xsimd::batch<U, A> xor_of(const xsimd::batch<U, A>& a, const xsimd::batch<U, A>& b,
                                         const xsimd::batch<U, A>& c) {
    if constexpr (is_avx512<A>) {
        return xsimd::batch<U, A>(_mm512_ternarylogic_epi64(a, b, c, 0x96));
    } else {
        return a ^ b ^ c;
    }
}

/// Lanes that have a bit of `bit` set, which is one bit.
template <class U, class A>
HALFULP_INLINE xsimd::batch_bool<U, A> has_bit(const xsimd::batch<U, A>& a, const xsimd::batch<U, A>& bit) {
    if constexpr (is_avx512<A> && sizeof(U) == 4) {
        return xsimd::batch_bool<U, A>(_mm512_test_epi32_mask(a, bit));
    } else if constexpr (is_avx512<A>) {
        return xsimd::batch_bool<U, A>(_mm512_test_epi64_mask(a, bit));
    } else {
        return (a & bit) == bit;
    }
}

/// Lanes whose top bit is set.
template <class U, class A>
HALFULP_INLINE xsimd::batch_bool<U, A> has_top_bit(const xsimd::batch<U, A>& a) {
    using S = std::make_signed_t<U>;
    if constexpr (is_avx512<A> && sizeof(U) == 4) {
        return xsimd::batch_bool<U, A>(_mm512_movepi32_mask(a));
    } else if constexpr (is_avx512<A>) {
        return xsimd::batch_bool<U, A>(_mm512_movepi64_mask(a));
    } else {
        return xsimd::batch_bool_cast<U>(all<S, A>(0) > xsimd::bitwise_cast<S>(a));
    }
}

/// All ones where the top bit is set.
template <class U, class A>
HALFULP_INLINE xsimd::batch<U, A> spread_top_bit(const xsimd::batch<U, A>& a) {
    if constexpr (sizeof(U) == 8 && is_sse2<A>) {
        const __m128i high = _mm_srai_epi32(a, 31);
        return xsimd::batch<U, A>(_mm_shuffle_epi32(high, _MM_SHUFFLE(3, 3, 1, 1)));
    } else if constexpr (sizeof(U) == 8 && is_avx2<A>) {
        return xsimd::batch<U, A>(_mm256_cmpgt_epi64(_mm256_setzero_si256(), a));
    } else {
        using S = std::make_signed_t<U>;
        return xsimd::bitwise_cast<U>(xsimd::bitwise_cast<S>(a) >> (static_cast<int>(sizeof(U)) * 8 - 1));
    }
}

/// A store that does not read the line first and leaves it out of the caches. `to` is aligned to the vector.
template <class T, class A>
HALFULP_INLINE void store_past_caches(T* to, const xsimd::batch<T, A>& value) {
    if constexpr (is_avx512<A>) {
        _mm512_stream_si512(reinterpret_cast<__m512i*>(to), xsimd::bitwise_cast<std::int32_t>(value));
    } else if constexpr (is_avx2<A>) {
        _mm256_stream_si256(reinterpret_cast<__m256i*>(to), xsimd::bitwise_cast<std::int32_t>(value));
    } else {
        _mm_stream_si128(reinterpret_cast<__m128i*>(to), xsimd::bitwise_cast<std::int32_t>(value));
    }
}

template <class T, class A>
HALFULP_INLINE void put(T* to, const xsimd::batch<T, A>& value, bool stream) {
    if (stream) {
        store_past_caches(to, value);
    } else {
        value.store_unaligned(to);
    }
}

/// floor of numbers in [0, 2^32).
template <class A>
HALFULP_INLINE xsimd::batch<std::uint32_t, A> floor_to_uint32(const xsimd::batch<float, A>& x) {
    using vu = xsimd::batch<std::uint32_t, A>;
    if constexpr (is_avx512<A>) {
        return vu(_mm512_cvttps_epu32(x));
    } else {
        // Conversions are signed: the upper half goes through x - 2^31, which is exact.
        const auto two31 = all<float, A>(2147483648.0f);
        const auto high = x >= two31;
        const auto rest = x - xsimd::select(high, two31, all<float, A>(0.0f));
        vu down;
        if constexpr (is_avx2<A>) {
            down = vu(_mm256_cvttps_epi32(rest));
        } else {
            down = vu(_mm_cvttps_epi32(rest));
        }
        return down ^ xsimd::select(xsimd::batch_bool_cast<std::uint32_t>(high), all<std::uint32_t, A>(0x80000000u),
                                    all<std::uint32_t, A>(0u));
    }
}

/// floor(x) + (word & mask) >= 2^32, for x in [0, 2^32).
template <class A>
HALFULP_INLINE xsimd::batch_bool<std::uint32_t, A> carries(const xsimd::batch<float, A>& x,
                                                           const xsimd::batch<std::uint32_t, A>& word,
                                                           const xsimd::batch<std::uint32_t, A>& mask) {
    // The same as floor(x) > 2^32 - 1 - (word & mask).
    if constexpr (is_avx512<A>) {
        const __m512i rest = _mm512_ternarylogic_epi32(word, mask, mask, 0x3F);  // ~(word & mask)
        return xsimd::batch_bool<std::uint32_t, A>(_mm512_cmpgt_epu32_mask(_mm512_cvttps_epu32(x), rest));
    } else {
        return floor_to_uint32<A>(x) > ~(word & mask);
    }
}

/// As many 32-bit words as there are 64-bit lanes, zero-extended.
template <class A>
HALFULP_INLINE xsimd::batch<std::uint64_t, A> load_widened(const std::uint32_t* from) {
    using vu = xsimd::batch<std::uint64_t, A>;
    if constexpr (is_avx512<A>) {
        return vu(_mm512_cvtepu32_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))));
    } else if constexpr (is_avx2<A>) {
        return vu(_mm256_cvtepu32_epi64(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
    } else {
        return vu(_mm_unpacklo_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)), _mm_setzero_si128()));
    }
}

/// As many binary32 numbers as there are binary64 lanes, widened; and back.
template <class A>
HALFULP_INLINE xsimd::batch<double, A> load_floats(const float* from) {
    using vd = xsimd::batch<double, A>;
    if constexpr (is_avx512<A>) {
        return vd(_mm512_cvtps_pd(_mm256_loadu_ps(from)));
    } else if constexpr (is_avx2<A>) {
        return vd(_mm256_cvtps_pd(_mm_loadu_ps(from)));
    } else {
        return vd(_mm_cvtps_pd(_mm_castpd_ps(_mm_load_sd(reinterpret_cast<const double*>(from)))));
    }
}
template <class A>
HALFULP_INLINE void store_floats(float* to, const xsimd::batch<double, A>& v) {
    if constexpr (is_avx512<A>) {
        _mm256_storeu_ps(to, _mm512_cvtpd_ps(v));
    } else if constexpr (is_avx2<A>) {
        _mm_storeu_ps(to, _mm256_cvtpd_ps(v));
    } else {
        _mm_store_sd(reinterpret_cast<double*>(to), _mm_castps_pd(_mm_cvtpd_ps(v)));
    }
}

/// Integers below 2^52 as binary64 numbers, exactly, in any rounding direction.
template <class A>
HALFULP_INLINE xsimd::batch<double, A> to_double(const xsimd::batch<std::uint64_t, A>& x) {
    const auto two52 = all<double, A>(4503599627370496.0);
    return as_number<double>(x | as_bits<double>(two52)) - two52;
}

/// The product of the low halves of 64-bit lanes.
template <class A>
HALFULP_INLINE xsimd::batch<std::uint64_t, A> multiply_low_halves(const xsimd::batch<std::uint64_t, A>& a,
                                                                  const xsimd::batch<std::uint64_t, A>& b) {
    using vu = xsimd::batch<std::uint64_t, A>;
    if constexpr (is_avx512<A>) {
        return vu(_mm512_mul_epu32(a, b));
    } else if constexpr (is_avx2<A>) {
        return vu(_mm256_mul_epu32(a, b));
    } else {
        return vu(_mm_mul_epu32(a, b));
    }
}

/// Four vectors of codes in 32-bit lanes, stored next to one another as the narrower C. Codes fit C.
template <class C, class A>
HALFULP_INLINE void put_codes(C* to, const xsimd::batch<std::uint32_t, A> (&v)[4], bool stream) {
    constexpr std::size_t lanes = xsimd::batch<std::uint32_t, A>::size;
    using vc = xsimd::batch<C, A>;
    if constexpr (sizeof(C) == 4) {
        for (std::size_t k = 0; k < 4; ++k) put(to + k * lanes, v[k], stream);
    } else if constexpr (is_avx512<A>) {
        const auto pair = [](const __m512i a, const __m512i b) {  // 32-bit lanes to 16-bit ones, in order
            const __m512i packed = _mm512_packus_epi32(a, b);
            return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), packed);
        };
        if constexpr (sizeof(C) == 2) {
            put(to, vc(pair(v[0], v[1])), stream);
            put(to + 2 * lanes, vc(pair(v[2], v[3])), stream);
        } else {
            const __m512i a = _mm512_packus_epi32(v[0], v[1]);
            const __m512i b = _mm512_packus_epi32(v[2], v[3]);
            const __m512i packed = _mm512_packus_epi16(a, b);  // within each quarter: v0, v1, v2, v3
            const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
            put(to, vc(_mm512_permutexvar_epi32(order, packed)), stream);
        }
    } else if constexpr (is_avx2<A>) {
        const __m256i a = _mm256_packus_epi32(v[0], v[1]);
        const __m256i b = _mm256_packus_epi32(v[2], v[3]);
        if constexpr (sizeof(C) == 2) {
            put(to, vc(_mm256_permute4x64_epi64(a, 0xD8)), stream);
            put(to + 2 * lanes, vc(_mm256_permute4x64_epi64(b, 0xD8)), stream);
        } else {
            const __m256i packed = _mm256_packus_epi16(a, b);
            put(to, vc(_mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7))), stream);
        }
    } else {
        // SSE2 packs signed 32-bit numbers only: the low halves are sign-extended, packed and taken as they are.
        const auto pair = [](__m128i a, __m128i b) {
            return _mm_packs_epi32(_mm_srai_epi32(_mm_slli_epi32(a, 16), 16),
                                   _mm_srai_epi32(_mm_slli_epi32(b, 16), 16));
        };
        const __m128i a = pair(v[0], v[1]);
        const __m128i b = pair(v[2], v[3]);
        if constexpr (sizeof(C) == 2) {
            put(to, vc(a), stream);
            put(to + 2 * lanes, vc(b), stream);
        } else {
            put(to, vc(_mm_packus_epi16(a, b)), stream);
        }
    }
}

/// Runs step(index) for whole groups of `Group` elements and once more on copies for what is left.
/// step(x, words, out): pointers to Group elements each.
template <std::size_t Group, class Lane, class Out, class Step>
HALFULP_INLINE void for_groups(const Lane* x, Out* out, std::size_t size, const std::uint32_t* words, bool stream,
                               const Step& step) {
    std::size_t i = 0;
    for (; i + Group <= size; i += Group) step(x + i, out + i, words == nullptr ? nullptr : words + i, stream);
    if (i == size) return;
    alignas(64) Lane rest[Group] = {};
    alignas(64) std::uint32_t rest_words[Group] = {};
    alignas(64) Out results[Group];
    const std::size_t count = size - i;
    for (std::size_t k = 0; k < count; ++k) rest[k] = x[i + k];
    if (words != nullptr) {
        for (std::size_t k = 0; k < count; ++k) rest_words[k] = words[i + k];
    }
    step(rest, results, words == nullptr ? nullptr : rest_words, false);
    for (std::size_t k = 0; k < count; ++k) out[i + k] = results[k];
}

}  // namespace halfulp::simd
