// pack_codes and unpack_codes against the definition in codecs/pack.hpp: every bit and every error, on every backend.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "halfulp/kernels/pack.hpp"
#include "support/backends.hpp"

using namespace halfulp;

namespace {

/// A place in memory that is aligned to nothing: the vector's first elements are skipped.
constexpr std::size_t skipped = 3;
constexpr std::uint8_t canary = 0xA5;

template <class Call>
std::string error_of(const Call& call) {
    try {
        call();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "none";
}

template <class C>
void compare(std::mt19937_64& random, std::size_t count, int bits) {
    CAPTURE(count, bits, sizeof(C));
    std::vector<C> codes(skipped + count);
    for (C& code : codes) code = static_cast<C>(random() & low_ones(bits));
    const std::span<const C> in = std::span<const C>(codes).subspan(skipped);
    const std::size_t bytes = packed_size(count, bits);
    std::vector<std::uint8_t> expected(bytes);
    pack(in, bits, std::span(expected));

    std::vector<std::uint8_t> packed(skipped + bytes + 1, canary);
    pack_codes(in, bits, std::span(packed).subspan(skipped, bytes));
    REQUIRE(std::equal(expected.begin(), expected.end(), packed.begin() + skipped));
    REQUIRE(packed.back() == canary);

    // What follows the codes, here the canary and bits of the last byte, is not looked at.
    if (bytes > 0 && count * static_cast<std::size_t>(bits) % 8 != 0) packed[skipped + bytes - 1] |= 0x80;
    std::vector<C> back(skipped + count + 1, C{canary});
    const std::span<const std::uint8_t> from = std::span<const std::uint8_t>(packed).subspan(skipped);
    unpack_codes(from, bits, std::span(back).subspan(skipped, count));
    REQUIRE(std::equal(in.begin(), in.end(), back.begin() + skipped));
    REQUIRE(back.back() == canary);
}

}  // namespace

TEST_CASE("packing arrays gives the definition's bits on every backend, for every width and count") {
    for (const backend b : available_backends()) {
        const tests::forced_backend forced(b);
        INFO(to_string(b));
        std::mt19937_64 random(4);
        for (std::size_t count = 0; count < 300; ++count) {
            compare<std::uint8_t>(random, count, 4);
            compare<std::uint16_t>(random, count, 4);
            compare<std::uint8_t>(random, count, 1 + static_cast<int>(count % 8));
            compare<std::uint64_t>(random, count, 1 + static_cast<int>(count % 64));
        }
        for (int bits = 1; bits <= 16; ++bits) {
            for (std::size_t count = 0; count < 40; ++count) {
                if (bits <= 8) compare<std::uint8_t>(random, count, bits);
                compare<std::uint16_t>(random, count, bits);
            }
            if (bits <= 8) compare<std::uint8_t>(random, 100'001, bits);
            compare<std::uint16_t>(random, 10'007, bits);
        }
        compare<std::uint32_t>(random, 1001, 19);
    }
}

TEST_CASE("every pair of 4-bit codes packs and unpacks on every backend, at every place of a vector") {
    for (const backend b : available_backends()) {
        const tests::forced_backend forced(b);
        INFO(to_string(b));
        std::vector<std::uint8_t> codes;
        std::vector<std::uint8_t> expected;
        for (int pair = 0; pair < 256; ++pair) {
            codes.push_back(static_cast<std::uint8_t>(pair & 0x0F));
            codes.push_back(static_cast<std::uint8_t>(pair >> 4));
            expected.push_back(static_cast<std::uint8_t>(pair));
        }
        for (std::size_t turn = 0; turn < 64; ++turn) {
            std::vector<std::uint8_t> packed(expected.size());
            pack_codes(std::span<const std::uint8_t>(codes), 4, std::span(packed));
            REQUIRE(packed == expected);
            std::vector<std::uint8_t> back(codes.size());
            unpack_codes(std::span<const std::uint8_t>(packed), 4, std::span(back));
            REQUIRE(back == codes);
            std::rotate(codes.begin(), codes.begin() + 2, codes.end());
            std::rotate(expected.begin(), expected.begin() + 1, expected.end());
        }
    }
}

TEST_CASE("packing arrays refuses what the definition refuses, with its words, and writes nothing then") {
    for (const backend b : available_backends()) {
        const tests::forced_backend forced(b);
        INFO(to_string(b));
        for (const std::size_t count : {std::size_t{1}, std::size_t{2}, std::size_t{129}, std::size_t{1000}}) {
            for (std::size_t wrong = 0; wrong < count; wrong += 1 + count / 7) {
                for (const int code : {16, 17, 32, 128, 255}) {
                    CAPTURE(count, wrong, code);
                    std::vector<std::uint8_t> codes(count, 7);
                    codes[wrong] = static_cast<std::uint8_t>(code);
                    std::vector<std::uint8_t> out(packed_size(count, 4), canary);
                    const std::span<const std::uint8_t> in(codes);
                    const std::string said = error_of([&] { pack_codes(in, 4, std::span(out)); });
                    REQUIRE(said == error_of([&] { pack(in, 4, std::span(out)); }));
                    REQUIRE(said.starts_with("codes[" + std::to_string(wrong) + "] is " + std::to_string(code)));
                    REQUIRE(std::ranges::count(out, canary) == static_cast<std::ptrdiff_t>(out.size()));
                }
            }
        }
        const std::vector<std::uint8_t> some(6, 1);
        std::vector<std::uint8_t> out(6, canary);
        const std::span<const std::uint8_t> in(some);
        for (const int bits : {-1, 0, 4, 65}) {
            for (const std::size_t size : {std::size_t{0}, std::size_t{2}, std::size_t{4}}) {
                const std::span<std::uint8_t> to = std::span(out).first(size);
                CAPTURE(bits, size);
                const std::string said = error_of([&] { pack_codes(in, bits, to); });
                CHECK(said != "none");
                CHECK(said == error_of([&] { pack(in, bits, to); }));
            }
        }
        for (const int bits : {-1, 0, 9, 64}) {
            const std::string said = error_of([&] { unpack_codes(in, bits, std::span(out)); });
            CHECK(said != "none");
            CHECK(said == error_of([&] { unpack(in, bits, std::span(out)); }));
        }
        for (const std::size_t bytes : {std::size_t{0}, std::size_t{2}}) {
            const std::string said = error_of([&] { unpack_codes(in.first(bytes), 4, std::span(out)); });
            CHECK(said != "none");
            CHECK(said == error_of([&] { unpack(in.first(bytes), 4, std::span(out)); }));
        }
        CHECK(std::ranges::count(out, canary) == static_cast<std::ptrdiff_t>(out.size()));
    }
}
