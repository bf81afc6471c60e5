// Step functions with few positions: the number of thresholds below x by a binary search whose tables stay in registers. Thresholds are
// compared as numbers, or, where +0 and -0 have codes of their own, as integers in the numbers' order.
#pragma once

#include "largest_kernel.hpp"
#include "table_decode_kernel.hpp"

namespace halfulp::simd {

/// Bits of numbers as signed integers in the order of the numbers, -0 just below +0.
template <class A>
HALFULP_INLINE xsimd::batch<std::uint32_t, A> ordered(const xsimd::batch<std::uint32_t, A>& bits) {
    const auto sign = xsimd::bitwise_cast<std::uint32_t>(xsimd::bitwise_cast<std::int32_t>(bits) >> 31);
    return bits ^ (sign & all<std::uint32_t, A>(0x7FFFFFFFu));
}

template <class A, bool Keyed>
struct few_search;

template <class A, bool Keyed>
    requires is_avx512<A>
struct few_search<A, Keyed> {
    using vu = xsimd::batch<std::uint32_t, A>;
    // Table k holds the threshold that decides bit k at the position found so far, the others being clear.
    __m512i bit3, bit2, bit1, bit0;

    HALFULP_INLINE explicit few_search(const float* thresholds) {
        __m512i t = _mm512_loadu_si512(thresholds);
        if constexpr (Keyed) t = ordered<A>(vu(t));
        bit0 = t;
        bit1 = _mm512_alignr_epi32(t, t, 1);
        bit2 = _mm512_alignr_epi32(t, t, 3);
        bit3 = _mm512_permutexvar_epi32(_mm512_set1_epi32(7), t);
    }
    HALFULP_INLINE static __mmask16 is_above(__m512i x, __m512i t) {
        if constexpr (Keyed) {
            return _mm512_cmpgt_epi32_mask(x, t);
        } else {
            return _mm512_cmp_ps_mask(_mm512_castsi512_ps(x), _mm512_castsi512_ps(t), _CMP_GT_OQ);
        }
    }
    HALFULP_INLINE vu operator()(const vu& bits) const {
        const __m512i x = Keyed ? ordered<A>(bits) : bits;
        __m512i p = _mm512_maskz_set1_epi32(is_above(x, bit3), 8);
        p = _mm512_mask_add_epi32(p, is_above(x, _mm512_permutexvar_epi32(p, bit2)), p, _mm512_set1_epi32(4));
        p = _mm512_mask_add_epi32(p, is_above(x, _mm512_permutexvar_epi32(p, bit1)), p, _mm512_set1_epi32(2));
        p = _mm512_mask_add_epi32(p, is_above(x, _mm512_permutexvar_epi32(p, bit0)), p, _mm512_set1_epi32(1));
        return vu(p);
    }
};

template <class A, bool Keyed>
    requires is_avx2<A>
struct few_search<A, Keyed> {
    using vu = xsimd::batch<std::uint32_t, A>;
    __m256i bit3, bit2_low, bit2_high, bit1, bit0;

    HALFULP_INLINE explicit few_search(const float* thresholds) {
        alignas(32) std::uint32_t t[few];
        for (std::size_t j = 0; j < few; j += 8) {
            vu part(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(thresholds + j)));
            if constexpr (Keyed) part = ordered<A>(part);
            part.store_aligned(t + j);
        }
        const auto spread = [](std::uint32_t v) { return _mm256_set1_epi32(static_cast<int>(v)); };
        bit3 = spread(t[7]);
        bit2_low = spread(t[3]);
        bit2_high = spread(t[11]);
        const auto at = [&](std::size_t j) { return static_cast<int>(t[j]); };
        bit1 = _mm256_setr_epi32(at(1), at(5), at(9), at(13), 0, 0, 0, 0);
        bit0 = _mm256_setr_epi32(at(0), at(2), at(4), at(6), at(8), at(10), at(12), at(14));
    }
    /// All ones where x is above t.
    HALFULP_INLINE static __m256i is_above(__m256i x, __m256i t) {
        if constexpr (Keyed) {
            return _mm256_cmpgt_epi32(x, t);
        } else {
            return _mm256_castps_si256(_mm256_cmp_ps(_mm256_castsi256_ps(x), _mm256_castsi256_ps(t), _CMP_GT_OQ));
        }
    }
    /// 2 p + 1 where the mask is set, else 2 p.
    HALFULP_INLINE static __m256i next(__m256i p, __m256i mask) {
        return _mm256_sub_epi32(_mm256_add_epi32(p, p), mask);
    }
    HALFULP_INLINE vu operator()(const vu& bits) const {
        const __m256i x = Keyed ? ordered<A>(bits) : bits;
        const __m256i high = is_above(x, bit3);
        const __m256i p1 = _mm256_srli_epi32(high, 31);
        const __m256i p2 = next(p1, is_above(x, _mm256_blendv_epi8(bit2_low, bit2_high, high)));
        const __m256i p3 = next(p2, is_above(x, _mm256_permutevar8x32_epi32(bit1, p2)));
        return vu(next(p3, is_above(x, _mm256_permutevar8x32_epi32(bit0, p3))));
    }
};

template <class A, bool Keyed>
    requires is_sse2<A>
struct few_search<A, Keyed> {
    using vu = xsimd::batch<std::uint32_t, A>;
    __m128i threshold[few - 1];

    HALFULP_INLINE explicit few_search(const float* thresholds) {
        for (std::size_t j = 0; j + 1 < few; ++j) {
            threshold[j] = _mm_castps_si128(_mm_set1_ps(thresholds[j]));
            if constexpr (Keyed) threshold[j] = ordered<A>(vu(threshold[j]));
        }
    }
    HALFULP_INLINE vu operator()(const vu& bits) const {
        const __m128i x = Keyed ? ordered<A>(bits) : bits;
        __m128i p = _mm_setzero_si128();
        for (std::size_t j = 0; j + 1 < few; ++j) {
            if constexpr (Keyed) {
                p = _mm_sub_epi32(p, _mm_cmpgt_epi32(x, threshold[j]));
            } else {
                p = _mm_sub_epi32(p,
                                  _mm_castps_si128(_mm_cmpgt_ps(_mm_castsi128_ps(x), _mm_castsi128_ps(threshold[j]))));
            }
        }
        return vu(p);
    }
};

/// By a linear function and one comparison: see few_line.
template <class A>
struct line_search {};

template <class A>
    requires is_avx512<A>
struct line_search<A> {
    using vu = xsimd::batch<std::uint32_t, A>;
    __m512 low, high, slope, offset;
    __m512i low_position, high_position;

    HALFULP_INLINE line_search(const float* thresholds, const few_line& line, float reciprocal) {
        const __m512 t = _mm512_loadu_ps(thresholds);
        low = _mm512_permutexvar_ps(_mm512_loadu_si512(line.threshold), t);
        high = _mm512_permutexvar_ps(_mm512_loadu_si512(line.threshold + few), t);
        low_position = _mm512_loadu_si512(line.position);
        high_position = _mm512_loadu_si512(line.position + few);
        slope = _mm512_set1_ps(line.slope * reciprocal);
        offset =
            _mm512_set1_ps(0x1.8p23f + 16);  // the bucket is in the lowest bits, which are all that permutations read
    }
    HALFULP_INLINE vu operator()(const vu& bits) const {
        const __m512 x = _mm512_castsi512_ps(bits);
        const __m512i bucket = _mm512_castps_si512(_mm512_fmadd_ps(x, slope, offset));
        const __m512i p = _mm512_permutex2var_epi32(low_position, bucket, high_position);
        const __mmask16 beyond = _mm512_cmp_ps_mask(x, _mm512_permutex2var_ps(low, bucket, high), _CMP_GT_OQ);
        return vu(_mm512_mask_add_epi32(p, beyond, p, _mm512_set1_epi32(1)));
    }
};

/// work(group, what finds positions in it).
template <class A, class Work>
HALFULP_INLINE void for_searches(std::size_t groups, const float* thresholds, bool keyed, const few_line* line,
                                 const float* reciprocal, const Work& work) {
    if constexpr (is_avx512<A>) {
        if (line != nullptr) {
            for (std::size_t g = 0; g < groups; ++g)
                work(g, line_search<A>(thresholds + g * few, *line, reciprocal[g]));
            return;
        }
    }
    if (keyed) {
        for (std::size_t g = 0; g < groups; ++g) work(g, few_search<A, true>(thresholds + g * few));
    } else {
        for (std::size_t g = 0; g < groups; ++g) work(g, few_search<A, false>(thresholds + g * few));
    }
}

template <class A>
void few_codes(const float* x, std::uint8_t* codes, std::size_t groups, std::size_t length, const float* thresholds,
               const std::uint8_t* table, bool keyed, const few_line* line, const float* reciprocal) {
    using vu = xsimd::batch<std::uint32_t, A>;
    using vf = xsimd::batch<float, A>;
    constexpr std::size_t lanes = vu::size;
    bool in_order = true;
    float code_bits[few];
    for (std::size_t j = 0; j < few; ++j) {
        in_order = in_order && table[j] == j;
        code_bits[j] = __builtin_bit_cast(float, std::uint32_t{table[j]});
    }
    const few_lookup<A> lookup(code_bits);
    const auto work = [&](std::size_t g, const auto& search) HALFULP_INLINE_LAMBDA {
        for_groups<4 * lanes>(x + g * length, codes + g * length, length, nullptr, false,
                              [&](const float* from, std::uint8_t* to, const std::uint32_t*, bool)
                                  HALFULP_INLINE_LAMBDA {
                                      vu y[4];
                                      prefetch_later_chunk<4 * lanes, 2>(from);
                                      for (std::size_t k = 0; k < 4; ++k)
                                          y[k] = search(as_bits<float, A>(vf::load_unaligned(from + k * lanes)));
                                      if (!in_order) {
                                          for (std::size_t k = 0; k < 4; ++k) y[k] = as_bits<float, A>(lookup(y[k]));
                                      }
                                      put_codes<std::uint8_t, A>(to, y, false);
                                  });
    };
    for_searches<A>(groups, thresholds, keyed, line, reciprocal, work);
}

template <class A>
void few_values(const float* x, float* out, std::size_t groups, std::size_t length, const float* thresholds,
                const float* values, bool keyed, bool stream, const few_line* line, const float* reciprocal) {
    using vf = xsimd::batch<float, A>;
    constexpr std::size_t lanes = vf::size;
    const auto work = [&](std::size_t g, const auto& search) HALFULP_INLINE_LAMBDA {
        const few_lookup<A> lookup(values + g * few);
        for_groups<4 * lanes>(
            x + g * length, out + g * length, length, nullptr, stream,
            [&](const float* from, float* to, const std::uint32_t*, bool past_caches) HALFULP_INLINE_LAMBDA {
                vf y[4];
                prefetch_later_chunk<4 * lanes, 2>(from);
                for (std::size_t k = 0; k < 4; ++k)
                    y[k] = lookup(search(as_bits<float, A>(vf::load_unaligned(from + k * lanes))));
                for (std::size_t k = 0; k < 4; ++k) put(to + k * lanes, y[k], past_caches);
            });
    };
    for_searches<A>(groups, thresholds, keyed, line, reciprocal, work);
}

/// u = the last binary32 number at or below boundary × scale, below it where a tie goes up. The product, rounded downward to binary64 and
/// then to binary32, is rounded downward once. Where a tie goes up the product is rounded upward (by flipping signs) to binary64 and
/// moved down by one unit of the last place: no binary32 number lies between that and the product but for the product itself.
template <class A>
void scale_boundaries(const few_boundaries& plan, const double* scale, std::size_t groups, float* thresholds) {
    using vd = xsimd::batch<double, A>;
    using vq = xsimd::batch<std::uint64_t, A>;
    for (std::size_t g = 0; g < groups; ++g) {
        const vd factor(scale[g]);
        for (std::size_t j = 0; j < few; j += vd::size) {
            const vq product = as_bits<double, A>(vd::load_unaligned(plan.boundary + j) * factor);
            const vq moved = (product ^ vq::load_unaligned(plan.flip + j)) + vq::load_unaligned(plan.step + j);
            store_floats<A>(thresholds + g * few + j, as_number<double, A>(moved));
        }
    }
}
template <class A>
void scale_limits(const few_boundaries& plan, const double* scale, std::size_t groups, float* limits) {
    for (std::size_t g = 0; g < groups; ++g) {
        for (std::size_t j = 0; j < 2; ++j) {
            const double product = plan.boundary[j] * scale[g];
            const std::uint64_t bits = (__builtin_bit_cast(std::uint64_t, product) ^ plan.flip[j]) + plan.step[j];
            limits[g * 2 + j] = static_cast<float>(__builtin_bit_cast(double, bits));
        }
    }
}

template <class A>
void scale_values(const double* values, const double* scale, std::size_t groups, float* scaled) {
    using vd = xsimd::batch<double, A>;
    for (std::size_t g = 0; g < groups; ++g) {
        for (std::size_t j = 0; j < few; j += vd::size)
            store_floats<A>(scaled + g * few + j, vd::load_unaligned(values + j) * vd(scale[g]));
    }
}

template <class A>
std::uint64_t count_outside(const float* x, std::size_t size, float low, float high) {
    std::uint32_t count = 0;
    for (std::size_t i = 0; i < size; ++i) count += static_cast<std::uint32_t>((x[i] > high) | !(x[i] > low));
    return count;
}

}  // namespace halfulp::simd
