// An E4M3FN multiplier of this project's own, over all pairs of codes.
#include <catch2/catch_test_macros.hpp>

#include <cmath>

#ifdef USES_SINGLE_INCLUDE
#include "halfulp_core.hpp"
#else
#include <halfulp/halfulp.hpp>
#endif

namespace {

double value(int code) {
    const int exponent = code >> 3 & 15;
    const int significand = (exponent == 0 ? 0 : 8) + (code & 7);
    const double magnitude = std::ldexp(significand, (exponent == 0 ? 1 : exponent) - 10);
    return (code & 0x80) != 0 ? -magnitude : magnitude;
}

/// The code whose value is nearest, of two the even one; NaN above the middle of 448 and 480.
int multiply(int a, int b) {
    constexpr int nan = 0x7F;
    if ((a & nan) == nan || (b & nan) == nan) return nan;
    const double product = std::abs(value(a) * value(b));
    if (product > 464) return nan;
    int best = 0;
    for (int code = 1; code < nan; ++code) {
        const double nearer = std::abs(value(best) - product) - std::abs(value(code) - product);
        if (nearer > 0 || (nearer == 0 && code % 2 == 0)) best = code;
    }
    return ((a ^ b) & 0x80) | best;
}

}  // namespace

TEST_CASE("the multiplier is right for every pair") {
    const halfulp::format f = halfulp::parse_format("e4m3fn");
    const halfulp::calculator right(halfulp::operation::mul, f, {});
    int wrong = 0;
    for (int a = 0; a < 256; ++a) {
        for (int b = 0; b < 256; ++b) {
            const auto x = halfulp::operand_of_code(static_cast<unsigned>(a), f);
            const auto y = halfulp::operand_of_code(static_cast<unsigned>(b), f);
            const auto code = right.target().code(right({x, y, {}}).number);
            if (static_cast<int>(code) != multiply(a, b) && wrong++ == 0) {
                UNSCOPED_INFO(a << " times " << b << " is " << code << ", not " << multiply(a, b));
            }
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("names and errors come with it") {
    CHECK(to_string(halfulp::parse_format("float8_e4m3fn")) == "e4m3fn");
    CHECK(halfulp::parse_format("nf4").bits() == 4);
    CHECK_THROWS_AS(halfulp::parse_format("e4m3fm"), std::invalid_argument);
    CHECK(halfulp::named_accumulator("blocked_8", halfulp::parse_format("binary16"), {}).group == 8);
}
