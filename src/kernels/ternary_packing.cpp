#include "halfulp/codecs/ternary_packing.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <stdexcept>
#include <string>

#include "halfulp/kernels/backend.hpp"

namespace halfulp {
namespace {

constexpr std::size_t per_byte = trits_per_byte;

/// Five codes as one number, first code most significant.
int number_of(const std::uint8_t* codes, std::size_t count) noexcept {
    int v = 0;
    for (std::size_t k = 0; k < per_byte; ++k) v = 3 * v + (k < count ? codes[k] : 0);
    return v;
}

constexpr std::array<std::uint8_t, 243> bytes_of_numbers = [] {
    std::array<std::uint8_t, 243> bytes{};
    for (int v = 0; v < 243; ++v) bytes[static_cast<std::size_t>(v)] = base3_byte(v);
    return bytes;
}();

/// The five codes of each byte in the low bytes of a word.
constexpr std::array<std::uint64_t, 256> words_of_bytes = [] {
    std::array<std::uint64_t, 256> words{};
    for (std::size_t byte = 0; byte < words.size(); ++byte) {
        for (int k = 0; k < trits_per_byte; ++k)
            words[byte] |= std::uint64_t{base3_trit(static_cast<std::uint8_t>(byte), k)} << (8 * k);
    }
    return words;
}();

/// As a multiplier of five codes in the bytes of a word this makes byte 4 of the product Σ c_k 3^(4-k). No byte below carries into
/// it, since byte j holds at most 2 (3^j + … + 1) < 3^(j+1) <= 243.
constexpr std::uint64_t powers_of_three = 0x51'1B'09'03'01;

void check_codes(std::span<const std::uint8_t> codes) {
    std::uint8_t largest = 0;  // without a branch, so that compilers make vectors of it
    for (const std::uint8_t code : codes) largest = std::max(largest, code);
    if (largest <= 2) return;
    const auto bad = std::find_if(codes.begin(), codes.end(), [](std::uint8_t code) { return code > 2; });
    throw std::invalid_argument("codes[" + std::to_string(bad - codes.begin()) + "] is " + std::to_string(*bad) +
                                ", allowed: 0, 1, 2 (the trits -1, 0, 1)");
}

void check_bytes(std::span<const std::uint8_t> packed) {
    std::uint8_t largest = 0;
    for (const std::uint8_t byte : packed) largest = std::max(largest, static_cast<std::uint8_t>(byte * 243));
    if (largest < 243) return;
    const auto bad = std::find_if_not(packed.begin(), packed.end(), is_base3_byte);
    throw std::invalid_argument(
        "packed[" + std::to_string(bad - packed.begin()) + "] is " + std::to_string(*bad) +
        ", allowed: a byte that five trits make, the least whole number at or above 256 v / 243 for a v "
        "from 0 to 242");
}

/// How many bytes of packed trits are moved by whole words: the last ones may lie too near to the end of the codes for that.
std::size_t by_words(std::size_t codes) {
    const bool words = std::endian::native == std::endian::little && active_backend() != backend::scalar;
    return words && codes >= sizeof(std::uint64_t) ? (codes - sizeof(std::uint64_t)) / per_byte + 1 : 0;
}

}  // namespace

void pack_base3(std::span<const std::uint8_t> codes, std::span<std::uint8_t> out) {
    if (out.size() != packed_base3_size(codes.size())) {
        throw std::invalid_argument("out has " + std::to_string(out.size()) +
                                    " bytes, allowed: " + std::to_string(packed_base3_size(codes.size())) + " for " +
                                    std::to_string(codes.size()) + " trits");
    }
    check_codes(codes);
    const std::size_t roomy = by_words(codes.size());
    for (std::size_t i = 0; i < roomy; ++i) {
        std::uint64_t word = 0;
        std::memcpy(&word, codes.data() + per_byte * i, sizeof word);
        // What the word holds above its five codes does not reach down to byte 4.
        out[i] = bytes_of_numbers[word * powers_of_three >> 32 & 0xFF];
    }
    for (std::size_t i = roomy; i < out.size(); ++i)
        out[i] = base3_byte(number_of(codes.data() + per_byte * i, std::min(per_byte, codes.size() - per_byte * i)));
}

void unpack_base3(std::span<const std::uint8_t> packed, std::span<std::uint8_t> codes) {
    const std::size_t bytes = packed_base3_size(codes.size());
    if (packed.size() < bytes) {
        throw std::invalid_argument("packed has " + std::to_string(packed.size()) + " bytes, allowed: at least " +
                                    std::to_string(bytes) + " for " + std::to_string(codes.size()) + " trits");
    }
    check_bytes(packed.first(bytes));
    const std::size_t roomy = by_words(codes.size());
    for (std::size_t i = 0; i < roomy; ++i) {
        // What a word writes behind its five codes is overwritten by the next ones.
        std::memcpy(codes.data() + per_byte * i, &words_of_bytes[packed[i]], sizeof(std::uint64_t));
    }
    for (std::size_t at = per_byte * roomy; at < codes.size(); ++at)
        codes[at] = base3_trit(packed[at / per_byte], static_cast<int>(at % per_byte));
}

}  // namespace halfulp
