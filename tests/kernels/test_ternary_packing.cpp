// Base-3 packing against digits and a search for the byte, on every backend; bytes of llama.cpp's TQ1_0 as anchors.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "halfulp/codecs/ternary_packing.hpp"
#include "support/backends.hpp"

using namespace halfulp;

namespace {

constexpr std::size_t skipped = 3;  // a place in memory that is aligned to nothing
constexpr std::uint8_t canary = 0xA5;

using trits = std::array<std::uint8_t, 5>;

/// Every five trits, and the least byte b with b / 256 >= v / 243.
std::map<trits, std::uint8_t> every_byte() {
    std::map<trits, std::uint8_t> bytes;
    trits t{};
    for (t[0] = 0; t[0] < 3; ++t[0]) {
        for (t[1] = 0; t[1] < 3; ++t[1]) {
            for (t[2] = 0; t[2] < 3; ++t[2]) {
                for (t[3] = 0; t[3] < 3; ++t[3]) {
                    for (t[4] = 0; t[4] < 3; ++t[4]) {
                        const int v = 81 * t[0] + 27 * t[1] + 9 * t[2] + 3 * t[3] + t[4];
                        int byte = 0;
                        while (byte * 243 < v * 256) ++byte;
                        bytes[t] = static_cast<std::uint8_t>(byte);
                    }
                }
            }
        }
    }
    return bytes;
}

std::vector<std::uint8_t> packed_slowly(const std::map<trits, std::uint8_t>& bytes, std::vector<std::uint8_t> codes) {
    while (codes.size() % 5 != 0) codes.push_back(0);
    std::vector<std::uint8_t> packed;
    for (auto at = codes.begin(); at != codes.end(); at += 5) {
        trits t{};
        std::copy(at, at + 5, t.begin());
        packed.push_back(bytes.at(t));
    }
    return packed;
}

template <class Call>
std::string error_of(const Call& call) {
    try {
        call();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "none";
}

}  // namespace

TEST_CASE("a byte holds five trits, the first most significant, and 13 bytes hold none") {
    const auto bytes = every_byte();
    std::array<bool, 256> made{};
    for (const auto& [t, byte] : bytes) {
        CAPTURE(byte);
        REQUIRE(base3_byte(81 * t[0] + 27 * t[1] + 9 * t[2] + 3 * t[3] + t[4]) == byte);
        for (int k = 0; k < 5; ++k) REQUIRE(base3_trit(byte, k) == t[static_cast<std::size_t>(k)]);
        made[byte] = true;
    }
    CHECK(std::ranges::count(made, true) == 243);
    for (int byte = 0; byte < 256; ++byte) {
        CHECK(is_base3_byte(static_cast<std::uint8_t>(byte)) == made[static_cast<std::size_t>(byte)]);
        for (int k = 0; k < 5; ++k) CHECK(base3_trit(static_cast<std::uint8_t>(byte), k) <= 2);
    }
    // What llama.cpp writes for five zeros, for five of the largest value and for one of them in front of four of its negatives.
    CHECK(base3_byte(121) == 0x80);
    CHECK(base3_byte(242) == 0xFF);
    CHECK(base3_byte(162) == 0xAB);
    STATIC_CHECK(packed_base3_size(0) == 0);
    STATIC_CHECK(packed_base3_size(5) == 1);
    STATIC_CHECK(packed_base3_size(6) == 2);
    STATIC_CHECK(packed_base3_size(~std::uint64_t{0}) == 3689348814741910323u);
}

TEST_CASE("trits pack five in a byte and come back on every backend, for every count") {
    const auto bytes = every_byte();
    for (const backend b : available_backends()) {
        const tests::forced_backend forced(b);
        INFO(to_string(b));
        std::mt19937 random(3);
        for (std::size_t count = 0; count < 200; ++count) {
            CAPTURE(count);
            std::vector<std::uint8_t> codes(count);
            for (std::uint8_t& code : codes) code = static_cast<std::uint8_t>(random() % 3);
            const std::vector<std::uint8_t> expected = packed_slowly(bytes, codes);
            REQUIRE(packed_base3_size(count) == expected.size());

            std::vector<std::uint8_t> shifted(skipped + count);
            std::ranges::copy(codes, shifted.begin() + skipped);
            std::vector<std::uint8_t> packed(skipped + expected.size() + 1, canary);
            const std::span<std::uint8_t> to = std::span(packed).subspan(skipped, expected.size());
            pack_base3(std::span(shifted).subspan(skipped), to);
            REQUIRE(std::ranges::equal(to, expected));
            REQUIRE(packed.back() == canary);
            REQUIRE(packed[skipped - 1] == canary);

            // What follows the last byte, here the canary, which no five trits make, is not looked at.
            REQUIRE_FALSE(is_base3_byte(0x14));
            packed.back() = 0x14;
            std::vector<std::uint8_t> back(skipped + count + 8, canary);
            unpack_base3(std::span(packed).subspan(skipped), std::span(back).subspan(skipped, count));
            REQUIRE(std::equal(codes.begin(), codes.end(), back.begin() + skipped));
            REQUIRE(std::count(back.begin() + skipped + static_cast<std::ptrdiff_t>(count), back.end(), canary) == 8);
            REQUIRE(back[skipped - 1] == canary);
        }
    }
}

TEST_CASE("every five trits pack at every place of a word on every backend") {
    const auto bytes = every_byte();
    std::vector<std::uint8_t> codes;
    std::vector<std::uint8_t> expected;
    for (const auto& [t, byte] : bytes) {
        codes.insert(codes.end(), t.begin(), t.end());
        expected.push_back(byte);
    }
    for (const backend b : available_backends()) {
        const tests::forced_backend forced(b);
        INFO(to_string(b));
        for (std::size_t turn = 0; turn < expected.size(); ++turn) {
            std::vector<std::uint8_t> packed(expected.size());
            pack_base3(codes, packed);
            REQUIRE(packed == expected);
            std::vector<std::uint8_t> back(codes.size());
            unpack_base3(packed, back);
            REQUIRE(back == codes);
            std::rotate(codes.begin(), codes.begin() + 5, codes.end());
            std::rotate(expected.begin(), expected.begin() + 1, expected.end());
        }
    }
}

TEST_CASE("base-3 packing names a code beyond 2, a byte of no five trits and a wrong size, and writes nothing then") {
    for (const backend b : available_backends()) {
        const tests::forced_backend forced(b);
        INFO(to_string(b));
        for (const std::size_t count : {std::size_t{1}, std::size_t{5}, std::size_t{64}, std::size_t{1003}}) {
            for (std::size_t wrong = 0; wrong < count; wrong += 1 + count / 9) {
                CAPTURE(count, wrong);
                std::vector<std::uint8_t> codes(count, 2);
                std::vector<std::uint8_t> packed(packed_base3_size(count), canary);
                for (const int code : {3, 4, 128, 255}) {
                    codes[wrong] = static_cast<std::uint8_t>(code);
                    const std::string said = error_of([&] { pack_base3(codes, packed); });
                    REQUIRE(said.starts_with("codes[" + std::to_string(wrong) + "] is " + std::to_string(code) + ","));
                    REQUIRE(said.find("allowed: 0, 1, 2") != std::string::npos);
                }
                REQUIRE(std::ranges::count(packed, canary) == static_cast<std::ptrdiff_t>(packed.size()));

                codes.assign(count, canary);
                packed.assign(packed.size(), 0x80);
                for (const int byte : {0x14, 0xED}) {
                    REQUIRE_FALSE(is_base3_byte(static_cast<std::uint8_t>(byte)));
                    packed[wrong / 5] = static_cast<std::uint8_t>(byte);
                    const std::string said = error_of([&] { unpack_base3(packed, codes); });
                    const std::string place = std::to_string(wrong / 5);
                    REQUIRE(said.starts_with("packed[" + place + "] is " + std::to_string(byte) + ", allowed"));
                }
                REQUIRE(std::ranges::count(codes, canary) == static_cast<std::ptrdiff_t>(count));
            }
        }
        const std::vector<std::uint8_t> codes(11, 1);
        std::vector<std::uint8_t> out(12, canary);
        for (const std::size_t size : {0u, 2u, 4u}) {
            const std::string said = error_of([&] { pack_base3(codes, std::span(out).first(size)); });
            CHECK(said == "out has " + std::to_string(size) + " bytes, allowed: 3 for 11 trits");
        }
        const std::vector<std::uint8_t> packed(2, 0x80);
        CHECK(error_of([&] { unpack_base3(packed, std::span(out).first(11)); }) ==
              "packed has 2 bytes, allowed: at least 3 for 11 trits");
        CHECK(std::ranges::count(out, canary) == 12);
    }
}
