// Exact quotients and products against unbounded integers.
#include <catch2/catch_test_macros.hpp>

#include <boost/multiprecision/cpp_int.hpp>
#include <random>
#include <vector>

#include "halfulp/blocks/scale.hpp"

using namespace halfulp;
using boost::multiprecision::cpp_int;

namespace {

cpp_int big(uint128 x) { return (cpp_int(static_cast<std::uint64_t>(x >> 64)) << 64) + static_cast<std::uint64_t>(x); }

dyadic random_number(std::mt19937_64& random, int most_bits) {
    const int bits = 1 + static_cast<int>(random() % static_cast<unsigned>(most_bits));
    const std::uint64_t significand = (random() & low_ones(bits)) | std::uint64_t{1} << (bits - 1);
    return {false, significand, static_cast<std::int32_t>(random() % 2001) - 1000};
}

/// significand × 2^exponent (+ less than its last bit when sticky) against numerator × 2^scale / denominator.
void check_floor(const extended& got, const cpp_int& numerator, const cpp_int& denominator, int scale) {
    const int shift = scale - got.exponent;
    const cpp_int n = shift >= 0 ? cpp_int(numerator << shift) : numerator;
    const cpp_int d = shift >= 0 ? denominator : cpp_int(denominator << -shift);
    REQUIRE(big(got.significand) == n / d);
    REQUIRE(got.sticky == (n % d != 0));
}

}  // namespace

TEST_CASE("exact_quotient is the floor of the exact quotient, with at least 121 bits, and knows whether it is exact") {
    std::mt19937_64 random(1);
    for (int trial = 0; trial < 20000; ++trial) {
        const dyadic numerator = random_number(random, 64);
        std::vector<dyadic> divisors(1 + random() % 5);
        cpp_int denominator = 1;
        int scale = numerator.exponent;
        for (dyadic& d : divisors) {
            d = random_number(random, trial % 3 == 0 ? 4 : 64);
            denominator *= d.significand;
            scale -= d.exponent;
        }
        const extended q = exact_quotient(numerator, divisors);
        CHECK(detail::bit_length_of(q.significand) >= 121);
        check_floor(q, numerator.significand, denominator, scale);
    }
}

TEST_CASE("exact_product keeps the 128 leading bits and whether any is lost") {
    std::mt19937_64 random(2);
    for (int trial = 0; trial < 20000; ++trial) {
        std::vector<dyadic> factors(1 + random() % 6);
        cpp_int product = 1;
        int scale = 0;
        for (dyadic& f : factors) {
            f = random_number(random, trial % 3 == 0 ? 20 : 64);
            product *= f.significand;
            scale += f.exponent;
        }
        check_floor(exact_product(factors), product, 1, scale);
    }
}

TEST_CASE("where one binary64 division is said to decide, every deterministic mode agrees with the exact quotient") {
    std::mt19937_64 random(3);
    for (int trial = 0; trial < 300000; ++trial) {
        const int precision = 1 + static_cast<int>(random() % 12);
        const float_format format{200, 9, static_cast<std::uint8_t>(precision - 1), specials::finite};
        dyadic x = random_number(random, 24);
        dyadic d = random_number(random, 50 - precision);
        if (trial % 2 == 0) {  // next to a tie or a member: x as near as can be to m × d
            const std::uint64_t m = (random() & low_ones(precision + 1)) | 1;
            d.significand = (random() & low_ones(10)) | 1;
            x.significand = m * d.significand + (random() % 3) - 1;
            if (x.significand == 0 || bit_length(x.significand) > 24) continue;
        }
        x.exponent = static_cast<std::int32_t>(random() % 40) - 20;
        d.exponent = static_cast<std::int32_t>(random() % 40) - 20;
        compact_product divisor;
        divisor.multiply(d);
        if (!binary64_division_decides(24, divisor, precision)) continue;
        const dyadic quick = binary64_quotient(x, divisor);
        const extended exact = exact_quotient(x, std::span(&d, 1));
        const float_grid grid(format);
        for (const rounding_mode_row& row : rounding_modes) {
            if (is_stochastic(row.mode)) continue;
            const rounding_spec spec{row.mode, ftz_policy::none, 32};
            const auto a = round_magnitude(false, quick.significand, quick.exponent, false, grid, spec, 0);
            const auto b = round_magnitude(false, exact.significand, exact.exponent, exact.sticky, grid, spec, 0);
            INFO(row.name << " x " << x.significand << "p" << x.exponent << " d " << d.significand << "p" << d.exponent
                          << " precision " << precision);
            REQUIRE(a.significand == b.significand);
            REQUIRE((a.significand == 0 || a.exponent == b.exponent));
            REQUIRE(a.inexact == b.inexact);
        }
    }
}
