#include "arithmetic.hpp"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <stdexcept>

#include "format.hpp"
#include "rounding.hpp"

namespace oracle {
namespace {

const exact_value invalid_nan{number::nan(), true, false, false};

exact_value exactly(number x) { return {std::move(x), false, false, false}; }

bool zero(const number& x) { return x.is_finite() && is_zero(x.magnitude); }
bool infinite(const number& x) { return x.what == number::kind::infinity; }

rational times(const rational& x, const rational& y) { return {integer(x.num * y.num), integer(x.den * y.den)}; }
rational over(const rational& x, const rational& y) { return {integer(x.num * y.den), integer(x.den * y.num)}; }

/// A real number with its sign in the numerator.
struct real {
    integer num;
    integer den;
};
real signed_value(const number& x) {
    return {x.negative ? integer(-x.magnitude.num) : x.magnitude.num, x.magnitude.den};
}
real plus(const real& x, const real& y) { return {integer(x.num * y.den + y.num * x.den), integer(x.den * y.den)}; }

/// `zero_is_negative`: the sign where the number is zero.
number number_of(const real& x, bool zero_is_negative) {
    if (x.num == 0) return number::finite(zero_is_negative, {});
    return number::finite(x.num < 0, {abs(x.num), x.den});
}

number negated(number x) {
    x.negative = !x.negative;
    return x;
}

number with_sign(number x, bool negative) {
    x.negative = negative;
    return x;
}

/// The sum of numbers, no NaN among them. A sum of zero has the sign that all terms have, else that which the mode wants.
exact_value sum(std::initializer_list<number> terms, const circumstances& given) {
    const auto any = [&](auto test) { return std::any_of(terms.begin(), terms.end(), test); };
    const bool up = any([](const number& x) { return infinite(x) && !x.negative; });
    const bool down = any([](const number& x) { return infinite(x) && x.negative; });
    if (up && down) return invalid_nan;
    if (up || down) return exactly(number::infinity(down));
    real total{0, 1};
    for (const number& x : terms) total = plus(total, signed_value(x));
    const bool has_positive = any([](const number& x) { return !x.negative; });
    const bool has_negative = any([](const number& x) { return x.negative; });
    return exactly(number_of(total, has_negative && (!has_positive || given.negative_zero_sum)));
}

exact_value product(const number& a, const number& b) {
    const bool negative = a.negative != b.negative;
    if ((zero(a) && infinite(b)) || (infinite(a) && zero(b))) return invalid_nan;
    if (infinite(a) || infinite(b)) return exactly(number::infinity(negative));
    return exactly(number::finite(negative, times(a.magnitude, b.magnitude)));
}

exact_value pole(bool negative, const circumstances& given) {
    return {given.zero_divisor_is_nan ? number::nan() : number::infinity(negative), false, true, false};
}

exact_value quotient(const number& a, const number& b, const circumstances& given) {
    const bool negative = a.negative != b.negative;
    if ((zero(a) && zero(b)) || (infinite(a) && infinite(b))) return invalid_nan;
    if (infinite(a) && zero(b) && given.zero_divisor_is_nan) return exactly(number::nan());
    if (infinite(a)) return exactly(number::infinity(negative));
    if (infinite(b)) return exactly(number::finite(negative, {}));
    if (zero(b)) return pole(negative, given);
    return exactly(number::finite(negative, over(a.magnitude, b.magnitude)));
}

exact_value square_root(const number& x) {
    if (zero(x)) return exactly(x);
    if (x.negative) return invalid_nan;
    if (infinite(x)) return exactly(x);
    return exactly(number::finite(false, stand_in_for_root(x.magnitude)));
}

exact_value reciprocal_root(const number& x, const circumstances& given) {
    if (zero(x)) return pole(x.negative, given);
    if (x.negative) return invalid_nan;
    if (infinite(x)) return exactly(number::finite(false, {}));
    return exactly(number::finite(false, stand_in_for_root({x.magnitude.den, x.magnitude.num})));
}

exact_value remainder(const number& a, const number& b) {
    if (infinite(a) || zero(b)) return invalid_nan;
    if (infinite(b)) return exactly(a);
    const rational q = over(a.magnitude, b.magnitude);
    const integer below = floor(q);
    const integer twice_rest = 2 * (q.num - below * q.den);
    const bool up = twice_rest > q.den || (twice_rest == q.den && below % 2 == 1);
    // |a| - n |b|, and its opposite for a negative a, whatever the sign of b.
    const rational away = times(b.magnitude, {integer(below + (up ? 1 : 0)), 1});
    real rest = plus({a.magnitude.num, a.magnitude.den}, {integer(-away.num), away.den});
    if (a.negative) rest.num = -rest.num;
    return exactly(number_of(rest, a.negative));
}

struct extremum {
    bool largest, by_magnitude, number_wins;
};
std::optional<extremum> extremum_of(operation op) {
    switch (op) {
        case operation::minimum: return extremum{false, false, false};
        case operation::maximum: return extremum{true, false, false};
        case operation::minimum_number: return extremum{false, false, true};
        case operation::maximum_number: return extremum{true, false, true};
        case operation::minimum_magnitude: return extremum{false, true, false};
        case operation::maximum_magnitude: return extremum{true, true, false};
        case operation::minimum_magnitude_number: return extremum{false, true, true};
        case operation::maximum_magnitude_number: return extremum{true, true, true};
        default: return std::nullopt;
    }
}

exact_value extreme(const extremum& which, const operand& a, const operand& b) {
    exact_value out;
    out.invalid = a.signaling || b.signaling;
    if (a.x.is_nan() || b.x.is_nan()) {
        const bool a_number = which.number_wins && !a.x.is_nan();
        const bool b_number = which.number_wins && !b.x.is_nan();
        out.x = a_number ? a.x : b_number ? b.x : number::nan();
        return out;
    }
    int order = which.by_magnitude ? compare(with_sign(a.x, false), with_sign(b.x, false)) : 0;
    if (order == 0) order = compare(a.x, b.x);
    if (order == 0) order = int{b.x.negative} - int{a.x.negative};  // -0 is below +0
    out.x = (which.largest ? order >= 0 : order <= 0) ? a.x : b.x;
    return out;
}

exact_value round_to_integral(const number& x, const circumstances& given) {
    if (!x.is_finite()) return exactly(x);
    const integer below = floor(x.magnitude);
    gap where;
    where.lower_even = below % 2 == 0;
    where.f = {integer(x.magnitude.num - below * x.magnitude.den), x.magnitude.den};
    const bool away = goes_away(given.rounding, x.negative, where, given.random, given.random_bits);
    return {number::finite(x.negative, {integer(below + (away ? 1 : 0)), 1}), false, false, where.f.num != 0};
}

exact_value scale(const number& x, const number& n) {
    if (!x.is_finite()) return exactly(x);
    const integer by = floor(n.magnitude);
    if (by > (integer(1) << 20)) throw std::logic_error("oracle: scalb by more than 2^20");
    const int k = static_cast<int>(by);
    return exactly(number::finite(x.negative, scaled(x.magnitude, n.negative ? -k : k)));
}

/// Operations of which a NaN makes a NaN.
exact_value of_numbers(operation op, std::span<const operand> x, const circumstances& given) {
    const number one = number::finite(false, {1, 1});
    switch (op) {
        case operation::add: return sum({x[0].x, x[1].x}, given);
        case operation::sub: return sum({x[0].x, negated(x[1].x)}, given);
        case operation::mul: return product(x[0].x, x[1].x);
        case operation::div: return quotient(x[0].x, x[1].x, given);
        case operation::fma: {
            const exact_value p = product(x[0].x, x[1].x);
            return p.invalid ? p : sum({p.x, x[2].x}, given);
        }
        case operation::faa: return sum({x[0].x, x[1].x, x[2].x}, given);
        case operation::sqrt: return square_root(x[0].x);
        case operation::recip: return quotient(one, x[0].x, given);
        case operation::rsqrt: return reciprocal_root(x[0].x, given);
        case operation::remainder: return remainder(x[0].x, x[1].x);
        case operation::round_to_integral: return round_to_integral(x[0].x, given);
        case operation::scalb: return scale(x[0].x, x[1].x);
        case operation::convert: return exactly(x[0].x);
        default: throw std::logic_error("oracle: unknown operation");
    }
}

}  // namespace

rational stand_in_for_root(const rational& x) {
    const int exponent = floor_log2(x) / 2;  // within one of that of the root
    const int k = std::max(194 - exponent, 200);
    const integer whole = floor(scaled(x, 2 * k));  // floor(√floor(y)) = floor(√y)
    const integer root = sqrt(whole);
    if (root * root > whole || (root + 1) * (root + 1) <= whole) throw std::logic_error("oracle: not the root");
    const rational candidate = scaled({root, 1}, -k);
    if (compare(times(candidate, candidate), x) == 0) return candidate;
    return scaled({integer(2 * root + 1), 1}, -k - 1);
}

int compare(const number& x, const number& y) {
    if (x.is_nan() || y.is_nan()) return 2;
    if (zero(x) && zero(y)) return 0;
    const auto side = [](const number& n) { return zero(n) ? 0 : n.negative ? -1 : 1; };
    if (side(x) != side(y)) return side(x) < side(y) ? -1 : 1;
    if (infinite(x) || infinite(y)) return side(x) * (int{infinite(x)} - int{infinite(y)});
    return side(x) * compare(x.magnitude, y.magnitude);
}

int compare_total(const operand& x, const operand& y) {
    // Where the two lie in the list of the standard; numbers share a place.
    const auto place = [](const operand& o) {
        if (!o.x.is_nan()) return 0;
        if (o.x.negative) return o.signaling ? -1 : -2;
        return o.signaling ? 1 : 2;
    };
    if (place(x) != place(y)) return place(x) < place(y) ? -1 : 1;
    if (x.x.is_nan()) return 0;
    const int order = compare(x.x, y.x);
    if (order != 0 || x.x.negative == y.x.negative) return order;
    return x.x.negative ? -1 : 1;
}

exact_value evaluate(operation op, std::span<const operand> x, const circumstances& given) {
    switch (op) {
        case operation::abs: return exactly(with_sign(x[0].x, false));
        case operation::negate: return exactly(negated(x[0].x));
        case operation::copysign:
            if (given.sign_of_nan_is_nan && x[1].x.is_nan()) return exactly(number::nan());
            return exactly(with_sign(x[0].x, x[1].x.negative));
        default: break;
    }
    if (const auto which = extremum_of(op)) return extreme(*which, x[0], x[1]);
    const bool any_nan = std::any_of(x.begin(), x.end(), [](const operand& o) { return o.x.is_nan(); });
    if (!any_nan) return of_numbers(op, x, given);
    exact_value out = exactly(number::nan());
    out.invalid = std::any_of(x.begin(), x.end(), [](const operand& o) { return o.signaling; });
    // 0 × ∞ + NaN: invalid, but where a quiet NaN hides it.
    if (op == operation::fma && !x[0].x.is_nan() && !x[1].x.is_nan() && !given.quiet_nan_hides_invalid_product)
        out.invalid = out.invalid || product(x[0].x, x[1].x).invalid;
    return out;
}

}  // namespace oracle
