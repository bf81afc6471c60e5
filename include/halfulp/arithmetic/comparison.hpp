// Order: comparisons (IEEE 754-2019, 5.6.1 and 5.10), the minimum and maximum families (9.6), exactly.
#pragma once

#include "halfulp/arithmetic/operand.hpp"
#include "halfulp/formats/codebook.hpp"

namespace halfulp {

enum class ordering : std::int8_t { less = -1, equal = 0, greater = 1, unordered = 2 };

namespace detail {

constexpr ordering reversed(ordering x) noexcept {
    return x == ordering::less ? ordering::greater : x == ordering::greater ? ordering::less : x;
}

constexpr ordering compare_numbers(const operand& a, const operand& b) noexcept {
    if (a.is_infinite() || b.is_infinite()) {
        if (a.is_infinite() && b.is_infinite()) return ordering::equal;
        return a.is_infinite() ? ordering::greater : ordering::less;
    }
    const int order = compare_magnitudes(a.significand, a.exponent, false, b.significand, b.exponent);
    return order < 0 ? ordering::less : order > 0 ? ordering::greater : ordering::equal;
}

}  // namespace detail

/// |a| against |b|; neither is NaN.
constexpr ordering compare_magnitude(const operand& a, const operand& b) noexcept {
    return detail::compare_numbers(a, b);
}

/// Zeros of either sign are equal; NaN is unordered.
constexpr ordering compare(const operand& a, const operand& b) noexcept {
    if (a.is_nan() || b.is_nan()) return ordering::unordered;
    const bool both_zero = a.is_zero() && b.is_zero();
    if (both_zero) return ordering::equal;
    const bool a_down = a.negative && !a.is_zero();
    const bool b_down = b.negative && !b.is_zero();
    if (a_down != b_down) return a_down ? ordering::less : ordering::greater;
    const ordering magnitudes = compare_magnitude(a, b);
    return a_down ? detail::reversed(magnitudes) : magnitudes;
}

/// The order of all that a format holds (IEEE 754-2019, 5.10): -NaN, -∞ … -0, +0 … +∞, +NaN; signaling NaNs nearer to the numbers. Numbers of
/// equal value and payloads are not told apart.
constexpr ordering compare_total(const operand& a, const operand& b) noexcept {
    const auto rank = [](const operand& x) { return !x.is_nan() ? 0 : (x.negative ? -1 : 1) * (x.signaling ? 1 : 2); };
    if (rank(a) != rank(b)) return rank(a) < rank(b) ? ordering::less : ordering::greater;
    if (a.is_nan()) return ordering::equal;
    const ordering plain = compare(a, b);
    if (plain != ordering::equal || a.negative == b.negative) return plain;
    return a.negative ? ordering::less : ordering::greater;
}

/// The eight operations of IEEE 754-2019, 9.6, P3109's among them.
struct extremum {
    bool largest;         ///< maximum, else minimum
    bool by_magnitude;    ///< of different magnitudes the one of larger or smaller; else as the plain operation
    bool number_wins;     ///< a NaN gives way to a number
};

/// Which of a and b; -0 is below +0.
constexpr exact_result exact_extremum(const operand& a, const operand& b, extremum which) noexcept {
    const auto raised = static_cast<std::uint8_t>(a.signaling || b.signaling ? flag::invalid : 0);
    if (a.is_nan() || b.is_nan()) {
        if (!which.number_wins || (a.is_nan() && b.is_nan())) return exact_result::nan(raised);
        exact_result out = exact_result::of(a.is_nan() ? b : a);
        out.flags = raised;
        return out;
    }
    ordering order = which.by_magnitude ? compare_magnitude(a, b) : ordering::equal;
    if (order == ordering::equal) order = compare_total(a, b);
    return exact_result::of((order == ordering::greater) == which.largest ? a : b);
}

}  // namespace halfulp
