// Requantization against the sentences of its definition: gemmlowp's with truncating division, TensorFlow Lite's single
// rounding with Boost's integers, and anchors computed by hand.
// g++ 12 takes small integers of Boost's for uninitialized ones.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include <boost/multiprecision/cpp_int.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "halfulp/kernels/requantize.hpp"

using namespace halfulp;
using boost::multiprecision::cpp_int;

namespace {

cpp_int floor_of(const cpp_int& numerator, const cpp_int& denominator) {
    cpp_int q = numerator / denominator;
    if (numerator % denominator != 0 && numerator < 0) --q;
    return q;
}

std::int32_t held(const cpp_int& x) {
    const cpp_int least = std::numeric_limits<std::int32_t>::min();
    const cpp_int most = std::numeric_limits<std::int32_t>::max();
    return static_cast<std::int32_t>(std::clamp(x, least, most));
}

/// Nearest with ties toward +infinity, or away from zero.
cpp_int nearest(const cpp_int& x, int shift, bool away) {
    const cpp_int unit = cpp_int(1) << shift;
    if (away && x < 0) return -floor_of(-2 * x + unit, 2 * unit);
    return floor_of(2 * x + unit, 2 * unit);
}

std::int32_t expected(std::int32_t x, const quantized_multiplier& m, requantization how) {
    const cpp_int product = cpp_int(x) * m.multiplier;
    if (how == requantization::single) return held(nearest(product, 31 - m.shift, false));
    const int left = std::max(m.shift, 0);
    const cpp_int high = nearest(product << left, 31, false);
    return held(nearest(high, std::max(-m.shift, 0), true));
}

std::string error_of(const auto& call) {
    try {
        call();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "no error";
}

}  // namespace

TEST_CASE("a product with a multiplier is the definition's for every shift") {
    std::mt19937 random(1);
    std::uniform_int_distribution<std::int32_t> any(std::numeric_limits<std::int32_t>::min());
    std::uniform_int_distribution<std::int32_t> multiplier(1 << 30);
    for (int shift = -31; shift <= 30; ++shift) {
        for (int i = 0; i < 300; ++i) {
            const std::int32_t x = i < 41 ? i - 20 : i < 43 ? any.min() + i - 41 : any(random) >> (random() % 31);
            const quantized_multiplier m{i % 3 == 0 ? 1 << 30 : multiplier(random), shift};
            for (const requantization how : {requantization::gemmlowp, requantization::single}) {
                INFO(x << " by " << m.multiplier << ", " << shift);
                REQUIRE(multiply_by(x, m, how) == expected(x, m, how));
            }
        }
    }
}

TEST_CASE("the two roundings differ where they are known to") {
    const auto both = [](std::int32_t x, int shift) {
        const quantized_multiplier half{1 << 30, shift};
        return std::array{multiply_by(x, half, requantization::gemmlowp), multiply_by(x, half, requantization::single)};
    };
    CHECK(both(5, -1) == std::array{2, 1});
    CHECK(both(-6, -1) == std::array{-2, -1});
    CHECK(both(-2, -1) == std::array{-1, 0});
    CHECK(both(7, 0) == std::array{4, 4});
}

TEST_CASE("multipliers are nearest, ties away from zero") {
    CHECK(quantize_multiplier(0.0) == quantized_multiplier{0, 0});
    CHECK(quantize_multiplier(-0.0) == quantized_multiplier{0, 0});
    CHECK(quantize_multiplier(0.5) == quantized_multiplier{1 << 30, 0});
    CHECK(quantize_multiplier(1.0) == quantized_multiplier{1 << 30, 1});
    CHECK(quantize_multiplier(1.0 / 3) == quantized_multiplier{1431655765, -1});
    CHECK(quantize_multiplier(0x1p-32) == quantized_multiplier{1 << 30, -31});
    CHECK(quantize_multiplier(0x1.fffffffffffffp-33) == quantized_multiplier{0, 0});
    CHECK(quantize_multiplier(5e-324) == quantized_multiplier{0, 0});
    CHECK(quantize_multiplier(0.5 + 0x1p-32) == quantized_multiplier{(1 << 30) + 1, 0});  // a tie
    CHECK(quantize_multiplier(1 - 0x1p-32) == quantized_multiplier{1 << 30, 1});  // a tie that carries
    CHECK(quantize_multiplier(0x1.fffffffcp29) == quantized_multiplier{2147483647, 30});
    CHECK(error_of([] { quantize_multiplier(0x1p30); }).find("allowed") != std::string::npos);
    CHECK(error_of([] { quantize_multiplier(-1.0); }).find("0 or more") != std::string::npos);
    CHECK(error_of([] { quantize_multiplier(std::nan("")); }).find("finite") != std::string::npos);
}

TEST_CASE("arrays saturate, shift by the zero point and know their channels") {
    const std::vector<std::int32_t> x{1000, -1000, 10, -10, 3, 4};
    const std::vector<quantized_multiplier> two{{1 << 30, 1}, {1 << 30, 0}};  // 1 and 1/2
    std::vector<std::int8_t> out(6);
    requantize<std::int8_t>(x, two, {8, 0, true}, out, {requantization::gemmlowp, 5, 1});
    CHECK(out == std::vector<std::int8_t>{127, -128, 15, 0, 8, 7});
    requantize<std::int8_t>(x, two, {8, 0, true}, out, {requantization::gemmlowp, 0, 3});
    CHECK(out == std::vector<std::int8_t>{127, -128, 10, -5, 2, 2});
    std::vector<std::uint8_t> bytes(6);
    requantize<std::uint8_t>(x, std::span(two).first(1), {4, 0, false}, bytes, {requantization::single, 1, 1});
    CHECK(bytes == std::vector<std::uint8_t>{15, 0, 11, 0, 4, 5});
}

TEST_CASE("what does not fit is an error that names it") {
    const std::vector<std::int32_t> x(6);
    const std::vector<quantized_multiplier> one{{1 << 30, 0}};
    std::vector<std::int8_t> out(6);
    const auto call = [&](std::vector<quantized_multiplier> by, fixed_format to, requantize_options options) {
        return error_of([&] { requantize<std::int8_t>(x, by, to, out, options); });
    };
    CHECK(call(one, {8, 0, true}, {}) == "no error");
    CHECK(call({}, {8, 0, true}, {}).find("multipliers is empty") == 0);
    CHECK(call({{-1, 0}}, {8, 0, true}, {}).find("multipliers[0] is -1") == 0);
    CHECK(call({{0, 31}}, {8, 0, true}, {}).find("multipliers[0] has shift 31") == 0);
    CHECK(call(one, {9, 0, true}, {}).find("the format has 9 bits") == 0);
    CHECK(call(one, {8, 0, false}, {}).find("the format has 8 bits") == 0);
    CHECK(call(one, {8, 1, true}, {}).find("the format has 8 bits and 1 fraction") == 0);
    CHECK(call(one, {8, 0, true}, {requantization::single, 128, 1}).find("zero_point is 128") == 0);
    CHECK(call(one, {8, 0, true}, {requantization::single, 0, 0}).find("inner is 0") == 0);
    CHECK(call({{0, 0}, {0, 0}}, {8, 0, true}, {requantization::single, 0, 2}).find("inner is 2") == 0);
    out.resize(5);
    CHECK(call(one, {8, 0, true}, {}).find("out has 5") == 0);
}
