#include "halfulp/analysis/accumulator_width.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>

#include "halfulp/analysis/format_extent.hpp"
#include "halfulp/core/bits.hpp"

namespace halfulp {
namespace {

struct product {
    bool negative;
    uint128 significand;
    std::int32_t exponent;
};

product operator*(const dyadic& a, const dyadic& b) {
    const uint128 significand = uint128{a.significand} * b.significand;
    return {significand != 0 && a.negative != b.negative, significand, a.exponent + b.exponent};
}

bool below(const product& a, const product& b) {
    if (a.negative != b.negative) return a.negative;
    const int order = detail::compare_magnitudes(a.significand, a.exponent, false, b.significand, b.exponent);
    return a.negative ? order > 0 : order < 0;
}

wide_dyadic times(const product& x, std::uint64_t n) {
    const uint128 low = uint128{static_cast<std::uint64_t>(x.significand)} * n;
    const uint128 high = (x.significand >> 64) * n + (low >> 64);
    return {x.negative,
            {static_cast<std::uint64_t>(low), static_cast<std::uint64_t>(high), static_cast<std::uint64_t>(high >> 64)},
            x.exponent};
}

int length(const wide_dyadic& x) {
    for (int word = 2; word >= 0; --word) {
        const std::uint64_t w = x.significand[static_cast<std::size_t>(word)];
        if (w != 0) return 64 * word + bit_length(w);
    }
    return 0;
}

bool is_power_of_two(const wide_dyadic& x) {
    int ones = 0;
    for (const std::uint64_t w : x.significand) ones += std::popcount(w);
    return ones == 1;
}

void check_terms(std::uint64_t n) {
    if (n == 0) throw std::invalid_argument("n is 0, allowed: 1 or more");
}

void check_between(const char* name, int value, int least, int most) {
    if (value < least || value > most) {
        throw std::invalid_argument(std::string(name) + " is " + std::to_string(value) +
                                    ", allowed: " + std::to_string(least) + " to " + std::to_string(most));
    }
}

}  // namespace

sum_extent extent_of_sum(const format& a, const format& b, std::uint64_t n) {
    check_terms(n);
    const format_extent x = extent_of(a);
    const format_extent y = extent_of(b);
    // A product is linear in each factor, so its extremes lie at ends; a sum's are n times the same extreme.
    const std::array<product, 4> ends{x.least * y.least, x.least * y.greatest, x.greatest * y.least,
                                      x.greatest * y.greatest};
    const auto [least, greatest] = std::minmax_element(ends.begin(), ends.end(), below);
    sum_extent out{times(*least, n), times(*greatest, n), x.quantum + y.quantum, false, 1};
    const int low = length(out.least);
    const int high = length(out.greatest);
    out.is_signed = out.least.negative;
    if (high != 0 && !out.greatest.negative) {
        out.bits = std::max(out.bits, high + out.greatest.exponent - out.quantum + int{out.is_signed});
    }
    if (out.is_signed) {
        // -2^k needs one bit less than other magnitudes of its length.
        out.bits = std::max(out.bits, low + out.least.exponent - out.quantum + (is_power_of_two(out.least) ? 0 : 1));
    }
    return out;
}

int ceil_log2(std::uint64_t n) {
    check_terms(n);
    return bit_length(n - 1);
}

int published_integer_width(int bits_a, int bits_b, std::uint64_t n) {
    check_between("bits_a", bits_a, 1, 64);
    check_between("bits_b", bits_b, 1, 64);
    return bits_a + bits_b + ceil_log2(n) + 1;
}

int published_minifloat_width(int exponent_a, int mantissa_a, int exponent_b, int mantissa_b, std::uint64_t n) {
    check_between("exponent_a", exponent_a, 1, 19);
    check_between("exponent_b", exponent_b, 1, 19);
    check_between("mantissa_a", mantissa_a, 0, 63);
    check_between("mantissa_b", mantissa_b, 0, 63);
    return (1 << exponent_a) + mantissa_a + (1 << exponent_b) + mantissa_b + ceil_log2(n) - 1;
}

}  // namespace halfulp
