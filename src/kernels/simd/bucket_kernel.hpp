// Step functions with many positions: the leading 16 bits of a magnitude name a bucket with one threshold at most, of which the low half is
// compared. Entries hold the codes on both sides, so one load decides.
//
// Under a scale the quotient is approximate. Where its error could take it over the bucket's threshold or out of the bucket, the element is
// left to the definition. RN32(1/d) is off by little more than 2^-24 of itself and so is the product: q is off by less than 3 units of the
// last place. The thresholds themselves are the last binary32 numbers below the real ones.
#pragma once

#include "step_kernel.hpp"

namespace halfulp::simd {

template <class A>
HALFULP_INLINE xsimd::batch<std::uint32_t, A> gather(const std::uint32_t* from,
                                                     const xsimd::batch<std::uint32_t, A>& at) {
    using vu = xsimd::batch<std::uint32_t, A>;
    if constexpr (is_avx512<A>) {
        return vu(_mm512_i32gather_epi32(at, from, 4));
    } else if constexpr (is_avx2<A>) {
        return vu(_mm256_i32gather_epi32(reinterpret_cast<const int*>(from), at, 4));
    } else {
        alignas(16) std::uint32_t index[vu::size];
        at.store_aligned(index);
        return vu(_mm_setr_epi32(static_cast<int>(from[index[0]]), static_cast<int>(from[index[1]]),
                                 static_cast<int>(from[index[2]]), static_cast<int>(from[index[3]])));
    }
}

/// The code of q, finite, and whether an error of q could change it.
template <class A, bool Approximate>
struct bucket_step {
    using vu = xsimd::batch<std::uint32_t, A>;
    using mask = xsimd::batch_bool<std::uint32_t, A>;
    const std::uint32_t* entries;
    bool edges;  // else the codes on both sides of an edge are the same, and so is what is near it
    vu lowest, highest, first, negative, zero;

    HALFULP_INLINE explicit bucket_step(const bucket_plan& plan)
        : entries(plan.entries),
          edges(plan.edges),
          lowest(plan.lowest),
          highest(plan.highest),
          first(plan.lowest >> 16),
          negative(plan.negative),
          zero(plan.zero) {}

    /// `bits` are those of q, which is zero only where x is zero or far below every threshold.
    HALFULP_INLINE vu operator()(const vu& bits, const vu& x, mask& in_doubt) const {
        const vu m = bits & all<std::uint32_t, A>(0x7FFFFFFFu);
        const vu held = higher<std::uint32_t, A>(lower<std::uint32_t, A>(m, highest), lowest);
        const vu sign = xsimd::bitwise_cast<std::uint32_t>(xsimd::bitwise_cast<std::int32_t>(bits) >> 31);
        const vu at = ((held >> 16) - first) + (sign & negative);
        const vu entry = gather<A>(entries, at);
        const vu half_mask = all<std::uint32_t, A>(0xFFFFu);
        const vu low = held & half_mask;
        const vu last = entry & half_mask;
        const vu both = entry >> 16;
        const vu code =
            xsimd::select(above<std::uint32_t, A>(low, last), both >> 8, both & all<std::uint32_t, A>(0xFFu));
        if constexpr (Approximate) {
            // |low - last| <= doubt, or low beside an end of its bucket. The clamps lie in the middle of theirs.
            const vu off = (low - last) + all<std::uint32_t, A>(doubt);
            const vu near_threshold = off & all<std::uint32_t, A>(0x7FFFFFFFu);
            in_doubt = above<std::uint32_t, A>(all<std::uint32_t, A>(2 * doubt + 1), near_threshold);
            if (edges) {
                const vu edge = (held + all<std::uint32_t, A>(doubt)) & half_mask;
                in_doubt = in_doubt | above<std::uint32_t, A>(all<std::uint32_t, A>(2 * doubt + 1), edge);
            }
        }
        return xsimd::select((x & all<std::uint32_t, A>(0x7FFFFFFFu)) == all<std::uint32_t, A>(0), zero, code);
    }
};

template <class A>
void many_codes(const float* x, std::uint8_t* codes, std::size_t size, const bucket_plan& plan) {
    using vu = xsimd::batch<std::uint32_t, A>;
    using vf = xsimd::batch<float, A>;
    constexpr std::size_t lanes = vu::size;
    const bucket_step<A, false> step(plan);
    for_groups<4 * lanes>(x, codes, size, nullptr, false,
                          [&](const float* from, std::uint8_t* to, const std::uint32_t*, bool) HALFULP_INLINE_LAMBDA {
                              vu y[4];
                              xsimd::batch_bool<std::uint32_t, A> none(false);
                              for (std::size_t k = 0; k < 4; ++k) {
                                  const vu bits = as_bits<float, A>(vf::load_unaligned(from + k * lanes));
                                  y[k] = step(bits, bits, none);
                              }
                              put_codes<std::uint8_t, A>(to, y, false);
                          });
}

template <class A>
std::size_t many_quotients(const float* x, std::uint8_t* codes, std::size_t groups, std::size_t length,
                           const float* reciprocal, const std::uint8_t* exact, const bucket_plan& plan,
                           std::uint32_t* doubtful) {
    using vu = xsimd::batch<std::uint32_t, A>;
    using vf = xsimd::batch<float, A>;
    constexpr std::size_t lanes = vu::size;
    const bucket_step<A, true> step(plan);
    std::size_t found = 0;
    for (std::size_t g = 0; g < groups; ++g) {
        const vf factor(reciprocal[g]);
        const auto one = [&](const float* from, std::uint8_t* to, std::size_t first, std::size_t count)
                             HALFULP_INLINE_LAMBDA {
                                 prefetch_later_chunk<4 * lanes, 2>(from);
                                 vu y[4];
                                 xsimd::batch_bool<std::uint32_t, A> doubts[4];
                                 for (std::size_t k = 0; k < 4; ++k) {
                                     const vf x_k = vf::load_unaligned(from + k * lanes);
                                     y[k] = step(as_bits<float, A>(x_k * factor), as_bits<float, A>(x_k), doubts[k]);
                                 }
                                 put_codes<std::uint8_t, A>(to, y, false);
                                 if (exact[g] != 0 || !xsimd::any(doubts[0] | doubts[1] | doubts[2] | doubts[3]))
                                     return;
                                 for (std::size_t k = 0; k < 4; ++k) {
                                     const std::uint64_t bits = doubts[k].mask();
                                     for (std::size_t j = 0; j < lanes; ++j) {
                                         if ((bits >> j & 1) != 0 && k * lanes + j < count)
                                             doubtful[found++] = static_cast<std::uint32_t>(first + k * lanes + j);
                                     }
                                 }
                             };
        const std::size_t end = (g + 1) * length;
        std::size_t i = g * length;
        for (; i + 4 * lanes <= end; i += 4 * lanes) one(x + i, codes + i, i, 4 * lanes);
        if (i == end) continue;
        alignas(64) float rest[4 * lanes] = {};
        alignas(64) std::uint8_t results[4 * lanes];
        for (std::size_t k = i; k < end; ++k) rest[k - i] = x[k];
        one(rest, results, i, end - i);
        for (std::size_t k = i; k < end; ++k) codes[k] = results[k - i];
    }
    return found;
}

}  // namespace halfulp::simd
