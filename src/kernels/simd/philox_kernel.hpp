// Philox4x32-10 (core/random.hpp) in 64-bit lanes: one lane, one block. A counter word fills the low half of its lane; the high
// half holds whatever is left over, which the 32 × 32-bit multiplication does not see.
#pragma once

#include "vectors.hpp"

namespace halfulp::simd {

template <class A>
struct philox {
    using vu = xsimd::batch<std::uint64_t, A>;
    static constexpr std::size_t blocks = vu::size;  ///< in one vector
    static constexpr std::size_t in_flight =
        is_avx512<A> ? 4 : 2;  ///< vectors at a time: more would not fit the registers
    static constexpr std::size_t group = blocks * in_flight * 4;  ///< words at a time

    /// Lane 2j holds block j, lane 2j + 1 block j + blocks / 2: after unpacking, words are in the order of elements.
    HALFULP_INLINE static vu lane_blocks() {
        alignas(64) std::uint64_t index[blocks];
        for (std::size_t j = 0; j < blocks / 2; ++j) {
            index[2 * j] = j;
            index[2 * j + 1] = j + blocks / 2;
        }
        return vu::load_aligned(index);
    }

    static constexpr int rounds = 10;
    static constexpr std::uint64_t m0 = 0xD2511F53u;
    static constexpr std::uint64_t m1 = 0xCD9E8D57u;

    /// What all blocks of a stream share, as long as their numbers agree in the high half: the keys, and most of the first two
    /// rounds, in which of four words only that of the block's low half differs.
    struct shared_words {
        vu key0[rounds];
        vu key1[rounds];
        vu first_c2;  ///< round 0: c2 = high(p0) ^ this; c0 and c1 are the same everywhere
        vu second_c0;  ///< round 1: c0 = high(p1) ^ this
        vu second_c2;  ///< round 1: c2 = c3 ^ this
        vu third_c2;  ///< round 2: c2 = high(p0) ^ this

        HALFULP_INLINE shared_words(std::uint64_t seed, std::uint32_t stream, std::uint32_t block_high,
                                    std::uint32_t ordinal) {
            std::uint32_t k0[rounds];
            std::uint32_t k1[rounds];
            for (std::uint32_t r = 0; r < rounds; ++r) {
                k0[r] = static_cast<std::uint32_t>(seed) + r * 0x9E3779B9u;
                k1[r] = static_cast<std::uint32_t>(seed >> 32) + r * 0xBB67AE85u;
                key0[r] = all<std::uint64_t, A>(k0[r]);
                key1[r] = all<std::uint64_t, A>(k1[r]);
            }
            const std::uint64_t p1 = stream * m1;
            const std::uint64_t c0 = (p1 >> 32) ^ block_high ^ k0[0];
            const std::uint64_t p0 = c0 * m0;
            first_c2 = all<std::uint64_t, A>(ordinal ^ k1[0]);
            second_c0 = all<std::uint64_t, A>(p1 ^ k0[1]);
            second_c2 = all<std::uint64_t, A>((p0 >> 32) ^ k1[1]);
            third_c2 = all<std::uint64_t, A>(p0 ^ k1[2]);
        }
    };

    HALFULP_INLINE static vu times0(const vu& c) { return multiply_low_halves<A>(c, all<std::uint64_t, A>(m0)); }
    HALFULP_INLINE static vu times1(const vu& c) { return multiply_low_halves<A>(c, all<std::uint64_t, A>(m1)); }

    /// The last round's words (high(p) ^ c ^ k, low(p)) side by side in 32-bit lanes.
    HALFULP_INLINE static vu last_pair(const vu& p, const vu& c, const vu& k) {
        if constexpr (is_avx512<A>) {
            const __m512i turned = _mm512_ror_epi64(p, 32);
            return vu(_mm512_mask_ternarylogic_epi32(turned, 0x5555, c, k, 0x96));
        } else if constexpr (is_avx2<A>) {
            return vu(_mm256_blend_epi32(xor_of(p >> 32, c, k), p << 32, 0xAA));
        } else {
            return (xor_of(p >> 32, c, k) & all<std::uint64_t, A>(0xFFFFFFFFu)) | (p << 32);
        }
    }

    HALFULP_INLINE static void store(std::uint32_t* to, const vu& a, const vu& b) {
        vu first;
        vu second;
        if constexpr (is_avx512<A>) {
            first = vu(_mm512_unpacklo_epi64(a, b));
            second = vu(_mm512_unpackhi_epi64(a, b));
        } else if constexpr (is_avx2<A>) {
            first = vu(_mm256_unpacklo_epi64(a, b));
            second = vu(_mm256_unpackhi_epi64(a, b));
        } else {
            first = vu(_mm_unpacklo_epi64(a, b));
            second = vu(_mm_unpackhi_epi64(a, b));
        }
        xsimd::bitwise_cast<std::uint32_t>(first).store_unaligned(to);
        xsimd::bitwise_cast<std::uint32_t>(second).store_unaligned(to + blocks * 2);
    }

    /// The words of blocks `block` to `block` + blocks × in_flight - 1, of which only the low half is looked at.
    HALFULP_INLINE static void generate(const shared_words& shared, std::uint64_t block, const vu& lane,
                                        std::uint32_t* to) {
        vu c0[in_flight];
        vu c1[in_flight];
        vu c2[in_flight];
        vu c3[in_flight];
        for (std::size_t k = 0; k < in_flight; ++k) {
            c3[k] = times0(lane + all<std::uint64_t, A>(block + k * blocks));
            c2[k] = (c3[k] >> 32) ^ shared.first_c2;
        }
        for (std::size_t k = 0; k < in_flight; ++k) {
            c1[k] = times1(c2[k]);
            c0[k] = (c1[k] >> 32) ^ shared.second_c0;
            c2[k] = c3[k] ^ shared.second_c2;
        }
        for (std::size_t k = 0; k < in_flight; ++k) {
            const vu p0 = times0(c0[k]);
            const vu p1 = times1(c2[k]);
            c0[k] = xor_of(p1 >> 32, c1[k], shared.key0[2]);
            c1[k] = p1;
            c2[k] = (p0 >> 32) ^ shared.third_c2;
            c3[k] = p0;
        }
        for (int round = 3; round < rounds - 1; ++round) {
            for (std::size_t k = 0; k < in_flight; ++k) {
                const vu p0 = times0(c0[k]);
                const vu p1 = times1(c2[k]);
                c0[k] = xor_of(p1 >> 32, c1[k], shared.key0[round]);
                c1[k] = p1;
                c2[k] = xor_of(p0 >> 32, c3[k], shared.key1[round]);
                c3[k] = p0;
            }
        }
        for (std::size_t k = 0; k < in_flight; ++k) {
            const vu p0 = times0(c0[k]);
            const vu p1 = times1(c2[k]);
            store(to + k * blocks * 4, last_pair(p1, c1[k], shared.key0[rounds - 1]),
                  last_pair(p0, c3[k], shared.key1[rounds - 1]));
        }
    }

    /// The words of elements first to first + size - 1, group by group. place(i): where those from i on may be written if a whole group
    /// of them is wanted; use(words, i, count): they are there now.
    template <class Place, class Use>
    HALFULP_INLINE static void each_group(std::uint64_t seed, std::uint32_t stream, std::uint64_t first,
                                          std::uint32_t ordinal, std::size_t size, const Place& place, const Use& use) {
        const vu lane = lane_blocks();
        alignas(64) std::uint32_t part[group];
        for (std::size_t i = 0; i < size;) {
            // As far as the high half of block numbers stays.
            const std::uint64_t until = ((first / 4 | 0xFFFFFFFFu) + 1) * 4;
            const std::uint64_t room = until - first;  // right even where `until` is 2^64
            const std::size_t end = size - i < room ? size : i + static_cast<std::size_t>(room);
            const shared_words shared(seed, stream, static_cast<std::uint32_t>(first / 4 >> 32), ordinal);
            while (i < end) {
                const auto skip = static_cast<std::size_t>(first % 4);
                std::size_t count = group;
                std::uint32_t* words = part;
                if (skip == 0 && end - i >= group) {
                    words = place(i, part);
                } else {
                    count = end - i < group - skip ? end - i : group - skip;
                }
                generate(shared, first / 4, lane, words);
                use(words + skip, i, count);
                i += count;
                first += count;
            }
        }
    }

    static void fill(std::uint64_t seed, std::uint32_t stream, std::uint64_t first, std::uint32_t ordinal,
                     std::uint32_t* words, std::size_t size) {
        each_group(
            seed, stream, first, ordinal, size,
            [&](std::size_t i, std::uint32_t*) HALFULP_INLINE_LAMBDA { return words + i; },
            [&](const std::uint32_t* made, std::size_t i, std::size_t count) HALFULP_INLINE_LAMBDA {
                if (made == words + i) return;
                for (std::size_t k = 0; k < count; ++k) words[i + k] = made[k];
            });
    }
};

}  // namespace halfulp::simd
