// The transform on every backend against the definition's loops; rows that are quantized some at a time against rows one by one.
#include <catch2/catch_test_macros.hpp>

#include <bit>
#include <cmath>
#include <random>

#include "halfulp/core/random.hpp"
#include "halfulp/kernels/quantize.hpp"
#include "support/conversion_cases.hpp"

using namespace halfulp;
using namespace halfulp::tests;

namespace {

/// Butterflies at distances 1, 2, 4, ... in binary32, written out.
std::vector<float> transformed(std::vector<float> x, std::uint32_t length, std::uint64_t seed) {
    const random_source source{seed, 0, 0};
    const int log2 = std::countr_zero(length);
    const float factor = std::ldexp(log2 % 2 == 0 ? 1.0f : 0.70710678118654752f, -(log2 / 2));
    for (std::size_t begin = 0; begin + length <= x.size(); begin += length) {
        for (std::uint32_t j = 0; j < length; ++j) {
            if (source.word(j) >> 31 != 0) x[begin + j] = -x[begin + j];
        }
        for (std::uint32_t d = 1; d < length; d *= 2) {
            for (std::uint32_t j = 0; j < length; ++j) {
                if ((j & d) != 0) continue;
                const float a = x[begin + j];
                const float b = x[begin + j + d];
                x[begin + j] = a + b;
                x[begin + j + d] = a - b;
            }
        }
        for (std::uint32_t j = 0; j < length; ++j) x[begin + j] *= factor;
    }
    return x;
}

std::vector<float> some(std::size_t size, std::uint64_t seed) {
    generator random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> x(size);
    for (float& v : x) v = normal(random) * std::ldexp(1.0f, static_cast<int>(random() % 20) - 10);
    return x;
}

}  // namespace

TEST_CASE("every backend transforms rows as written out") {
    for (const backend b : available_backends()) {
        set_backend(b);
        for (std::uint32_t length = 2; length <= 1024; length *= 2) {
            for (const std::size_t rest : {std::size_t{0}, std::size_t{5}}) {
                if (rest >= length) continue;
                const std::size_t line = 3 * length + rest;
                const std::vector<float> x = some(2 * line, length + rest);
                const scheme s = parse_scheme("binary32@hadamard=" + std::to_string(length) + ",signs=9");
                std::vector<std::uint32_t> codes(x.size());
                std::vector<float> back(x.size());
                scale_planes scales;
                quantize(std::span<const float>(x), {2, line, 1}, s, std::span(codes), scales);
                fake_quantize(std::span<const float>(x), {2, line, 1}, s, std::span(back));
                for (std::size_t row = 0; row < 2; ++row) {
                    const std::vector<float> expected =
                        transformed({x.begin() + static_cast<std::ptrdiff_t>(row * line),
                                     x.begin() + static_cast<std::ptrdiff_t>((row + 1) * line)},
                                    length, 9);
                    std::size_t wrong = 0;
                    for (std::size_t i = 0; i < line; ++i)
                        wrong += codes[row * line + i] != std::bit_cast<std::uint32_t>(expected[i]);
                    INFO(to_string(b) << " " << length << " " << rest);
                    CHECK(wrong == 0);
                }
                float most = 0;
                float off = 0;
                for (std::size_t i = 0; i < x.size(); ++i) {
                    most = std::max(most, std::fabs(x[i]));
                    off = std::max(off, std::fabs(x[i] - back[i]));
                }
                // 2 (log2 N + 1) roundings of numbers up to sqrt(N) times the largest.
                const auto log2 = static_cast<float>(std::countr_zero(length));
                CHECK(off <= 2 * (log2 + 1) * 0x1p-24f * std::sqrt(static_cast<float>(length)) * most);
            }
        }
    }
    set_backend(available_backends().back());
}

TEST_CASE("rows quantized some at a time are rows quantized one by one") {
    const std::size_t line = 1000;
    const std::size_t rows = 83;  // more than twice what is done at once
    const std::vector<float> x = some(rows * line, 4);
    for (const char* text : {"int4s/64:binary16@hadamard=64", "nf4/100:binary32@hadamard=8,signs=2",
                             "mxfp4@hadamard=32", "ternary/channel:binary32@hadamard=16"}) {
        const scheme s = parse_scheme(text);
        for (const int threads : {1, 3}) {
            quantize_options options;
            options.threads = threads;
            const axis_view view{rows, line, 1};
            std::vector<std::uint8_t> codes(x.size()), own_codes(line);
            std::vector<float> faked(x.size()), back(x.size()), own(line);
            scale_planes scales, own_scales;
            quantize(std::span<const float>(x), view, s, std::span(codes), scales, options);
            fake_quantize(std::span<const float>(x), view, s, std::span(faked), options);
            dequantize(std::span<const std::uint8_t>(codes), view, s, scales, std::span(back), threads);
            const std::size_t per_row = scales[0].size() / rows;
            std::size_t wrong = 0;
            for (std::size_t row = 0; row < rows; ++row) {
                const auto x_row = std::span(x).subspan(row * line, line);
                quantize(x_row, {1, line, 1}, s, std::span(own_codes), own_scales);
                fake_quantize(x_row, {1, line, 1}, s, std::span(own));
                for (std::size_t i = 0; i < line; ++i) {
                    wrong += codes[row * line + i] != own_codes[i];
                    wrong +=
                        std::bit_cast<std::uint32_t>(faked[row * line + i]) != std::bit_cast<std::uint32_t>(own[i]);
                    wrong += std::bit_cast<std::uint32_t>(back[row * line + i]) != std::bit_cast<std::uint32_t>(own[i]);
                }
                for (std::size_t k = 0; k < per_row; ++k) wrong += scales[0][row * per_row + k] != own_scales[0][k];
            }
            INFO(text << ", threads " << threads);
            CHECK(wrong == 0);
        }
    }
    // A code beyond the format is named by its place in the array.
    std::vector<std::uint8_t> codes(x.size());
    codes[70 * line + 3] = 16;
    scale_planes scales{std::vector<std::uint64_t>(rows * 10, 0x3F800000u)};
    std::vector<float> out(x.size());
    try {
        dequantize(std::span<const std::uint8_t>(codes), {rows, line, 1}, parse_scheme("nf4/100:binary32@hadamard=8"),
                   scales, std::span(out));
        FAIL("no error");
    } catch (const std::invalid_argument& error) {
        CHECK(std::string(error.what()).find("codes[70003] is 16") != std::string::npos);
    }
}
