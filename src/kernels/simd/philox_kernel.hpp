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

    HALFULP_INLINE static vu in_pairs(const vu& low, const vu& high) {
        return (high << 32) | (low & all<std::uint64_t, A>(0xFFFFFFFFu));
    }

    HALFULP_INLINE static void store(std::uint32_t* to, const vu& w0, const vu& w1, const vu& w2, const vu& w3) {
        const vu a = in_pairs(w0, w1);
        const vu b = in_pairs(w2, w3);
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

    /// The words of blocks `block` to `block` + blocks × in_flight - 1.
    HALFULP_INLINE static void generate(std::uint64_t seed, std::uint32_t stream, std::uint64_t block,
                                        std::uint32_t ordinal, const vu& lane, std::uint32_t* to) {
        vu c0[in_flight];
        vu c1[in_flight];
        vu c2[in_flight];
        vu c3[in_flight];
        for (std::size_t k = 0; k < in_flight; ++k) {
            c0[k] = lane + all<std::uint64_t, A>(block + k * blocks);
            c1[k] = c0[k] >> 32;
            c2[k] = all<std::uint64_t, A>(stream);
            c3[k] = all<std::uint64_t, A>(ordinal);
        }
        const vu m0 = all<std::uint64_t, A>(0xD2511F53u);
        const vu m1 = all<std::uint64_t, A>(0xCD9E8D57u);
        auto key0 = static_cast<std::uint32_t>(seed);
        auto key1 = static_cast<std::uint32_t>(seed >> 32);
        for (int round = 0; round < 10; ++round) {
            const vu k0 = all<std::uint64_t, A>(key0);
            const vu k1 = all<std::uint64_t, A>(key1);
            for (std::size_t k = 0; k < in_flight; ++k) {
                const vu p0 = multiply_low_halves<A>(c0[k], m0);
                const vu p1 = multiply_low_halves<A>(c2[k], m1);
                c0[k] = (p1 >> 32) ^ c1[k] ^ k0;
                c1[k] = p1;
                c2[k] = (p0 >> 32) ^ c3[k] ^ k1;
                c3[k] = p0;
            }
            key0 += 0x9E3779B9u;
            key1 += 0xBB67AE85u;
        }
        for (std::size_t k = 0; k < in_flight; ++k) store(to + k * blocks * 4, c0[k], c1[k], c2[k], c3[k]);
    }

    static void fill(std::uint64_t seed, std::uint32_t stream, std::uint64_t first, std::uint32_t ordinal,
                     std::uint32_t* words, std::size_t size) {
        const vu lane = lane_blocks();
        alignas(64) std::uint32_t part[group];
        // A part of a group at either end goes through a buffer.
        const auto some = [&](std::size_t skip, std::size_t count) {
            generate(seed, stream, first / 4, ordinal, lane, part);
            for (std::size_t i = 0; i < count; ++i) words[i] = part[skip + i];
            words += count;
            first += count;
            size -= count;
        };
        const auto skip = static_cast<std::size_t>(first % 4);
        if (skip != 0 && size != 0) some(skip, size < group - skip ? size : group - skip);
        while (size >= group) {
            generate(seed, stream, first / 4, ordinal, lane, words);
            words += group;
            first += group;
            size -= group;
        }
        if (size != 0) some(0, size);
    }
};

}  // namespace halfulp::simd
