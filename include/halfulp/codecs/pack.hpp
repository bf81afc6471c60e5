// Dense packing of codes: little-endian bit order, the first code in the low bits (so the low nibble comes first).
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

#include "halfulp/core/bits.hpp"

namespace halfulp {

/// Bytes that `count` codes of `bits` bits take.
constexpr std::uint64_t packed_size(std::uint64_t count, int bits) noexcept {
    return (count / 8) * static_cast<std::uint64_t>(bits) + ((count % 8) * static_cast<std::uint64_t>(bits) + 7) / 8;
}

/// Packs codes of `bits` bits (1 to 64) one behind the other; unused bits of the last byte are 0.
/// Throws std::invalid_argument where sizes do not fit or a code has more bits.
template <class C>
constexpr void pack(std::span<const C> codes, int bits, std::span<std::uint8_t> out) {
    if (bits < 1 || bits > 64) throw std::invalid_argument("bits is " + std::to_string(bits) + ", allowed: 1 to 64");
    if (out.size() != packed_size(codes.size(), bits)) {
        throw std::invalid_argument("out has " + std::to_string(out.size()) +
                                    " bytes, allowed: " + std::to_string(packed_size(codes.size(), bits)));
    }
    for (std::size_t i = 0; i < codes.size(); ++i) {
        if ((std::uint64_t{codes[i]} & ~low_ones(bits)) != 0) {
            throw std::invalid_argument("codes[" + std::to_string(i) + "] is " + std::to_string(codes[i]) +
                                        ", allowed: 0 to " + std::to_string(low_ones(bits)));
        }
    }
    uint128 pending = 0;  // fewer than 8 bits are left over before a code of up to 64 is added
    int held = 0;
    std::size_t written = 0;
    for (const C code : codes) {
        pending |= uint128{code} << held;
        for (held += bits; held >= 8; held -= 8, pending >>= 8)
            out[written++] = static_cast<std::uint8_t>(pending & 0xFF);
    }
    if (held > 0) out[written] = static_cast<std::uint8_t>(pending);
}

/// Takes `out.size()` codes of `bits` bits from packed bytes. Throws std::invalid_argument where the bytes are too few.
template <class C>
constexpr void unpack(std::span<const std::uint8_t> packed, int bits, std::span<C> out) {
    if (bits < 1 || bits > static_cast<int>(sizeof(C)) * 8) {
        throw std::invalid_argument("bits is " + std::to_string(bits) + ", allowed: 1 to " +
                                    std::to_string(sizeof(C) * 8));
    }
    if (packed.size() < packed_size(out.size(), bits)) {
        throw std::invalid_argument("packed has " + std::to_string(packed.size()) + " bytes, allowed: at least " +
                                    std::to_string(packed_size(out.size(), bits)) + " for " +
                                    std::to_string(out.size()) + " codes of " + std::to_string(bits) + " bits");
    }
    uint128 pending = 0;
    int held = 0;
    std::size_t read = 0;
    for (C& code : out) {
        for (; held < bits; held += 8) pending |= uint128{packed[read++]} << held;
        code = static_cast<C>(static_cast<std::uint64_t>(pending) & low_ones(bits));
        pending >>= bits;
        held -= bits;
    }
}

}  // namespace halfulp
