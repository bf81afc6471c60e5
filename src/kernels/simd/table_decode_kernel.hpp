// Codes of at most 8 bits to binary32 by tables that stay in registers: 16 values in one or two of them; 256 values as four planes of
// bytes, each in four (AVX-512 VBMI).
#pragma once

#include "step_plan.hpp"
#include "vectors.hpp"

namespace halfulp::simd {

template <class A>
inline constexpr bool has_byte_permutes = std::is_base_of_v<xsimd::avx512vbmi, A>;

/// 16 values, picked by the low bits of lanes.
template <class A>
struct few_lookup {
    using vu = xsimd::batch<std::uint32_t, A>;
    using vf = xsimd::batch<float, A>;
    vf low, high;
    alignas(16) float plain[few];

    HALFULP_INLINE explicit few_lookup(const float* values) {
        low = vf::load_unaligned(values);
        if constexpr (is_avx2<A>) high = vf::load_unaligned(values + 8);
        if constexpr (is_sse2<A>) {
            for (std::size_t j = 0; j < few; ++j) plain[j] = values[j];
        }
    }
    HALFULP_INLINE vf operator()(const vu& index) const {
        if constexpr (is_avx512<A>) {
            return vf(_mm512_permutexvar_ps(index, low));
        } else if constexpr (is_avx2<A>) {
            const __m256 a = _mm256_permutevar8x32_ps(low, index);
            const __m256 b = _mm256_permutevar8x32_ps(high, index);
            return vf(_mm256_blendv_ps(a, b, _mm256_castsi256_ps(_mm256_slli_epi32(index, 28))));
        } else {
            alignas(16) std::uint32_t at[vu::size];
            alignas(16) float y[vu::size];
            index.store_aligned(at);
            for (std::size_t k = 0; k < vu::size; ++k) y[k] = plain[at[k] & 15];
            return vf::load_aligned(y);
        }
    }
};

template <class A>
HALFULP_INLINE xsimd::batch<std::uint32_t, A> load_bytes(const std::uint8_t* from) {
    using vu = xsimd::batch<std::uint32_t, A>;
    if constexpr (is_avx512<A>) {
        return vu(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
    } else if constexpr (is_avx2<A>) {
        return vu(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
    } else {
        const __m128i none = _mm_setzero_si128();
        std::int32_t four;
        __builtin_memcpy(&four, from, 4);
        return vu(_mm_unpacklo_epi16(_mm_unpacklo_epi8(_mm_cvtsi32_si128(four), none), none));
    }
}

/// 64 codes of one table to 64 numbers.
template <class A, bool Few>
struct table_step {
    using vf = xsimd::batch<float, A>;
    using vu = xsimd::batch<std::uint32_t, A>;
    static constexpr std::size_t lanes = vf::size;
    static constexpr std::size_t vectors = 64 / lanes;
    few_lookup<A> lookup;

    HALFULP_INLINE explicit table_step(const table_plan& plan) : lookup(plan.values) {}
    HALFULP_INLINE void operator()(const std::uint8_t* codes, vf (&y)[vectors]) const {
        for (std::size_t k = 0; k < vectors; ++k) y[k] = lookup(load_bytes<A>(codes + k * lanes));
    }
};

template <class A>
    requires has_byte_permutes<A>
struct table_step<A, false> {
    using vf = xsimd::batch<float, A>;
    static constexpr std::size_t lanes = 16;
    static constexpr std::size_t vectors = 4;
    __m512i plane[4][4];

    HALFULP_INLINE explicit table_step(const table_plan& plan) {
        for (std::size_t b = 0; b < 4; ++b) {
            for (std::size_t part = 0; part < 4; ++part)
                plane[b][part] = _mm512_loadu_si512(plan.planes[b] + part * 64);
        }
    }
    HALFULP_INLINE void operator()(const std::uint8_t* codes, vf (&y)[4]) const {
        // Unpacking takes four neighbours of every quarter: quarter q of vector k is to be codes 16 k + 4 q and on.
        const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        const __m512i code = _mm512_permutexvar_epi32(order, _mm512_loadu_si512(codes));
        const __mmask64 upper = _mm512_movepi8_mask(code);
        __m512i byte[4];
        for (std::size_t b = 0; b < 4; ++b) {
            const __m512i low = _mm512_permutex2var_epi8(plane[b][0], code, plane[b][1]);
            const __m512i high = _mm512_permutex2var_epi8(plane[b][2], code, plane[b][3]);
            byte[b] = _mm512_mask_blend_epi8(upper, low, high);
        }
        const __m512i a = _mm512_unpacklo_epi8(byte[0], byte[1]);
        const __m512i b = _mm512_unpackhi_epi8(byte[0], byte[1]);
        const __m512i c = _mm512_unpacklo_epi8(byte[2], byte[3]);
        const __m512i d = _mm512_unpackhi_epi8(byte[2], byte[3]);
        y[0] = vf(_mm512_castsi512_ps(_mm512_unpacklo_epi16(a, c)));
        y[1] = vf(_mm512_castsi512_ps(_mm512_unpackhi_epi16(a, c)));
        y[2] = vf(_mm512_castsi512_ps(_mm512_unpacklo_epi16(b, d)));
        y[3] = vf(_mm512_castsi512_ps(_mm512_unpackhi_epi16(b, d)));
    }
};

/// The largest of bytes, for the check of codes.
template <class A>
struct largest_byte {
    xsimd::batch<std::uint8_t, A> most = all<std::uint8_t, A>(0);
    HALFULP_INLINE void see64(const std::uint8_t* codes) {
        constexpr std::size_t lanes = xsimd::batch<std::uint8_t, A>::size;
        for (std::size_t k = 0; k < 64; k += lanes)
            most = xsimd::max(most, xsimd::batch<std::uint8_t, A>::load_unaligned(codes + k));
    }
    [[nodiscard]] HALFULP_INLINE std::uint8_t top() const {
        alignas(64) std::uint8_t bytes[xsimd::batch<std::uint8_t, A>::size];
        most.store_aligned(bytes);
        std::uint8_t found = 0;
        for (const std::uint8_t b : bytes) found = b > found ? b : found;
        return found;
    }
};

template <class A, bool Few>
flags decode_by_table(const std::uint8_t* codes, float* out, std::size_t size, const table_plan& plan,
                      const float* scale, std::size_t run, bool stream) {
    using step_type = table_step<A, Few>;
    using vf = typename step_type::vf;
    const step_type step(plan);
    largest_byte<A> seen;
    const auto part = [&](std::size_t first, std::size_t count, bool scaled, const vf& factor) HALFULP_INLINE_LAMBDA {
        std::size_t i = first;
        const std::size_t end = first + count;
        const auto one = [&](const std::uint8_t* from, float* to, bool past_caches) HALFULP_INLINE_LAMBDA {
            vf y[step_type::vectors];
            seen.see64(from);
            step(from, y);
            for (std::size_t k = 0; k < step_type::vectors; ++k)
                put(to + k * step_type::lanes, scaled ? y[k] * factor : y[k], past_caches);
        };
        for (; i + 64 <= end; i += 64) one(codes + i, out + i, stream);
        if (i == end) return;
        alignas(64) std::uint8_t rest[64] = {};
        alignas(64) float results[64];
        for (std::size_t k = i; k < end; ++k) rest[k - i] = codes[k];
        one(rest, results, false);
        for (std::size_t k = i; k < end; ++k) out[k] = results[k - i];
    };
    if (scale == nullptr) {
        part(0, size, false, vf(1.0f));
    } else {
        for (std::size_t first = 0, g = 0; first < size; first += run, ++g)
            part(first, run < size - first ? run : size - first, true, vf(scale[g]));
    }
    return seen.top() >= plan.size ? 1 : 0;
}

template <class A>
flags decode_table(const std::uint8_t* codes, float* out, std::size_t size, const table_plan& plan, const float* scale,
                   std::size_t run, bool stream) {
    if constexpr (has_byte_permutes<A>) {
        if (plan.size > few) return decode_by_table<A, false>(codes, out, size, plan, scale, run, stream);
    }
    return decode_by_table<A, true>(codes, out, size, plan, scale, run, stream);
}

}  // namespace halfulp::simd
