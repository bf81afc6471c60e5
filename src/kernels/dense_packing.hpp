// Dense packing of codes by words of 64 bits: eight codes of W bits are W bytes. Codes that lie in bytes (or in 16-bit numbers) are
// moved together in steps, each of which halves the number of gaps between them, as in the compress step of Hacker's Delight, 7-4.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include "halfulp/codecs/pack.hpp"
#include "halfulp/core/bits.hpp"

namespace halfulp::detail {

/// `ones` low bits in every lane of `lane` bits.
constexpr std::uint64_t lanes_of(int lane, int ones) noexcept {
    std::uint64_t mask = 0;
    for (int at = 0; at < 64; at += lane) mask |= low_ones(ones) << at;
    return mask;
}

/// Lanes of `Lane` bits, W of which are used, to one run of bits at the bottom; and back.
template <int Lane, int W>
constexpr std::uint64_t squeezed(std::uint64_t x) noexcept {
    if constexpr (Lane == 64) {
        return x;
    } else {
        constexpr std::uint64_t low = lanes_of(2 * Lane, Lane);
        return squeezed<2 * Lane, 2 * W>((x & low) | ((x & ~low) >> (Lane - W)));
    }
}
template <int Lane, int W>
constexpr std::uint64_t spread(std::uint64_t x) noexcept {
    if constexpr (Lane == 64) {
        return x;
    } else {
        x = spread<2 * Lane, 2 * W>(x);
        constexpr std::uint64_t low = lanes_of(2 * Lane, W);
        return (x & low) | ((x & (low << W)) << (Lane - W));
    }
}

/// Eight codes of W bits as one number of 8 W bits; and back.
template <int W, class C>
struct eight_codes {
    static constexpr int lane = static_cast<int>(sizeof(C)) * 8;
    static constexpr bool in_bytes = sizeof(C) == 1;

    static uint128 packed(const C* codes) noexcept {
        std::uint64_t words[sizeof(C)];
        std::memcpy(words, codes, sizeof words);
        const uint128 first = squeezed<lane, W>(words[0]);
        if constexpr (in_bytes) {
            return first;
        } else {
            return first | uint128{squeezed<lane, W>(words[1])} << (4 * W);
        }
    }
    static void unpacked(uint128 x, C* codes) noexcept {
        std::uint64_t words[sizeof(C)];
        if constexpr (in_bytes) {
            words[0] = spread<lane, W>(static_cast<std::uint64_t>(x) & low_ones(8 * W));
        } else {
            words[0] = spread<lane, W>(static_cast<std::uint64_t>(x) & low_ones(4 * W));
            words[1] = spread<lane, W>(static_cast<std::uint64_t>(x >> (4 * W)) & low_ones(4 * W));
        }
        std::memcpy(codes, words, sizeof words);
    }
};

/// How many of `eights` groups of W bytes lie so far from the end of `size` bytes that a whole word may be moved with each.
constexpr std::size_t with_room(std::size_t eights, std::size_t size, std::size_t bytes, std::size_t word) noexcept {
    return size < word ? 0 : std::min(eights, (size - word) / bytes + 1);
}

/// Codes of at most W bits. out: packed_size(codes.size(), W) bytes.
template <int W, class C>
void pack_eights(std::span<const C> codes, std::span<std::uint8_t> out) {
    using group = eight_codes<W, C>;
    constexpr std::size_t bytes = W;
    constexpr std::size_t word = 8 * sizeof(C);
    const std::size_t eights = codes.size() / 8;
    const std::size_t roomy = with_room(eights, out.size(), bytes, word);
    for (std::size_t k = 0; k < eights; ++k) {
        const uint128 x = group::packed(codes.data() + 8 * k);
        if (k < roomy) {
            std::memcpy(out.data() + bytes * k, &x, word);  // what is too much is overwritten by the next group
        } else {
            std::memcpy(out.data() + bytes * k, &x, bytes);
        }
    }
    pack(codes.subspan(8 * eights), W, out.subspan(bytes * eights));
}

template <int W, class C>
void unpack_eights(std::span<const std::uint8_t> packed, std::span<C> out) {
    using group = eight_codes<W, C>;
    constexpr std::size_t bytes = W;
    constexpr std::size_t word = 8 * sizeof(C);
    const std::size_t eights = out.size() / 8;
    const std::size_t roomy = with_room(eights, packed.size(), bytes, word);
    for (std::size_t k = 0; k < eights; ++k) {
        uint128 x = 0;
        if (k < roomy) {
            std::memcpy(&x, packed.data() + bytes * k, word);
        } else {
            std::memcpy(&x, packed.data() + bytes * k, bytes);
        }
        group::unpacked(x, out.data() + 8 * k);
    }
    unpack(packed.subspan(bytes * eights), W, out.subspan(8 * eights));
}

/// Calls run.operator()<W>() for a width known at run time that leaves gaps in C; false where it leaves none.
template <class C, class Run>
bool with_width(int bits, const Run& run) {
    constexpr int widest = static_cast<int>(sizeof(C)) * 8 - 1;
    return [&]<int... Less>(std::integer_sequence<int, Less...>) {
        return ((bits == Less + 1 ? (run.template operator()<Less + 1>(), true) : false) || ...);
    }(std::make_integer_sequence<int, widest>{});
}

}  // namespace halfulp::detail
