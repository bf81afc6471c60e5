// Operations whose results are near their operands: remainder, rounding to an integer, scaling by powers of two (IEEE 754-2019, 5.3, 5.9).
#pragma once

#include "halfulp/arithmetic/basic_operations.hpp"
#include "halfulp/arithmetic/comparison.hpp"

namespace halfulp {

/// a - n b with n the integer nearest to a / b, of two the even one: exact, |result| <= |b| / 2. A zero has a's sign.
constexpr exact_result exact_remainder(const operand& a, const operand& b) noexcept {
    if (a.is_nan() || b.is_nan()) return exact_result::nan(detail::signaling_flag(a) | detail::signaling_flag(b));
    if (a.is_infinite() || b.is_zero()) return exact_result::nan(flag::invalid);
    if (a.is_zero() || b.is_infinite()) return exact_result::of(a);
    // |a| = rest × 2^exponent and |b| = divisor × 2^exponent, but while a's exponent is the larger, bit by bit.
    uint128 rest = a.significand;
    uint128 divisor = b.significand;
    std::int32_t exponent = b.exponent;
    bool odd = false;
    if (a.exponent >= b.exponent) {
        odd = ((rest / divisor) & 1) != 0;
        rest %= divisor;
        for (std::int32_t i = a.exponent; i > b.exponent && rest != 0; --i) {
            rest <<= 1;
            odd = rest >= divisor;
            if (odd) rest -= divisor;
        }
        if (rest == 0) return exact_result::zero(a.negative);
    } else {
        const std::int32_t gap = b.exponent - a.exponent;
        // Beyond 65 places b is more than twice a: a is the remainder. Up to there b fits, 64 + 66 bits less the zeros above it.
        if (gap + bit_length(b.significand) > bit_length(a.significand) + 1) return exact_result::of(a);
        exponent = a.exponent;
        divisor <<= gap;
        odd = ((rest / divisor) & 1) != 0;
        rest %= divisor;
        if (rest == 0) return exact_result::zero(a.negative);
    }
    const uint128 other = divisor - rest;  // the distance from the multiple above
    const bool up = rest > other || (rest == other && odd);
    return exact_result::number(a.negative != up, up ? other : rest, exponent);
}

/// The integer that x rounds to; inexact where it is another number (roundToIntegralExact). A zero has x's sign.
constexpr exact_result exact_round_to_integral(const operand& x, rounding_mode mode, std::uint32_t random,
                                               int random_bits) noexcept {
    if (x.is_nan()) return exact_result::nan(detail::signaling_flag(x));
    if (x.is_infinite() || x.is_zero() || x.exponent >= 0) return exact_result::of(x);
    const detail::split_magnitude parts = detail::split(x.significand, -x.exponent, false);
    const bool away = rounds_away(mode, x.negative, (parts.kept & 1) != 0, parts.fraction, random, random_bits);
    exact_result out = exact_result::number(x.negative, uint128{parts.kept} + (away ? 1 : 0), 0);
    if (parts.fraction != 0) out.flags = flag::inexact;
    return out;
}

/// x × 2^n for an integer n.
constexpr exact_result exact_scalb(const operand& x, const operand& n) noexcept {
    exact_result out = exact_result::of(x);
    if (x.is_nan()) return exact_result::nan(detail::signaling_flag(x));
    if (x.is_infinite() || x.is_zero()) return out;
    // Beyond every format's exponents there is nothing to tell apart.
    constexpr std::int32_t most = std::int32_t{1} << 22;
    const bool huge = n.significand > static_cast<std::uint64_t>(most);
    const std::int32_t by = huge ? most : static_cast<std::int32_t>(n.significand);
    out.exponent += n.negative ? -by : by;
    return out;
}

}  // namespace halfulp
