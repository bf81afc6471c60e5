#include "halfulp/methods/row_quantizer.hpp"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cmath>
#include <string>

#include "halfulp/core/random.hpp"

using namespace halfulp;

namespace {

constexpr std::size_t rows = 70;
constexpr std::size_t columns = 48;

/// Numbers of many magnitudes, both signs, zeros among them.
std::vector<double> numbers() {
    const random_source source{11, 0, 0};
    std::vector<double> x(rows * columns);
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double u = static_cast<double>(source.word(2 * i)) / 4294967296.0 - 0.5;
        x[i] = i % 97 == 0 ? 0.0 : std::ldexp(u, static_cast<int>(source.word(2 * i + 1) % 7));
    }
    return x;
}

axis_view view_of_all(int axis, int channel_axis) {
    const std::array<std::uint64_t, 2> shape{rows, columns};
    return view_of(shape, axis, channel_axis);
}

}  // namespace

TEST_CASE("rows quantized one after another give what quantize gives", "[methods]") {
    const std::string text = GENERATE(
        "int4s/16:binary16", "mxfp4", "mxfp4@recipe=llama_cpp", "nvfp4", "nvfp4@recipe=nvfp4_torchao",
        "nvfp4@recipe=four_over_six_mae", "mx9", "e2m1fn/channel:binary32", "e2m1fn/16x16:e4m3fn/tensor:binary32",
        "int4/tensor:binary32", "e5m2", "nf4_64", "nf4_64_dq256", "dynamic8/64:binary32@recipe=bitsandbytes,flat",
        "ternary/24x7:binary16", "ternary/16:bfloat16@recipe=clamp", "pm1/channel:binary16",
        "int4/16:binary16@search=mse,zero_point", "int4s/16:e4m3fn/7:binary16", "posit8_1/32:binary16");
    const int axis = GENERATE(0, 1);
    const int channel_axis = GENERATE(0, 1);
    CAPTURE(text, axis, channel_axis);
    const scheme s = parse_scheme(text);
    const std::vector<double> x = numbers();
    std::vector<std::uint64_t> expected(x.size());
    std::vector<double> values(x.size());
    scale_planes planes;
    const axis_view view = view_of_all(axis, channel_axis);
    const quantize_report report = quantize<double, std::uint64_t>(x, view, s, expected, planes);
    dequantize<double, std::uint64_t>(expected, view, s, planes, values);

    row_quantizer by(s, rows, columns, axis, channel_axis);
    by.start(x);
    std::vector<std::optional<fixed_scales>> blocks;
    std::vector<std::uint64_t> codes(columns);
    std::vector<double> found(columns);
    std::uint64_t saturated = 0;
    std::uint64_t zero_scales = 0;
    std::size_t groups = 0;
    for (std::size_t b = 0; b < by.blocks(); ++b) {
        const std::size_t first = b * by.block_rows();
        const std::size_t count = std::min(by.block_rows(), rows - first);
        const std::span<const double> part(x.data() + first * columns, count * columns);
        blocks.emplace_back(by.choose(b, part));
        zero_scales += blocks.back()->zero_scales();
        groups += by.groups_in(b);
        for (std::size_t r = 0; r < count; ++r) {
            saturated += by.project(*blocks.back(), r, part.subspan(r * columns, columns), codes, found);
            const std::size_t at = (first + r) * columns;
            REQUIRE(std::equal(codes.begin(), codes.end(), expected.begin() + static_cast<std::ptrdiff_t>(at)));
            REQUIRE(std::equal(found.begin(), found.end(), values.begin() + static_cast<std::ptrdiff_t>(at)));
        }
    }
    CHECK(by.whole(blocks) == planes);
    CHECK(saturated == report.saturated);
    CHECK(zero_scales == report.zero_scales);
    if (!s.levels.empty()) CHECK(groups == scale_counts(s, view)[0]);
}

TEST_CASE("blocks are the rows that no innermost group straddles", "[methods]") {
    const auto block = [](const char* text, int axis = 0, int channel_axis = 1) {
        return row_quantizer(parse_scheme(text), rows, columns, axis, channel_axis).block_rows();
    };
    CHECK(block("int4s/16:binary16") == 16);
    CHECK(block("int4s/16:binary16", 1) == 1);
    CHECK(block("nvfp4") == 16);  // the tensor's scale is fixed before
    CHECK(block("int4s/100:binary16") == rows);
    CHECK(block("e2m1fn/channel:binary32") == rows);
    CHECK(block("e2m1fn/channel:binary32", 0, 0) == 1);
    CHECK(block("int4s/8x12:binary16") == 8);
    CHECK(block("nf4_64") == 4);  // 4 rows of 48 are 3 blocks of 64
    CHECK(block("nf4_64_dq256") == rows);
    CHECK(block("int4s/16:e4m3fn/7:binary16") == rows);  // 7 does not divide 48: outer groups straddle
    CHECK(block("int4s/16:e4m3fn/8:binary16") == 16);
    CHECK(block("e4m3fn") == 1);
}

TEST_CASE("a row under scales of earlier values saturates", "[methods]") {
    const scheme s = parse_scheme("int4s/16:binary16");
    row_quantizer by(s, 16, 1);
    std::vector<double> x(16, 1.0);
    x[0] = 7;
    by.start(x);
    const fixed_scales scales = by.choose(0, x);
    std::vector<std::uint64_t> code(1);
    std::vector<double> value(1);
    const std::vector<double> large{100.0};
    CHECK(by.project(scales, 3, large, code, value) == 1);
    CHECK(value[0] == 7);
    const std::vector<double> tie{-2.5};
    CHECK(by.project(scales, 3, tie, code, value) == 0);
    CHECK(value[0] == -2);
    CHECK(static_cast<std::int64_t>(code[0]) == -2);
}

TEST_CASE("given scales, and recipes that they do not say enough of", "[methods]") {
    const std::vector<double> x = numbers();
    for (const char* text : {"nvfp4", "nf4_64", "int4/16:binary16@zero_point", "e4m3fn"}) {
        CAPTURE(text);
        const scheme s = parse_scheme(text);
        std::vector<std::uint64_t> expected(x.size());
        scale_planes planes;
        (void)quantize<double, std::uint64_t>(x, view_of_all(0, 1), s, expected, planes);
        const row_quantizer by(s, rows, columns);
        const std::vector<fixed_scales> fixed = by.with(planes);
        REQUIRE(fixed.size() == by.blocks());
        std::vector<std::uint64_t> codes(columns);
        std::vector<double> values(columns);
        for (std::size_t r = 0; r < rows; ++r) {
            by.project(fixed[r / by.block_rows()], r % by.block_rows(),
                       std::span<const double>(x).subspan(r * columns, columns), codes, values);
            REQUIRE(
                std::equal(codes.begin(), codes.end(), expected.begin() + static_cast<std::ptrdiff_t>(r * columns)));
        }
        if (!planes.empty()) {
            planes[0].pop_back();
            CHECK_THROWS_AS(by.with(planes), std::invalid_argument);
        }
    }
    CHECK_THROWS_AS(row_quantizer(parse_scheme("b1.58"), rows, columns).with({{0}}), std::invalid_argument);
    CHECK_THROWS_AS(row_quantizer(parse_scheme("mxfp4@hadamard=16"), rows, columns), std::invalid_argument);
    CHECK_THROWS_AS(row_quantizer(parse_scheme("mxfp4"), rows, columns, 2), std::invalid_argument);
}
