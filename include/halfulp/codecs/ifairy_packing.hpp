// The two orders in which iFairy's files hold the 2-bit codes of 256 weights, 64 bytes (EmbroiderSnow/ifairy.cpp). The codes are those of
// phase_codec.hpp; a block's file form has two binary16 scales, real and imaginary, behind these bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

namespace halfulp {

enum class ifairy_order : std::uint8_t {
    by_64,  ///< the current one: weight i in byte 16 ⌊i / 64⌋ + i mod 16, bits 2 (⌊i / 16⌋ mod 4)
    by_128,  ///< the older one: weight i in byte 32 ⌊i / 128⌋ + i mod 32, bits 2 (⌊i / 32⌋ mod 4)
};

inline constexpr std::size_t ifairy_weights = 256;
inline constexpr std::size_t ifairy_bytes = 64;

/// Packs whole blocks of 256 codes. Throws std::invalid_argument where sizes do not fit or a code is beyond 3, before anything is written.
inline void pack_ifairy(std::span<const std::uint8_t> codes, ifairy_order order, std::span<std::uint8_t> out) {
    if (codes.size() % ifairy_weights != 0) {
        throw std::invalid_argument("codes has " + std::to_string(codes.size()) +
                                    " elements, allowed: a multiple of 256");
    }
    if (out.size() != codes.size() / 4) {
        throw std::invalid_argument("out has " + std::to_string(out.size()) +
                                    " bytes, allowed: " + std::to_string(codes.size() / 4));
    }
    for (std::size_t i = 0; i < codes.size(); ++i) {
        if (codes[i] > 3) {
            throw std::invalid_argument("codes[" + std::to_string(i) + "] is " + std::to_string(codes[i]) +
                                        ", allowed: 0 to 3");
        }
    }
    // Four rows of `width` codes each lie above one another in as many bytes.
    const std::size_t width = order == ifairy_order::by_64 ? 16 : 32;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::uint8_t* first = codes.data() + i / width * 4 * width + i % width;
        out[i] =
            static_cast<std::uint8_t>(first[0] | first[width] << 2 | first[2 * width] << 4 | first[3 * width] << 6);
    }
}

/// The codes of whole blocks. Throws std::invalid_argument where sizes do not fit.
inline void unpack_ifairy(std::span<const std::uint8_t> packed, ifairy_order order, std::span<std::uint8_t> codes) {
    if (packed.size() % ifairy_bytes != 0) {
        throw std::invalid_argument("packed has " + std::to_string(packed.size()) +
                                    " bytes, allowed: a multiple of 64");
    }
    if (codes.size() != 4 * packed.size()) {
        throw std::invalid_argument("codes has " + std::to_string(codes.size()) +
                                    " elements, allowed: " + std::to_string(4 * packed.size()));
    }
    const std::size_t width = order == ifairy_order::by_64 ? 16 : 32;
    for (std::size_t i = 0; i < codes.size(); ++i) {
        const std::size_t row = i / width % 4;
        codes[i] = static_cast<std::uint8_t>(packed[i / (4 * width) * width + i % width] >> (2 * row) & 3);
    }
}

}  // namespace halfulp
