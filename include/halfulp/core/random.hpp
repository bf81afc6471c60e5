// Random bits as a pure function of position: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as
// easy as 1, 2, 3", SC 2011) keyed by a seed. No state, so chunking, threads, vector width and device cannot matter.
#pragma once

#include <array>
#include <cstdint>

namespace halfulp {

/// One block of Philox4x32: four words from a counter of four words and a key of two. Ten rounds are the standard.
constexpr std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                                  std::array<std::uint32_t, 2> key, int rounds = 10) noexcept {
    for (int round = 0; round < rounds; ++round) {
        const std::uint64_t product0 = std::uint64_t{0xD2511F53u} * counter[0];
        const std::uint64_t product1 = std::uint64_t{0xCD9E8D57u} * counter[2];
        counter = {
            static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(product1),
            static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(product0)};
        key[0] += 0x9E3779B9u;
        key[1] += 0xBB67AE85u;
    }
    return counter;
}

/// Where the random bits of one call come from: word i mod 4 of the Philox block with counter
/// (low(i div 4), high(i div 4), stream, ordinal) and key (low(seed), high(seed)), i = offset + the element's index in C order.
struct random_source {
    std::uint64_t seed = 0;
    std::uint32_t stream = 0;
    std::uint64_t offset = 0;

    /// The block that holds the words of elements 4 * block to 4 * block + 3 (offset not added).
    [[nodiscard]] constexpr std::array<std::uint32_t, 4> block(std::uint64_t index,
                                                               std::uint32_t ordinal = 0) const noexcept {
        return philox4x32({static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32), stream, ordinal},
                          {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
    }

    /// The 32-bit word of element `index`; `ordinal` counts the roundings within the operation on that element.
    [[nodiscard]] constexpr std::uint32_t word(std::uint64_t index, std::uint32_t ordinal = 0) const noexcept {
        const std::uint64_t i = offset + index;
        return block(i / 4, ordinal)[i % 4];
    }
};

}  // namespace halfulp
