// encode_phase() by vectors: the parts of 64-bit pairs go to two vectors of 32-bit lanes, the rest is integer arithmetic.
#pragma once

#include <limits>

#include "phase_table.hpp"
#include "vectors.hpp"

namespace halfulp::simd {

/// Two vectors of pairs as a vector of first parts and one of second parts, in order.
template <class A>
HALFULP_INLINE void load_pairs(const float* from, xsimd::batch<std::uint32_t, A>& first,
                               xsimd::batch<std::uint32_t, A>& second) {
    using vu = xsimd::batch<std::uint32_t, A>;
    if constexpr (is_avx512<A>) {
        const __m512i low = _mm512_loadu_si512(from);
        const __m512i high = _mm512_loadu_si512(from + 16);
        const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
        const __m512i odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
        first = vu(_mm512_permutex2var_epi32(low, even, high));
        second = vu(_mm512_permutex2var_epi32(low, odd, high));
    } else if constexpr (is_avx2<A>) {
        const __m256 low = _mm256_loadu_ps(from);
        const __m256 high = _mm256_loadu_ps(from + 8);
        // Within halves first: 64-bit quarters 0, 2 are the low vector's, 1, 3 the high one's.
        const auto in_order = [](__m256 v) { return _mm256_permute4x64_epi64(_mm256_castps_si256(v), 0xD8); };
        first = vu(in_order(_mm256_shuffle_ps(low, high, 0x88)));
        second = vu(in_order(_mm256_shuffle_ps(low, high, 0xDD)));
    } else {
        const __m128 low = _mm_loadu_ps(from);
        const __m128 high = _mm_loadu_ps(from + 4);
        first = vu(_mm_castps_si128(_mm_shuffle_ps(low, high, 0x88)));
        second = vu(_mm_castps_si128(_mm_shuffle_ps(low, high, 0xDD)));
    }
}

/// sum + the lanes as binary64 numbers, two to one.
template <class A>
HALFULP_INLINE xsimd::batch<double, A> add_floats(const xsimd::batch<double, A>& sum,
                                                  const xsimd::batch<std::uint32_t, A>& bits) {
    using vd = xsimd::batch<double, A>;
    if constexpr (is_avx512<A>) {
        const __m512i b = bits;
        const __m256 high = _mm256_castsi256_ps(_mm512_extracti64x4_epi64(b, 1));
        return sum + (vd(_mm512_cvtps_pd(_mm256_castsi256_ps(_mm512_castsi512_si256(b)))) + vd(_mm512_cvtps_pd(high)));
    } else if constexpr (is_avx2<A>) {
        const __m256 b = _mm256_castsi256_ps(bits);
        return sum +
               (vd(_mm256_cvtps_pd(_mm256_castps256_ps128(b))) + vd(_mm256_cvtps_pd(_mm256_extractf128_ps(b, 1))));
    } else {
        const __m128 b = _mm_castsi128_ps(bits);
        return sum + (vd(_mm_cvtps_pd(b)) + vd(_mm_cvtps_pd(_mm_movehl_ps(b, b))));
    }
}

/// Codes in 32-bit lanes and what their sums need.
template <class A>
struct phase_lanes {
    using vu = xsimd::batch<std::uint32_t, A>;
    vu code;
    vu imaginary;  ///< all ones where the code is ±i
    vu magnitude;  ///< bits of the larger part's magnitude, which is the part on the code's axis
    vu zero;  ///< all ones where both parts are zero

    HALFULP_INLINE explicit phase_lanes(const float* from) {
        vu re;
        vu im;
        load_pairs<A>(from, re, im);
        const auto unsigned_part = all<std::uint32_t, A>(0x7FFFFFFFu);
        const auto one = all<std::uint32_t, A>(1);
        const vu across = re & unsigned_part;
        const vu up = im & unsigned_part;
        const vu signs_differ = (re ^ im) >> 31;
        // up > across, or both alike and signs too: across - up - (1 - signs_differ) < 0, which is at least -2^31.
        const vu above = spread_top_bit(across - up - one + signs_differ);
        zero = spread_top_bit((across | up) - one);
        imaginary = xsimd::bitwise_andnot(above, zero);
        const vu own = (im & imaginary) | xsimd::bitwise_andnot(re, imaginary);
        magnitude = own & unsigned_part;
        const vu negative = xsimd::bitwise_andnot(own >> 31, zero);
        code = (imaginary & all<std::uint32_t, A>(2)) | (negative ^ one);
    }
};

/// The largest and the least of the lanes, whose top bits are clear.
template <class A>
HALFULP_INLINE std::uint32_t largest_lane(const xsimd::batch<std::uint32_t, A>& v) {
    alignas(64) std::uint32_t lanes[xsimd::batch<std::uint32_t, A>::size];
    v.store_aligned(lanes);
    std::uint32_t found = 0;
    for (const std::uint32_t lane : lanes) found = lane > found ? lane : found;
    return found;
}
template <class A>
HALFULP_INLINE std::uint32_t least_lane(const xsimd::batch<std::uint32_t, A>& v) {
    alignas(64) std::uint32_t lanes[xsimd::batch<std::uint32_t, A>::size];
    v.store_aligned(lanes);
    std::uint32_t found = std::numeric_limits<std::uint32_t>::max();
    for (const std::uint32_t lane : lanes) found = lane < found ? lane : found;
    return found;
}

/// Calls step(lanes, k) for vector k = 0 … 3 of every four, and stores the codes. What is missing at the end counts as zeros.
template <class A, class Step>
HALFULP_INLINE void each_phase(const float* x, std::uint8_t* codes, std::size_t size, const Step& step) {
    using vu = xsimd::batch<std::uint32_t, A>;
    constexpr std::size_t lanes = vu::size;
    constexpr std::size_t group = 4 * lanes;
    const auto one = [&](const float* from, std::uint8_t* to) HALFULP_INLINE_LAMBDA {
        vu v[4];
        for (std::size_t k = 0; k < 4; ++k) {
            const phase_lanes<A> p(from + 2 * lanes * k);
            v[k] = p.code;
            step(p, k);
        }
        put_codes<std::uint8_t, A>(to, v, false);  // not past the caches: an eighth of what is read
    };
    std::size_t i = 0;
    for (; i + group <= size; i += group) one(x + 2 * i, codes + i);
    if (i == size) return;
    alignas(64) float rest[2 * group] = {};
    alignas(64) std::uint8_t results[group];
    for (std::size_t k = 0; k < 2 * (size - i); ++k) rest[k] = x[2 * i + k];
    one(rest, results);
    for (std::size_t k = 0; k < size - i; ++k) codes[i + k] = results[k];
}

template <class A>
std::uint32_t encode_phases(const float* x, std::uint8_t* codes, std::size_t size) {
    auto largest = all<std::uint32_t, A>(0);
    each_phase<A>(x, codes, size, [&](const phase_lanes<A>& p, std::size_t) HALFULP_INLINE_LAMBDA {
        largest = higher(largest, p.magnitude);
    });
    return largest_lane<A>(largest);
}

template <class A>
phase_sums summed_phases(const float* x, std::uint8_t* codes, std::size_t size) {
    using vu = xsimd::batch<std::uint32_t, A>;
    using vd = xsimd::batch<double, A>;
    const auto none = all<std::uint32_t, A>(0x7FFFFFFFu);
    vu largest = all<std::uint32_t, A>(0);
    vu least = none;
    vu imaginary = all<std::uint32_t, A>(0);
    vd re[2] = {all<double, A>(0.0), all<double, A>(0.0)};
    vd im[2] = {all<double, A>(0.0), all<double, A>(0.0)};
    each_phase<A>(x, codes, size, [&](const phase_lanes<A>& p, std::size_t k) HALFULP_INLINE_LAMBDA {
        largest = higher(largest, p.magnitude);
        least = lower(least, p.magnitude | (p.zero & none));
        imaginary -= p.imaginary;
        re[k % 2] = add_floats<A>(re[k % 2], xsimd::bitwise_andnot(p.magnitude, p.imaginary));
        im[k % 2] = add_floats<A>(im[k % 2], p.magnitude & p.imaginary);
    });
    alignas(64) std::uint32_t counts[vu::size];
    imaginary.store_aligned(counts);
    std::uint64_t count = 0;
    for (const std::uint32_t lane : counts) count += lane;
    const std::uint32_t found = least_lane<A>(least);
    // Within the window every partial sum is exact, so the order is of no consequence.
    return {xsimd::reduce_add(re[0] + re[1]), xsimd::reduce_add(im[0] + im[1]), count, largest_lane<A>(largest),
            found == 0x7FFFFFFFu ? std::numeric_limits<std::uint32_t>::max() : found};
}

template <class A>
constexpr phase_kernels make_phase_kernels() {
    return {encode_phases<A>, summed_phases<A>};
}

}  // namespace halfulp::simd
