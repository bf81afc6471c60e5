// llama.cpp's blocks against a slow reading of their description, value by value: binary32 operations are done in binary64 and rounded
// (53 >= 2·24 + 2 bits, so once is enough), binary16 by a search. tests/python/test_ggml.py holds both to llama.cpp's own bytes.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "halfulp/blocks/ggml.hpp"
#include "kernels/hostile_environment.hpp"
#include "kernels/support/backends.hpp"

using namespace halfulp;

namespace {

using bytes = std::vector<std::uint8_t>;

constexpr std::array written{ggml_type::q4_0, ggml_type::q8_0, ggml_type::tq1_0, ggml_type::tq2_0};

float rounded(double exact) { return static_cast<float>(exact); }

/// binary16, magnitude: code / 2^24 in the lowest two binades' grid, and 10 fraction bits above.
double half_value(int code) {
    const int sign = code >> 15;
    const int exponent = code >> 10 & 31;
    const int fraction = code & 1023;
    double magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    if (exponent == 31)
        magnitude = fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
    return sign != 0 ? -magnitude : magnitude;
}

/// The nearest binary16 number, ties to even, overflow to infinity.
int half_code(float x) {
    int below = 0;
    int above = 0x7C00;
    const double magnitude = std::fabs(static_cast<double>(x));
    while (above - below > 1) (half_value((below + above) / 2) <= magnitude ? below : above) = (below + above) / 2;
    const double next = above == 0x7C00 ? 65536.0 : half_value(above);
    const double middle = (half_value(below) + next) / 2;
    const bool up = magnitude > middle || (magnitude == middle && below % 2 != 0);
    return (up ? above : below) | (std::signbit(x) ? 0x8000 : 0);
}

int power_of_three(std::size_t k) { return k == 0 ? 1 : 3 * power_of_three(k - 1); }

/// The integer of value i in a block, where q times a scale is its value.
int integer(ggml_type type, const std::uint8_t* block, std::size_t i) {
    const auto nibble = [&](std::size_t from) { return block[from + i % 16] >> (i / 16 * 4) & 15; };
    const auto fifth = [&](std::size_t from) { return (block[from + i / 8] >> i % 8 & 1) * 16; };
    const auto trit = [&](std::size_t byte, std::size_t k) {
        return block[byte] * power_of_three(k) % 256 * 3 / 256 - 1;
    };
    switch (type) {
        case ggml_type::q4_0: return nibble(2) - 8;
        case ggml_type::q4_1: return nibble(4);
        case ggml_type::q5_0: return nibble(6) + fifth(2) - 16;
        case ggml_type::q5_1: return nibble(8) + fifth(4);
        case ggml_type::q8_0: return block[2 + i] < 128 ? block[2 + i] : block[2 + i] - 256;
        case ggml_type::tq1_0:
            if (i < 160) return trit(i % 32, i / 32);
            if (i < 240) return trit(32 + (i - 160) % 16, (i - 160) / 16);
            return trit(48 + (i - 240) % 4, (i - 240) / 4);
        case ggml_type::tq2_0: return (block[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3) - 1;
        case ggml_type::q4_k: return block[16 + i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4) & 15;
        case ggml_type::q6_k: {
            const std::size_t l = i % 128;
            const int low = block[i / 128 * 64 + l % 64] >> (l / 64 * 4) & 15;
            const int high = block[128 + i / 128 * 32 + l % 32] >> (l / 32 * 2) & 3;
            return low + 16 * high - 32;
        }
        case ggml_type::iq4_nl: {
            constexpr int levels[] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
            return levels[nibble(2)];
        }
        case ggml_type::mxfp4:
        case ggml_type::nvfp4: {
            constexpr int twice[] = {0, 1, 2, 3, 4, 6, 8, 12};
            const bool large = type == ggml_type::nvfp4;
            const int code = large ? block[4 + i / 16 * 8 + i % 8] >> (i % 16 / 8 * 4) & 15 : nibble(1);
            return code < 8 ? twice[code] : -twice[code - 8];
        }
    }
    throw std::logic_error("no such type");
}

double half_at(const std::uint8_t* block, std::size_t at) { return half_value(block[at] | block[at + 1] << 8); }

/// A value of a block, as binary32.
float value(ggml_type type, const std::uint8_t* block, std::size_t i) {
    const double q = integer(type, block, i);
    switch (type) {
        case ggml_type::q4_1:
        case ggml_type::q5_1: return rounded(rounded(half_at(block, 0) * q) + half_at(block, 2));
        case ggml_type::tq1_0: return rounded(half_at(block, 52) * q);
        case ggml_type::tq2_0: return rounded(half_at(block, 64) * q);
        case ggml_type::q4_k: {
            const std::uint8_t* s = block + 4;
            const std::size_t j = i / 32;
            const int scale = j < 4 ? s[j] & 63 : (s[j + 4] & 15) | s[j - 4] >> 6 << 4;
            const int minimum = j < 4 ? s[j + 4] & 63 : s[j + 4] >> 4 | s[j] >> 6 << 4;
            const float product = rounded(rounded(half_at(block, 0) * scale) * q);
            return rounded(static_cast<double>(product) - rounded(half_at(block, 2) * minimum));
        }
        case ggml_type::q6_k: {
            const int byte = block[192 + i / 16];
            return rounded(rounded(half_at(block, 208) * (byte < 128 ? byte : byte - 256)) * q);
        }
        case ggml_type::mxfp4: return rounded(std::ldexp(q, block[0] - 128));  // q has no -0, and so the value
        case ggml_type::nvfp4: {
            const int code = block[i / 16];
            const int exponent = code >> 3 & 15;
            const int fraction = code & 7;
            const double scale = exponent == 0 ? std::ldexp(fraction, -9) : std::ldexp(8 + fraction, exponent - 10);
            return code == 0x7F ? rounded(0 * q) : rounded(scale / 2 * q);
        }
        default: return rounded(half_at(block, 0) * q);
    }
}

/// What llama.cpp makes of a block, as far as integers and the scale go.
struct quantized_block {
    float scale;
    std::vector<int> integers;
};

quantized_block quantized(ggml_type type, const float* x) {
    const std::size_t count = ggml_block(type).values;
    float largest = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (std::fabs(x[i]) > std::fabs(largest)) largest = x[i];
    }
    quantized_block result{std::fabs(largest), std::vector<int>(count)};
    if (type == ggml_type::q4_0) result.scale = rounded(static_cast<double>(largest) / -8);
    if (type == ggml_type::q8_0) result.scale = rounded(static_cast<double>(std::fabs(largest)) / 127);
    const float inverse = result.scale == 0 ? 0 : rounded(1.0 / static_cast<double>(result.scale));
    for (std::size_t i = 0; i < count; ++i) {
        const float y = rounded(static_cast<double>(x[i]) * static_cast<double>(inverse));
        int& q = result.integers[i];
        if (std::isinf(inverse)) {
            q = type == ggml_type::q4_0 ? -8 : 0;
        } else if (type == ggml_type::q4_0) {
            q = std::min(15, static_cast<int>(rounded(static_cast<double>(y) + 8.5))) - 8;
        } else {
            q = static_cast<int>(std::lround(y));
        }
    }
    return result;
}

std::size_t place_of_scale(ggml_type type) { return type == ggml_type::tq1_0 ? 52 : type == ggml_type::tq2_0 ? 64 : 0; }

/// Finite numbers of every kind: any bits, a bell, outliers, subnormals, zeros, the largest, ties, and scales about binary16's limits.
std::vector<float> samples(std::size_t count, unsigned kind, std::mt19937& random) {
    std::normal_distribution<float> bell;
    std::vector<float> x(count);
    const auto small = [&](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
    const auto sign = [&] { return random() % 2 == 0 ? 1.0f : -1.0f; };
    for (std::size_t i = 0; i < count; ++i) {
        const int step = static_cast<int>(i / 256);
        switch (kind) {
            case 0: x[i] = std::bit_cast<float>(static_cast<std::uint32_t>(random())); break;
            case 1: x[i] = bell(random); break;
            case 2: x[i] = bell(random) * (small(64) == 0 ? 100.0f : 1.0f); break;
            case 3: x[i] = std::bit_cast<float>(static_cast<std::uint32_t>(random()) & 0x807FFFFFu); break;
            case 4: x[i] = sign() * 0.0f; break;
            case 5:
                x[i] = std::bit_cast<float>((static_cast<std::uint32_t>(random()) & 0x80FFFFFFu) | 0x7E800000u);
                break;
            case 6: x[i] = static_cast<float>(small(33) - 16) / 2; break;
            case 7: x[i] = static_cast<float>(small(509) - 254) / 2; break;
            case 8: x[i] = static_cast<float>(small(5) - 2) / 2; break;
            case 9: x[i] = bell(random) * std::ldexp(1.0f, step % 270 - 150); break;
            case 10: x[i] = std::ldexp(sign() * static_cast<float>(small(17)), step % 6 - 132); break;
            case 11: x[i] = std::ldexp(static_cast<float>(small(4097) - 2048), step % 40 - 40); break;
            case 12: x[i] = sign() * std::nextafter(65520.0f, sign() * 1e9f) * (step % 2 == 0 ? 1 : 8); break;
            default: x[i] = sign() * (i % 256 == 7 ? 1.0f : std::nextafter(0.5f, static_cast<float>(small(2))));
        }
        if (!std::isfinite(x[i])) x[i] = std::numeric_limits<float>::max();
    }
    return x;
}
constexpr unsigned kinds = 14;

bytes quantize(ggml_type type, const std::vector<float>& x, int threads = 1) {
    bytes out(x.size() / ggml_block(type).values * ggml_block(type).bytes, 0xA5);
    ggml_quantize(type, x, out, threads);
    return out;
}

bool same(float a, float b) {
    return std::isnan(a) ? std::isnan(b) : std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

std::string error_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "none";
}

}  // namespace

TEST_CASE("ggml's types have its names, its numbers and its sizes of blocks") {
    CHECK(ggml_types.size() == 12);
    CHECK(std::ranges::is_sorted(ggml_types));
    for (const ggml_type type : ggml_types) {
        CHECK(parse_ggml_type(to_string(type)) == type);
        CHECK(is_written(type) == (std::ranges::find(written, type) != written.end()));
    }
    CHECK(parse_ggml_type("q4_k") == ggml_type::q4_k);
    CHECK(parse_ggml_type("Iq4_nL") == ggml_type::iq4_nl);
    CHECK(to_string(ggml_type::q6_k) == "Q6_K");
    CHECK(static_cast<int>(ggml_type::tq1_0) == 34);
    CHECK(ggml_block(ggml_type::q4_0) == ggml_block_size{32, 18});
    CHECK(ggml_block(ggml_type::q6_k) == ggml_block_size{256, 210});
    CHECK(ggml_block(ggml_type::nvfp4) == ggml_block_size{64, 36});
    CHECK(error_of([] { parse_ggml_type("Q3_K"); }) ==
          "type is 'Q3_K', allowed: Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q6_K, IQ4_NL, TQ1_0, TQ2_0, MXFP4, NVFP4");
    CHECK(error_of([] { parse_ggml_type("Q4_"); }).starts_with("type is 'Q4_'"));
}

TEST_CASE("quantizing to ggml's blocks is llama.cpp's arithmetic on every backend") {
    for (const backend b : available_backends()) {
        const tests::forced_backend forced(b);
        for (const ggml_type type : written) {
            const auto [values, size] = ggml_block(type);
            std::mt19937 random(5);
            for (unsigned kind = 0; kind < kinds; ++kind) {
                const std::vector<float> x = samples(256 * 280, kind, random);
                const bytes out = quantize(type, x);
                for (std::size_t block = 0; block * values < x.size(); ++block) {
                    const quantized_block expected = quantized(type, x.data() + block * values);
                    const std::uint8_t* got = out.data() + block * size;
                    INFO(to_string(b) << ' ' << to_string(type) << " kind " << kind << " block " << block);
                    const std::size_t at = place_of_scale(type);
                    REQUIRE((got[at] | got[at + 1] << 8) == half_code(expected.scale));
                    for (std::size_t i = 0; i < values; ++i) {
                        if (integer(type, got, i) != expected.integers[i]) {
                            CAPTURE(i, x[block * values + i]);
                            REQUIRE(integer(type, got, i) == expected.integers[i]);
                        }
                    }
                }
                if (type ==
                    ggml_type::
                        tq1_0) {  // the fifth trit of the last four bytes is a 0, and all bytes are made of trits
                    for (std::size_t i = 0; i < out.size(); ++i) {
                        const std::size_t at = i % size;
                        if (at >= 52) continue;
                        const int v = out[i] * 243 / 256;
                        REQUIRE((v * 256 + 242) / 243 == out[i]);
                        if (at >= 48) REQUIRE(v % 3 == 0);
                    }
                }
            }
        }
    }
}

TEST_CASE("bytes that llama.cpp's C code wrote") {
    // x_i = (i mod 7 - 3) (1 + (i mod 5) / 4): the largest magnitude is 6, first as -6 at i = 14.
    std::vector<float> x(256);
    for (std::size_t i = 0; i < x.size(); ++i)
        x[i] = static_cast<float>(static_cast<int>(i % 7) - 3) * (1 + static_cast<float>(i % 5) / 4);
    const auto first = [&](ggml_type type, std::size_t count) {
        const bytes all = quantize(type, x);
        return bytes(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count));
    };
    CHECK(first(ggml_type::q4_0, 18) == bytes{0x00, 0x3A, 0x64, 0x85, 0xA6, 0xD8, 0xCB, 0x3B, 0x4D, 0x62, 0x83, 0x95,
                                              0xB8, 0xEA, 0x1C, 0x3F, 0x70, 0x85});
    CHECK(first(ggml_type::q8_0, 34) == bytes{0x0C, 0x2A, 0xC0, 0xCB, 0xE0, 0x00, 0x2A, 0x2A, 0x4F, 0xA1, 0xB6, 0xD6,
                                              0x00, 0x1A, 0x40, 0x6F, 0x81, 0xD6, 0xE6, 0x00, 0x25, 0x55, 0x40, 0xB1,
                                              0xC0, 0xDB, 0x00, 0x15, 0x35, 0x5F, 0x91, 0xAB, 0xEB, 0x00});
    CHECK(first(ggml_type::tq1_0, 12) == bytes{0x21, 0xA0, 0x99, 0x60, 0x8B, 0x88, 0xCB, 0x2E, 0x2E, 0x99, 0x65, 0x65});
    CHECK(first(ggml_type::tq2_0, 12) == bytes{0x44, 0x99, 0x19, 0x11, 0x65, 0x65, 0x46, 0x94, 0x94, 0x19, 0x51, 0x51});
    const bytes trits = quantize(ggml_type::tq1_0, x);
    CHECK(bytes(trits.begin() + 46, trits.end()) == bytes{0xD7, 0x2D, 0x98, 0x5F, 0x7F, 0xDE, 0x00, 0x46});
}

TEST_CASE("dequantizing reads every type as its description says") {
    std::mt19937 random(6);
    for (const ggml_type type : ggml_types) {
        const auto [values, size] = ggml_block(type);
        constexpr std::size_t blocks = 1500;
        bytes in(blocks * size);
        for (std::uint8_t& byte : in) byte = static_cast<std::uint8_t>(random());
        std::vector<float> out(blocks * values);
        ggml_dequantize(type, in, out);
        for (std::size_t i = 0; i < out.size(); ++i) {
            const float expected = value(type, in.data() + i / values * size, i % values);
            if (same(out[i], expected)) continue;
            INFO(to_string(type) << " block " << i / values << " value " << i % values);
            REQUIRE(out[i] == expected);
        }
    }
}

TEST_CASE("blocks come apart into codes and scales and go together again") {
    std::mt19937 random(7);
    for (const ggml_type type : written) {
        INFO(to_string(type));
        const auto [values, size] = ggml_block(type);
        constexpr std::size_t blocks = 40;
        const ggml_code_range range = ggml_codes(type);
        std::vector<std::int8_t> codes(blocks * values);
        for (std::int8_t& code : codes) {
            const auto drawn = static_cast<int>(random() % static_cast<unsigned>(range.highest - range.lowest + 1));
            code = static_cast<std::int8_t>(range.lowest + drawn);
        }
        std::vector<std::uint16_t> scales(blocks);
        for (std::uint16_t& scale : scales) scale = static_cast<std::uint16_t>(random());
        bytes packed(blocks * size, 0xA5);
        ggml_pack(type, codes, scales, packed);
        for (std::size_t i = 0; i < codes.size(); ++i)
            REQUIRE(integer(type, packed.data() + i / values * size, i % values) == codes[i]);
        std::vector<std::int8_t> codes_back(codes.size());
        std::vector<std::uint16_t> scales_back(scales.size());
        ggml_unpack(type, packed, codes_back, scales_back);
        CHECK(codes_back == codes);
        CHECK(scales_back == scales);

        for (const int beyond : {range.lowest - 1, range.highest + 1}) {
            if (beyond < -128 || beyond > 127) continue;
            std::vector<std::int8_t> wrong = codes;
            wrong[33] = static_cast<std::int8_t>(beyond);
            bytes untouched(packed.size(), 0xA5);
            CHECK(error_of([&] {
                      ggml_pack(type, wrong, scales, untouched);
                  }).starts_with("codes[33] is " + std::to_string(beyond) + ", allowed in "));
            CHECK(std::ranges::count(untouched, 0xA5) == static_cast<std::ptrdiff_t>(untouched.size()));
        }
    }
}

TEST_CASE("ggml's blocks do not depend on the caller's floating-point environment nor on threads") {
    std::mt19937 random(8);
    for (const ggml_type type : ggml_types) {
        const auto [values, size] = ggml_block(type);
        constexpr std::size_t blocks = 2200;
        bytes in(blocks * size);
        for (std::uint8_t& byte : in) byte = static_cast<std::uint8_t>(random());
        for (std::size_t i = 0; i < in.size(); i += size) in[i] %= 4;  // MXFP4's scales among the smallest
        std::vector<float> expected(blocks * values);
        ggml_dequantize(type, in, expected);
        std::vector<float> out(expected.size());
        bool kept = false;
        {
            const tests::hostile_environment hostile;
            ggml_dequantize(type, in, out);
            kept = hostile.still_set();
        }
        INFO(to_string(type));
        CHECK(kept);
        CHECK(std::ranges::equal(out, expected, same));
        std::ranges::fill(out, 1.0f);
        ggml_dequantize(type, in, out, 3);
        CHECK(std::ranges::equal(out, expected, same));
        if (!is_written(type)) continue;
        for (const unsigned kind : {1u, 3u, 5u, 9u}) {
            const std::vector<float> x = samples(256 * 270, kind, random);
            const bytes once = quantize(type, x);
            bytes again;
            {
                const tests::hostile_environment hostile;
                again = quantize(type, x);
                kept = hostile.still_set();
            }
            CHECK(kept);
            CHECK(again == once);
            CHECK(quantize(type, x, 3) == once);
        }
    }
}

TEST_CASE("ggml's blocks refuse what is not finite and sizes that do not fit") {
    for (const ggml_type type : written) {
        const std::size_t values = ggml_block(type).values;
        const std::size_t size = ggml_block(type).bytes;
        const std::string name(to_string(type));
        for (const std::size_t wrong : {std::size_t{0}, values - 1, values, 70 * values + 5}) {
            for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::quiet_NaN(),
                                    std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()}) {
                std::vector<float> x(80 * values, 1.0f);
                x[wrong] = bad;
                x.back() = bad;
                CAPTURE(name, wrong, bad);
                CHECK(error_of([&] { quantize(type, x); }) ==
                      "x[" + std::to_string(wrong) + "] (counted in C order) is " +
                          (std::isnan(bad) ? "NaN" : "infinite") + ", allowed in " + name + ": finite numbers");
            }
        }
        const std::vector<float> x(2 * values + 1, 1.0f);
        bytes out(2 * size + 1);
        const std::string length = std::to_string(values);
        CHECK(error_of([&] { ggml_quantize(type, x, out); }) == "x has " + std::to_string(x.size()) +
                                                                    " elements, allowed: a multiple of " + length +
                                                                    ", the length of a block of " + name);
        const std::span<const float> two = std::span(x).first(2 * values);
        CHECK(error_of([&] { ggml_quantize(type, two, out); }) == "out has " + std::to_string(out.size()) +
                                                                      " bytes, allowed: " + std::to_string(2 * size) +
                                                                      " for 2 blocks of " + name);
        CHECK(
            error_of([&] { ggml_quantize(type, two, std::span(out).first(2 * size), 0); }).starts_with("threads is 0"));
        std::vector<std::int8_t> codes(2 * values);
        std::vector<std::uint16_t> scales(3);
        CHECK(error_of([&] { ggml_unpack(type, std::span(out).first(2 * size), codes, scales); }) ==
              "scales has 3 elements, allowed: 2 for 2 blocks of " + name);
        CHECK(error_of([&] { ggml_unpack(type, out, codes, scales); }).starts_with("bytes has "));
        CHECK(error_of([&] { ggml_pack(type, codes, scales, out); }).starts_with("scales has 3"));
        CHECK(error_of([&] { ggml_pack(type, codes, std::span(scales).first(2), out); }).starts_with("bytes has "));
    }
    for (const ggml_type type : ggml_types) {
        const std::size_t values = ggml_block(type).values;
        const std::size_t size = ggml_block(type).bytes;
        bytes in(size + 1);
        std::vector<float> out(values + 1);
        CHECK(error_of([&] { ggml_dequantize(type, in, out); }).starts_with("bytes has " + std::to_string(size + 1)));
        CHECK(error_of([&] { ggml_dequantize(type, std::span(in).first(size), out); }).starts_with("out has "));
        ggml_dequantize(type, {}, {});
        if (is_written(type)) continue;
        const std::string said = error_of([&] { ggml_quantize(type, {}, {}); });
        CHECK(said == "type is " + std::string(to_string(type)) +
                          ", allowed in ggml_quantize: Q4_0, Q8_0, TQ1_0, TQ2_0 (the others are only read)");
        CHECK(error_of([&] { ggml_unpack(type, {}, {}, {}); }).starts_with("type is "));
        CHECK(error_of([&] { ggml_pack(type, {}, {}, {}); }).starts_with("type is "));
    }
}
