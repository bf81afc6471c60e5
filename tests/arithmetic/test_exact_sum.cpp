// g++ 12 takes small integers of Boost's for uninitialized ones.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <boost/multiprecision/cpp_int.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "halfulp/arithmetic/exact_sum.hpp"

using namespace halfulp;
using boost::multiprecision::cpp_int;

namespace {

/// A binary64 number in units of 2^-1200.
cpp_int units(double x) {
    int exponent = 0;
    const double fraction = std::frexp(x, &exponent);
    cpp_int n = static_cast<long long>(std::ldexp(fraction, 53));
    const int shift = exponent - 53 + 1200;
    return n << shift;
}

template <class T>
std::vector<T> numbers(std::size_t n, std::mt19937_64& random, int kind) {
    std::vector<T> x(n);
    std::normal_distribution<double> normal;
    for (T& value : x) {
        if (kind == 0) {
            value = static_cast<T>(normal(random));
        } else {
            do {
                const std::uint64_t bits = random();
                std::memcpy(&value, &bits, sizeof value);
            } while (!std::isfinite(value));
        }
    }
    return x;
}

void check_quotient(const exact_sum& sum, const cpp_int& exact, std::uint64_t n) {
    const cpp_int magnitude = abs(exact);
    const extended q = sum.quotient(n);
    REQUIRE(sum.is_zero() == (exact == 0));
    REQUIRE(sum.negative() == (exact < 0));
    if (exact == 0) {
        REQUIRE(q.significand == 0);
        return;
    }
    const cpp_int significand =
        (cpp_int(static_cast<std::uint64_t>(q.significand >> 64)) << 64) + static_cast<std::uint64_t>(q.significand);
    REQUIRE((significand >> 127) == 1);
    // significand × 2^exponent <= magnitude / (n 2^1200) < (significand + 1) × 2^exponent
    const int shift = q.exponent + 1200;
    const cpp_int scaled = shift >= 0 ? magnitude : magnitude << -shift;
    const cpp_int unit = shift >= 0 ? cpp_int(n) << shift : cpp_int(n);
    REQUIRE(significand * unit <= scaled);
    REQUIRE((significand + 1) * unit > scaled);
    REQUIRE(q.sticky == (significand * unit != scaled));
}

}  // namespace

TEST_CASE("an exact sum is exact, and so are its quotients") {
    std::mt19937_64 random(20261122);
    for (const int kind : {0, 1}) {
        for (int round = 0; round < 200; ++round) {
            const std::size_t n = random() % 40;
            const auto x = numbers<double>(n, random, kind);
            const auto y = numbers<float>(n, random, kind);
            exact_sum sum, magnitudes, halves, other;
            cpp_int exact = 0, exact_magnitudes = 0;
            for (const double value : x) {
                sum.add(value);
                exact += units(value);
            }
            for (const float value : y) exact_magnitudes += abs(units(value));
            magnitudes.add_magnitudes(std::span<const float>(y));
            halves.add_magnitudes(std::span<const float>(y).first(n / 2));
            for (std::size_t i = n / 2; i < n; ++i) other.add_magnitude(y[i]);
            halves.add(other);
            REQUIRE(halves.magnitude_limbs() == magnitudes.magnitude_limbs());
            for (const std::uint64_t divisor : {std::uint64_t{1}, std::uint64_t{3}, std::uint64_t{64}, random() | 1}) {
                check_quotient(sum, exact, divisor);
                check_quotient(magnitudes, exact_magnitudes, divisor);
            }
        }
    }
}

TEST_CASE("sums that cancel, and the ends of the range") {
    exact_sum sum;
    sum.add(1e308);
    sum.add(5e-324);
    sum.add(-1e308);
    check_quotient(sum, units(5e-324), 7);
    sum.add(-5e-324);
    CHECK(sum.is_zero());
    sum.add(-5e-324);
    check_quotient(sum, units(-5e-324), 1);
}
