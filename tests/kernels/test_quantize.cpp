// Schemes on arrays: the fast path of fake_quantize against codes and scales by the exact path, axes, threads, ends.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cmath>
#include <stdexcept>

#include "halfulp/formats/registry.hpp"
#include "halfulp/kernels/quantize.hpp"
#include "hostile_environment.hpp"
#include "samples.hpp"

using namespace halfulp;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

namespace {

/// Values around a given size, all signs, some zeros, some float32 subnormals where `tiny`.
std::vector<float> weights(std::size_t n, float size, bool tiny, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> x(n);
    for (std::size_t i = 0; i < n; ++i) {
        x[i] = normal(random) * size * std::exp2(static_cast<float>(static_cast<int>(random() % 9) - 6));
        if (random() % 50 == 0) x[i] = random() % 2 == 0 ? 0.0f : -0.0f;
        if (random() % 40 == 0) x[i] = std::round(x[i] / size * 8) / 8 * size;  // ties and members
        if (tiny && random() % 3 == 0) x[i] = std::bit_cast<float>(static_cast<std::uint32_t>(random() & 0x807FFFFFu));
    }
    return x;
}

void check_fast_equals_exact(const scheme& s, const std::vector<float>& x, const axis_view& view) {
    INFO(to_string(s) << " view " << view.outer << " " << view.length << " " << view.inner);
    std::vector<float> fast(x.size());
    const quantize_report a = fake_quantize(std::span<const float>(x), view, s, std::span(fast));
    std::vector<std::uint32_t> codes(x.size());
    scale_planes scales;
    const quantize_report b = quantize(std::span<const float>(x), view, s, std::span(codes), scales);
    std::vector<float> exact(x.size());
    dequantize(std::span<const std::uint32_t>(codes), view, s, scales, std::span(exact));
    CHECK(a.saturated == b.saturated);
    CHECK(a.zero_scales == b.zero_scales);
    std::size_t differing = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const bool both_nan = fast[i] != fast[i] && exact[i] != exact[i];
        if (to_bits(fast[i]) != to_bits(exact[i]) && !both_nan) {
            UNSCOPED_INFO("x[" << i << "] " << std::hexfloat << x[i] << " fast " << fast[i] << " exact " << exact[i]);
            ++differing;
        }
    }
    CHECK(differing == 0);
    // In place, over threads.
    std::vector<float> in_place = x;
    quantize_options options;
    options.threads = 3;
    fake_quantize(std::span<const float>(in_place), view, s, std::span(in_place), options);
    bool same = true;
    for (std::size_t i = 0; i < x.size(); ++i) same = same && to_bits(in_place[i]) == to_bits(fast[i]);
    CHECK(same);
}

}  // namespace

TEST_CASE("fake_quantize equals dequantize of quantize by bits, for every registered element and several scales") {
    for (const registered_format& row : registry) {
        if (!holds(binary32_format, row.format)) continue;
        for (const char* levels : {"", "/32:e8m0fnu", "/16:e4m3fn/tensor:binary32", "/tensor:binary32", "/7:bfloat16",
                                   "/16:e5m3fnu", "/5:binary64"}) {
            const scheme s = parse_scheme(std::string(row.name) + levels);
            for (const float size : {1.0f, 0.037f, 3e30f, 2e-38f}) {
                const std::vector<float> x = weights(3 * 5 * 130, size, size < 1e-30f, 7);
                check_fast_equals_exact(s, x, {15, 130, 1});
                check_fast_equals_exact(s, x, {3, 5, 130});
            }
        }
    }
}

TEST_CASE(
    "fake_quantize equals dequantize of quantize with NaN, infinities, zeros and the carrier's ends in the groups") {
    for (const char* text :
         {"mxfp4", "nvfp4", "mxfp8_e4m3", "e4m3fn/16:e4m3fn/tensor:binary32", "e2m1fn/8:e3m2fn", "e4m3fn"}) {
        const scheme s = parse_scheme(text);
        std::vector<float> x = weights(640, 1.0f, true, 9);
        x[3] = std::bit_cast<float>(0x7FC00001u);
        x[70] = std::bit_cast<float>(0x7F800000u);
        x[100] = -std::bit_cast<float>(0x7F800000u);
        for (std::size_t i = 128; i < 192; ++i) x[i] = i % 2 == 0 ? 0.0f : -0.0f;
        x[200] = std::bit_cast<float>(0x7F7FFFFFu);
        x[300] = std::bit_cast<float>(0x00000001u);
        check_fast_equals_exact(s, x, {10, 64, 1});
        check_fast_equals_exact(s, x, {1, 10, 64});
    }
}

TEST_CASE("the caller's rounding mode, FTZ and DAZ neither matter nor change in fake_quantize") {
    for (const char* text : {"mxfp4", "nvfp4", "e3m2fn/16:bfloat16", "e4m3fn/tensor:binary32"}) {
        INFO(text);
        const scheme s = parse_scheme(text);
        for (const float size : {1.0f, 1e-38f}) {
            const std::vector<float> x = weights(4096, size, size < 1, 11);
            std::vector<float> calm(x.size()), hostile(x.size());
            fake_quantize(std::span<const float>(x), {4, 1024, 1}, s, std::span(calm));
            bool still_set = false;
            {
                const tests::hostile_environment environment;
                fake_quantize(std::span<const float>(x), {4, 1024, 1}, s, std::span(hostile));
                still_set = environment.still_set();
            }
            CHECK(still_set);
            bool same = true;
            for (std::size_t i = 0; i < x.size(); ++i) same = same && to_bits(calm[i]) == to_bits(hostile[i]);
            CHECK(same);
        }
    }
}

TEST_CASE("an axis with more lanes than a piece takes gives the bits of the transposed array") {
    const scheme s = parse_scheme("e2m1fn/4:e4m3fn/tensor:binary32");
    const std::uint64_t length = 10;
    const std::uint64_t inner = 2500;
    const std::vector<float> x = weights(length * inner, 1.0f, false, 13);
    std::vector<float> turned(x.size()), out(x.size()), out_turned(x.size());
    for (std::uint64_t j = 0; j < length; ++j) {
        for (std::uint64_t k = 0; k < inner; ++k) turned[k * length + j] = x[j * inner + k];
    }
    fake_quantize(std::span<const float>(x), {1, length, inner}, s, std::span(out));
    fake_quantize(std::span<const float>(turned), {inner, length, 1}, s, std::span(out_turned));
    bool same = true;
    for (std::uint64_t j = 0; j < length; ++j) {
        for (std::uint64_t k = 0; k < inner; ++k)
            same = same && to_bits(out[j * inner + k]) == to_bits(out_turned[k * length + j]);
    }
    CHECK(same);
    check_fast_equals_exact(s, x, {1, length, inner});
}

TEST_CASE("MX by hand: scale from the exponent's bits, saturation, all-zero blocks, a NaN block") {
    const scheme s = parse_scheme("e2m1fn/4:e8m0fnu");
    const std::vector<float> x{7.0f,  -5.0f, 0.25f,  1.0f, 0.0f,
                               -0.0f, 0.0f,  -0.0f,  1.0f, std::bit_cast<float>(0x7FC00000u),
                               2.0f,  3.0f,  0.9999f};
    std::vector<std::uint8_t> codes(x.size());
    scale_planes scales;
    const quantize_report report = quantize(std::span<const float>(x), {1, x.size(), 1}, s, std::span(codes), scales);
    // amax 7 has exponent 2, the largest element 6 too: scale 1 (code 127). 7 saturates to 6; 5 ties to 4; 0.25 ties to 0.
    CHECK(scales[0] == std::vector<std::uint64_t>{127, 0, 255, 127 - 3});
    CHECK(codes == std::vector<std::uint8_t>{7, 0xE, 0, 2, 0, 8, 0, 8, 0, 0, 0, 0, 7});
    CHECK(report.saturated == 2);  // 7/1, and 0.9999 / 2^-3 = 7.9992
    CHECK(report.zero_scales == 0);
}

TEST_CASE("NVFP4 by hand: the tensor's scale from the exact largest, block scales under it") {
    const scheme s = parse_scheme("nvfp4");
    std::vector<float> x(32, 0.0f);
    x[0] = 2688.0f;  // S = 1
    x[16] = 3.0f;    // block scale e4m3fn(3 / 6) = 0.5
    x[17] = 1.0f;    // 1 / 0.5 = 2
    std::vector<std::uint8_t> codes(32);
    scale_planes scales;
    quantize(std::span<const float>(x), {1, 32, 1}, s, std::span(codes), scales);
    CHECK(scales[1] == std::vector<std::uint64_t>{0x3F800000});
    CHECK(scales[0] == std::vector<std::uint64_t>{0x7E, 0x30});
    CHECK(codes[0] == 7);
    CHECK(codes[16] == 7);
    CHECK(codes[17] == 4);
}

TEST_CASE("scales that round to zero are counted and give codes of +0") {
    const scheme s = parse_scheme("e2m1fn/4:e4m3fn");
    const std::vector<float> x{1e-9f, -1e-9f, 0, 0, 6.0f, 1, 2, 3};
    std::vector<std::uint8_t> codes(8);
    scale_planes scales;
    const quantize_report report = quantize(std::span<const float>(x), {1, 8, 1}, s, std::span(codes), scales);
    CHECK(report.zero_scales == 1);
    CHECK(scales[0][0] == 0);
    CHECK(codes[1] == 0);
    CHECK(codes[4] == 7);
}

TEST_CASE("bad arguments of quantize and dequantize are refused by name") {
    const scheme s = parse_scheme("mxfp4");
    const std::vector<float> x(64, 1.0f);
    std::vector<std::uint8_t> codes(64);
    scale_planes scales;
    const auto refuses = [&](const char* part, auto&& call) {
        INFO(part);
        CHECK_THROWS_MATCHES(call(), std::invalid_argument, MessageMatches(ContainsSubstring(part)));
    };
    quantize_options options;
    refuses("axis view has 60",
            [&] { quantize(std::span<const float>(x), {1, 60, 1}, s, std::span(codes), scales, options); });
    options.nan = nan_policy::keep;
    refuses("'keep'", [&] { quantize(std::span<const float>(x), {1, 64, 1}, s, std::span(codes), scales, options); });
    options = {};
    refuses("axis view is", [&] {
        const std::span<const float> nothing;
        quantize(nothing, {std::uint64_t{1} << 48, 1, std::uint64_t{1} << 16}, s, std::span(codes).first(0), scales);
    });
    refuses("group is 18446744073709551615", [&] {
        const scheme hostile{s.element, {{{16}, s.levels[0].format}, {{~std::uint64_t{0}}, named("binary32")}}};
        quantize(std::span<const float>(x), {1, 64, 1}, hostile, std::span(codes), scales);
    });
    refuses("no finite member but zero", [&] {
        const scheme hostile{float_format{0, 1, 0, specials::fn}, {}};
        quantize(std::span<const float>(x), {1, 64, 1}, hostile, std::span(codes), scales);
    });
    options.scale_rounding = rounding_mode::stochastic_a;
    options.random = random_source{1, 0, ~std::uint64_t{0}};
    refuses("offset is",
            [&] { quantize(std::span<const float>(x), {1, 64, 1}, s, std::span(codes), scales, options); });
    options.random = {};
    refuses("scale_rounding is stochastic",
            [&] { quantize(std::span<const float>(x), {1, 64, 1}, s, std::span(codes), scales, options); });
    quantize(std::span<const float>(x), {1, 64, 1}, s, std::span(codes), scales);
    std::vector<float> y(64);
    codes[5] = 16;
    refuses("codes[5] is 16",
            [&] { dequantize(std::span<const std::uint8_t>(codes), {1, 64, 1}, s, scales, std::span(y)); });
    codes[5] = 0;
    scales[0][1] = 256;
    refuses("scales[0][1] is 256",
            [&] { dequantize(std::span<const std::uint8_t>(codes), {1, 64, 1}, s, scales, std::span(y)); });
    scales[0].pop_back();
    refuses("scales[0] has 1 codes",
            [&] { dequantize(std::span<const std::uint8_t>(codes), {1, 64, 1}, s, scales, std::span(y)); });
}
