// The operations of IEEE 754-2019 clause 5.4, FAA of P3109 v4.0, and the reciprocals of clause 9.2, exactly: what is rounded is decided
// elsewhere (calculate.hpp).
#pragma once

#include "halfulp/arithmetic/operand.hpp"
#include "halfulp/arithmetic/wide_sum.hpp"

namespace halfulp {

/// What an exact result depends on besides the operands.
struct operation_rules {
    /// An exact sum of zero out of operands of opposite signs is -0: so in toward_negative (IEEE 754-2019, 6.3).
    bool negative_zero_sum = false;
    /// x / 0 is NaN (P3109 v4.0; in posits NaR), else ±∞.
    bool zero_divisor_is_nan = false;
    /// A number with the sign of a NaN is NaN (P3109 v4.0, 4.10.3).
    bool sign_of_nan_is_nan = false;
    /// 0 × ∞ + NaN raises invalid: RISC-V's and Arm's choice where IEEE 754-2019, 7.2 leaves one; x86 raises nothing for a quiet NaN.
    bool invalid_product_beside_nan = true;
};

namespace detail {

constexpr std::uint8_t signaling_flag(const operand& x) noexcept { return x.signaling ? flag::invalid : 0; }
constexpr term term_of(const operand& x) noexcept { return {x.negative, false, x.significand, x.exponent}; }

constexpr exact_result result_of(const term& t) noexcept {
    return exact_result::number(t.negative, t.significand, t.exponent, t.sticky);
}

/// The sum of numbers (no NaN), infinities among them. `Operands` is an array of operands or of exact products.
template <std::size_t N>
constexpr exact_result sum_of_numbers(const std::array<exact_result, N>& x, const operation_rules& rules) noexcept {
    bool up = false;
    bool down = false;
    bool all_negative = true;
    bool all_positive = true;
    std::array<term, N> terms{};
    for (std::size_t i = 0; i < N; ++i) {
        if (x[i].kind == number_class::infinity) (x[i].negative ? down : up) = true;
        (x[i].negative ? all_positive : all_negative) = false;
        terms[i] = {x[i].negative, x[i].sticky, x[i].significand, x[i].exponent};
    }
    if (up && down) return exact_result::nan(flag::invalid);
    if (up || down) return exact_result::infinity(down);
    const term sum = sum_of(terms);
    if (!sum.is_zero()) return result_of(sum);
    return exact_result::zero(all_negative || (!all_positive && rules.negative_zero_sum));
}

/// Leading bits of n ÷ d for d != 0: 128 at least, unless the quotient is exact.
constexpr term quotient_of(std::uint64_t n, std::uint64_t d) noexcept {
    if (n == 0) return {};
    wide_integer shifted;
    constexpr int places = 192;  // the quotient has at least 192 - 64 bits
    shifted.set_shifted(n, places);
    const bool sticky = shifted.divide(d) != 0;
    const extended leading = shifted.leading();
    return {false, sticky || leading.sticky, leading.significand, leading.exponent - places};
}

/// floor(√n) of a number below 2^256, and whether that is less than √n. Digit by digit.
struct square_root {
    uint128 root;
    bool inexact;
};
constexpr square_root root_of(uint128 high, uint128 low) noexcept {
    uint128 root = 0;
    uint128 rest_high = 0;  // rest <= 2 root < 2^129
    uint128 rest = 0;
    for (int i = 127; i >= 0; --i) {
        const auto two = static_cast<unsigned>((i >= 64 ? high >> (2 * (i - 64)) : low >> (2 * i)) & 3);
        rest_high = (rest_high << 2) | (rest >> 126);
        rest = (rest << 2) | two;
        // trial = 4 root + 1
        const uint128 trial_high = root >> 126;
        const uint128 trial = (root << 2) | 1;
        const bool fits = rest_high > trial_high || (rest_high == trial_high && rest >= trial);
        root <<= 1;
        if (fits) {
            rest_high -= trial_high + (rest < trial ? 1 : 0);
            rest -= trial;
            root |= 1;
        }
    }
    return {root, rest != 0 || rest_high != 0};
}

}  // namespace detail

constexpr exact_result exact_mul(const operand& a, const operand& b) noexcept {
    const bool negative = a.negative != b.negative;
    if (a.is_nan() || b.is_nan()) return exact_result::nan(detail::signaling_flag(a) | detail::signaling_flag(b));
    if (a.is_infinite() || b.is_infinite()) {
        if (a.is_zero() || b.is_zero()) return exact_result::nan(flag::invalid);
        return exact_result::infinity(negative);
    }
    if (a.is_zero() || b.is_zero()) return exact_result::zero(negative);
    return exact_result::number(negative, uint128{a.significand} * b.significand, a.exponent + b.exponent);
}

constexpr exact_result exact_add(const operand& a, const operand& b, const operation_rules& rules) noexcept {
    if (a.is_nan() || b.is_nan()) return exact_result::nan(detail::signaling_flag(a) | detail::signaling_flag(b));
    return detail::sum_of_numbers(std::array{exact_result::of(a), exact_result::of(b)}, rules);
}

constexpr operand negated(operand x) noexcept {
    x.negative = !x.negative;
    return x;
}

constexpr exact_result exact_sub(const operand& a, const operand& b, const operation_rules& rules) noexcept {
    return exact_add(a, b.is_nan() ? b : negated(b), rules);
}

/// a × b + c, rounded once.
constexpr exact_result exact_fma(const operand& a, const operand& b, const operand& c,
                                 const operation_rules& rules) noexcept {
    const exact_result product = exact_mul(a, b);
    if (c.is_nan()) {
        const bool counts = product.flags != 0 && (a.is_nan() || b.is_nan() || rules.invalid_product_beside_nan);
        return exact_result::nan((counts ? flag::invalid : 0) | detail::signaling_flag(c));
    }
    if (product.kind == number_class::nan) return product;
    return detail::sum_of_numbers(std::array{product, exact_result::of(c)}, rules);
}

/// a + b + c, rounded once: FAA, fused add-add.
constexpr exact_result exact_faa(const operand& a, const operand& b, const operand& c,
                                 const operation_rules& rules) noexcept {
    if (a.is_nan() || b.is_nan() || c.is_nan()) {
        return exact_result::nan(detail::signaling_flag(a) | detail::signaling_flag(b) | detail::signaling_flag(c));
    }
    return detail::sum_of_numbers(std::array{exact_result::of(a), exact_result::of(b), exact_result::of(c)}, rules);
}

constexpr exact_result exact_div(const operand& a, const operand& b, const operation_rules& rules) noexcept {
    const bool negative = a.negative != b.negative;
    if (a.is_nan() || b.is_nan()) return exact_result::nan(detail::signaling_flag(a) | detail::signaling_flag(b));
    if (a.is_infinite() && b.is_zero() && rules.zero_divisor_is_nan) return exact_result::nan();
    if (a.is_infinite()) return b.is_infinite() ? exact_result::nan(flag::invalid) : exact_result::infinity(negative);
    if (b.is_infinite()) return exact_result::zero(negative);
    if (b.is_zero()) {
        if (a.is_zero()) return exact_result::nan(flag::invalid);
        return rules.zero_divisor_is_nan ? exact_result::nan(flag::divide_by_zero)
                                         : exact_result::infinity(negative, flag::divide_by_zero);
    }
    if (a.is_zero()) return exact_result::zero(negative);
    detail::term q = detail::quotient_of(a.significand, b.significand);
    q.negative = negative;
    q.exponent += a.exponent - b.exponent;
    return detail::result_of(q);
}

/// 1 ÷ x.
constexpr exact_result exact_recip(const operand& x, const operation_rules& rules) noexcept {
    return exact_div({number_class::finite, false, false, 1, 0}, x, rules);
}

constexpr exact_result exact_sqrt(const operand& x) noexcept {
    if (x.is_nan()) return exact_result::nan(detail::signaling_flag(x));
    if (x.is_zero()) return exact_result::zero(x.negative);
    if (x.negative) return exact_result::nan(flag::invalid);
    if (x.is_infinite()) return exact_result::infinity(false);
    // x = m 2^e with e even and m's leading bit in one of the two top places of 256 bits: the root has 128 bits.
    const int up = 64 - bit_length(x.significand);
    int shift = 192 + up;
    if (((x.exponent - shift) & 1) != 0) --shift;
    const detail::square_root found = detail::root_of(uint128{x.significand} << (shift - 128), 0);
    return exact_result::number(false, found.root, (x.exponent - shift) / 2, found.inexact);
}

/// 1 ÷ √x. ±0 gives ±∞ and divide_by_zero (IEEE 754-2019, 9.2.1), NaN in P3109 and posits.
constexpr exact_result exact_rsqrt(const operand& x, const operation_rules& rules) noexcept {
    if (x.is_nan()) return exact_result::nan(detail::signaling_flag(x));
    if (x.is_zero()) {
        return rules.zero_divisor_is_nan ? exact_result::nan(flag::divide_by_zero)
                                         : exact_result::infinity(x.negative, flag::divide_by_zero);
    }
    if (x.negative) return exact_result::nan(flag::invalid);
    if (x.is_infinite()) return exact_result::zero(false);
    // √(2^k / m) with floors inside floors: floor(√floor(y)) = floor(√y). Exact just where m is a power of two with an even exponent.
    const int up = 64 - bit_length(x.significand);
    const std::uint64_t m = x.significand << up;
    std::int32_t places = 316;  // 2^316 / m lies in (2^252, 2^253]
    if (((x.exponent - up + places) & 1) != 0) ++places;
    detail::wide_integer y;
    y.set_shifted(1, places);
    y.divide(m);
    const auto high = (uint128{y.limbs[3]} << 64) | y.limbs[2];
    const auto low = (uint128{y.limbs[1]} << 64) | y.limbs[0];
    const detail::square_root found = detail::root_of(high, low);
    const bool exact = (m & (m - 1)) == 0 && ((x.exponent - up + 63) & 1) == 0;
    return exact_result::number(false, found.root, -(x.exponent - up + places) / 2, !exact);
}

}  // namespace halfulp
