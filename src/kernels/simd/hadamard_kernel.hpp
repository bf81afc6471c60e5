// Hadamard transforms of neighbours in binary32 (hadamard.hpp says what is computed, in which order). Butterflies at distances inside a vector
// are one shuffle and one sum: (a, b) becomes (b, a) + (a, -b) = (a + b, a - b), each rounded once.
#pragma once

#include "block_plan.hpp"
#include "largest_kernel.hpp"

namespace halfulp::simd {

template <class A>
inline constexpr std::size_t float_lanes = xsimd::batch<float, A>::size;

/// Lane k of the result is lane k ^ Distance of v.
template <std::size_t Distance, class A>
HALFULP_INLINE xsimd::batch<float, A> exchanged(const xsimd::batch<float, A>& v) {
    using vf = xsimd::batch<float, A>;
    if constexpr (is_avx512<A>) {
        if constexpr (Distance == 1) return vf(_mm512_permute_ps(v, 0xB1));
        if constexpr (Distance == 2) return vf(_mm512_permute_ps(v, 0x4E));
        if constexpr (Distance == 4) return vf(_mm512_shuffle_f32x4(v, v, 0xB1));
        if constexpr (Distance == 8) return vf(_mm512_shuffle_f32x4(v, v, 0x4E));
    } else if constexpr (is_avx2<A>) {
        if constexpr (Distance == 1) return vf(_mm256_permute_ps(v, 0xB1));
        if constexpr (Distance == 2) return vf(_mm256_permute_ps(v, 0x4E));
        if constexpr (Distance == 4) return vf(_mm256_permute2f128_ps(v, v, 1));
    } else {
        if constexpr (Distance == 1) return vf(_mm_shuffle_ps(v, v, 0xB1));
        if constexpr (Distance == 2) return vf(_mm_shuffle_ps(v, v, 0x4E));
    }
}

/// Signs of the lanes that are the upper ones of their pairs at Distance.
template <std::size_t Distance, class A>
HALFULP_INLINE xsimd::batch<std::uint32_t, A> upper_signs() {
    alignas(64) std::uint32_t signs[float_lanes<A>];
    for (std::size_t k = 0; k < float_lanes<A>; ++k) signs[k] = (k & Distance) != 0 ? 0x80000000u : 0;
    return xsimd::batch<std::uint32_t, A>::load_aligned(signs);
}

template <std::size_t Distance, class A, std::size_t Count>
HALFULP_INLINE void butterflies_inside(xsimd::batch<float, A> (&v)[Count], std::size_t length) {
    if constexpr (Distance < float_lanes<A>) {
        if (Distance >= length) return;
        const auto signs = upper_signs<Distance, A>();
        for (std::size_t k = 0; k < Count; ++k)
            v[k] = exchanged<Distance, A>(v[k]) + as_number<float, A>(as_bits<float, A>(v[k]) ^ signs);
        butterflies_inside<2 * Distance, A>(v, length);
    }
}

/// x times the factors; NaN becomes the quiet one without sign.
template <class A>
HALFULP_INLINE xsimd::batch<float, A> finished(const xsimd::batch<float, A>& x, const float* factors) {
    using vf = xsimd::batch<float, A>;
    const vf y = x * vf::load_unaligned(factors);
    return xsimd::select(y == y, y, as_number<float, A>(all<std::uint32_t, A>(0x7FC00000u)));
}

/// Count vectors in registers: butterflies at all distances within them that are shorter than `length`.
template <class A, std::size_t Count>
HALFULP_INLINE void transform_vectors(const float* from, float* to, std::size_t length, const float* before,
                                      const float* after) {
    using vf = xsimd::batch<float, A>;
    constexpr std::size_t lanes = vf::size;
    vf v[Count];
    for (std::size_t k = 0; k < Count; ++k) {
        prefetch_next_chunk(from + k * lanes);
        v[k] = vf::load_unaligned(from + k * lanes);
        if (before != nullptr) v[k] = v[k] * vf::load_unaligned(before + k * lanes);
    }
    butterflies_inside<1, A>(v, length);
    for (std::size_t step = 1; step < Count; step *= 2) {
        for (std::size_t k = 0; k < Count; ++k) {
            if ((k & step) != 0) continue;
            const vf sum = v[k] + v[k + step];
            v[k + step] = v[k] - v[k + step];
            v[k] = sum;
        }
    }
    for (std::size_t k = 0; k < Count; ++k) {
        if (after != nullptr) v[k] = finished<A>(v[k], after + k * lanes);
        v[k].store_unaligned(to + k * lanes);
    }
}

template <class A, std::size_t Count>
HALFULP_INLINE void transform_runs(const float* from, float* to, std::size_t runs, std::size_t length,
                                   const hadamard_factors& factors) {
    for (std::size_t r = 0; r < runs; ++r)
        transform_vectors<A, Count>(from + r * length, to + r * length, length, factors.before, factors.after);
}

/// `runs` runs of `length` neighbours, a power of two; `from` may be `to`. False, and nothing done, for runs shorter than a vector.
template <class A>
bool hadamard_runs(const float* from, float* to, std::size_t runs, std::size_t length,
                   const hadamard_factors& factors) {
    using vf = xsimd::batch<float, A>;
    constexpr std::size_t lanes = vf::size;
    constexpr std::size_t most = is_sse2<A> ? 4 : 8;  // vectors that registers hold
    switch (length / lanes) {
        case 0: return false;
        case 1: transform_runs<A, 1>(from, to, runs, length, factors); return true;
        case 2: transform_runs<A, 2>(from, to, runs, length, factors); return true;
        case 4: transform_runs<A, 4>(from, to, runs, length, factors); return true;
        default: break;
    }
    constexpr std::size_t part = most * lanes;
    for (std::size_t r = 0; r < runs; ++r) {
        const float* x = from + r * length;
        float* y = to + r * length;
        const bool all = length == part;
        for (std::size_t i = 0; i < length; i += part)
            transform_vectors<A, most>(x + i, y + i, part, factors.before == nullptr ? nullptr : factors.before + i,
                                       all ? factors.after : nullptr);
        if (all) continue;
        for (std::size_t distance = part; distance < length; distance *= 2) {
            for (std::size_t block = 0; block < length; block += 2 * distance) {
                for (std::size_t i = block; i < block + distance; i += lanes) {
                    const vf a = vf::load_unaligned(y + i);
                    const vf b = vf::load_unaligned(y + i + distance);
                    (a + b).store_unaligned(y + i);
                    (a - b).store_unaligned(y + i + distance);
                }
            }
        }
        for (std::size_t i = 0; i < length; i += lanes)
            finished<A>(vf::load_unaligned(y + i), factors.after + i).store_unaligned(y + i);
    }
    return true;
}

}  // namespace halfulp::simd
