// Dense packing against a string of bits.
#include <catch2/catch_test_macros.hpp>

#include <random>
#include <vector>

#include "halfulp/codecs/pack.hpp"

using namespace halfulp;

TEST_CASE("pack writes the bits of a little-endian bit string and unpack reads them back, for every width") {
    std::mt19937_64 random(1);
    for (int bits = 1; bits <= 64; ++bits) {
        for (std::size_t count : {0u, 1u, 2u, 3u, 7u, 8u, 9u, 31u}) {
            INFO("bits " << bits << " count " << count);
            std::vector<std::uint64_t> codes(count);
            for (auto& code : codes) code = random() & low_ones(bits);
            std::vector<std::uint8_t> expected(packed_size(count, bits), 0);
            CHECK(expected.size() == (count * static_cast<std::size_t>(bits) + 7) / 8);
            for (std::size_t i = 0; i < count; ++i) {
                for (int b = 0; b < bits; ++b) {
                    const std::size_t place = i * static_cast<std::size_t>(bits) + static_cast<std::size_t>(b);
                    if ((codes[i] >> b & 1) != 0)
                        expected[place / 8] = static_cast<std::uint8_t>(expected[place / 8] | 1u << place % 8);
                }
            }
            std::vector<std::uint8_t> packed(expected.size(), 0xFF);
            pack(std::span<const std::uint64_t>(codes), bits, std::span<std::uint8_t>(packed));
            CHECK(packed == expected);
            std::vector<std::uint64_t> back(count, 1);
            unpack(std::span<const std::uint8_t>(packed), bits, std::span<std::uint64_t>(back));
            CHECK(back == codes);
        }
    }
}

TEST_CASE("two nibbles: the first code lies in the low one") {
    const std::vector<std::uint8_t> codes{0x1, 0xF, 0x7};
    std::vector<std::uint8_t> packed(2);
    pack(std::span<const std::uint8_t>(codes), 4, std::span<std::uint8_t>(packed));
    CHECK(packed == std::vector<std::uint8_t>{0xF1, 0x07});
}

TEST_CASE("packing refuses wrong sizes and codes that are too wide") {
    const std::vector<std::uint8_t> codes{1, 16};
    std::vector<std::uint8_t> out(1);
    CHECK_THROWS_AS(pack(std::span<const std::uint8_t>(codes), 4, std::span<std::uint8_t>(out)), std::invalid_argument);
    CHECK_THROWS_AS(pack(std::span<const std::uint8_t>(codes), 8, std::span<std::uint8_t>(out)), std::invalid_argument);
    CHECK_THROWS_AS(pack(std::span<const std::uint8_t>(codes), 0, std::span<std::uint8_t>(out)), std::invalid_argument);
    std::vector<std::uint8_t> codes_out(3);
    CHECK_THROWS_AS(unpack(std::span<const std::uint8_t>(out), 4, std::span<std::uint8_t>(codes_out)),
                    std::invalid_argument);
    CHECK_THROWS_AS(unpack(std::span<const std::uint8_t>(out), 9, std::span<std::uint8_t>(codes_out)),
                    std::invalid_argument);
}
