// Codes to binary32. A magnitude code moved up to binary32's fraction, plus the difference of the biases, is the value's bits. With
// exponent field 0 that number, one binade higher, is 2^emin more than the value: the difference is exact.
#pragma once

#include "vectors.hpp"

namespace halfulp::simd {

template <class A, class C>
struct decode_step {
    using vu = xsimd::batch<std::uint32_t, A>;
    static constexpr std::size_t lanes = vu::size;

    const decode_plan& plan;
    vu magnitude_mask, sign_mask, base, hidden, low_limit, one_binade, largest, odd_code, odd_value;

    HALFULP_INLINE explicit decode_step(const decode_plan& p)
        : plan(p),
          magnitude_mask(p.magnitude_mask),
          sign_mask(p.sign_mask),
          base(p.base),
          hidden(p.hidden),
          low_limit(p.low_limit),
          one_binade(0x00800000u),
          largest(p.largest),
          odd_code(p.odd_code),
          odd_value(p.odd_value) {}

    HALFULP_INLINE static vu load(const C* from) {
        if constexpr (sizeof(C) == 4) {
            return vu::load_unaligned(from);
        } else if constexpr (is_avx512<A>) {
            if constexpr (sizeof(C) == 1) {
                return vu(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
            } else {
                return vu(_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))));
            }
        } else if constexpr (is_avx2<A>) {
            if constexpr (sizeof(C) == 1) {
                return vu(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
            } else {
                return vu(_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
            }
        } else {
            const __m128i none = _mm_setzero_si128();
            if constexpr (sizeof(C) == 1) {
                std::int32_t four;
                __builtin_memcpy(&four, from, 4);
                return vu(_mm_unpacklo_epi16(_mm_unpacklo_epi8(_mm_cvtsi32_si128(four), none), none));
            } else {
                return vu(_mm_unpacklo_epi16(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)), none));
            }
        }
    }

    HALFULP_INLINE vu operator()(const vu& code) const {
        const vu m = code & magnitude_mask;
        vu y = (m << plan.up) + base;
        const auto low = above<std::uint32_t, A>(hidden, m);
        if (plan.low_is_zero) {
            y = xsimd::select(low, all<std::uint32_t, A>(0), y);
        } else {
            const auto difference = as_number<float, A>(y + one_binade) - as_number<float, A>(low_limit);
            y = xsimd::select(low, as_bits<float, A>(difference), y);
        }
        if (plan.zero_is_special) y = xsimd::select(m == all<std::uint32_t, A>(0), m, y);
        vu sign = (code & sign_mask) << plan.sign_up;
        if (plan.zero_has_no_sign) sign = xsimd::select(low, all<std::uint32_t, A>(0), sign);
        y = y | sign;
        const auto special = above<std::uint32_t, A>(m, largest) | (code == odd_code);
        if (xsimd::any(special)) [[unlikely]]
            y = replace_special(code, m, y);
        return y;
    }

    HALFULP_INLINE vu replace_special(const vu& code, const vu& m, const vu& y) const {
        const vu infinity = all<std::uint32_t, A>(0x7F800000u) | ((code & sign_mask) << plan.sign_up);
        const vu nan =
            all<std::uint32_t, A>(0x7FC00000u) | ((code & all<std::uint32_t, A>(plan.nan_sign)) << plan.sign_up);
        const vu not_finite = xsimd::select(m == all<std::uint32_t, A>(plan.infinity), infinity, nan);
        const vu z = xsimd::select(above<std::uint32_t, A>(m, largest), not_finite, y);
        return xsimd::select(code == odd_code, odd_value, z);
    }
};

template <class A, class C>
flags decode_codes(const C* codes, float* out, std::size_t size, const decode_plan& plan, bool stream) {
    using step_type = decode_step<A, C>;
    using vu = typename step_type::vu;
    const step_type step(plan);
    vu seen = all<std::uint32_t, A>(0);
    constexpr std::size_t group = step_type::lanes * 4;
    for_groups<group>(codes, out, size, nullptr, stream,
                      [&](const C* from, float* to, const std::uint32_t*, bool past_caches) {
                          for (std::size_t k = 0; k < 4; ++k) {
                              const vu code = step_type::load(from + k * step_type::lanes);
                              seen = seen | code;
                              put(to + k * step_type::lanes, as_number<float, A>(step(code)), past_caches);
                          }
                      });
    return xsimd::any((seen & all<std::uint32_t, A>(~plan.code_mask)) != all<std::uint32_t, A>(0)) ? 1 : 0;
}

}  // namespace halfulp::simd
