#include "target.hpp"

#include <stdexcept>

#include "rounding.hpp"

namespace oracle {
namespace {

template <class... F>
struct each_kind : F... {
    using F::operator()...;
};
template <class... F>
each_kind(F...) -> each_kind<F...>;

bool equal(const number& x, const number& y) { return oracle::compare(x, y) == 0; }

std::uint64_t word(const integer& i) { return static_cast<std::uint64_t>(i); }

/// Two's complement.
std::uint64_t code_of(const integer& k, int width) {
    const integer modulus = integer(1) << static_cast<unsigned>(width);
    return word(integer((k % modulus + modulus) % modulus));  // % keeps the sign of k
}

bool looks_at_string(mode m) {
    switch (m) {
        case mode::nearest_ties_to_even:
        case mode::nearest_ties_to_odd:
        case mode::nearest_ties_to_away:
        case mode::nearest_ties_to_zero:
        case mode::nearest_ties_up:
        case mode::nearest_ties_down: return true;
        default: return false;
    }
}

integer largest_of(const halfulp::fixed_format& f) {
    return (integer(1) << static_cast<unsigned>(f.width - (f.is_signed ? 1 : 0))) - 1;
}
integer smallest_of(const halfulp::fixed_format& f) {
    if (!f.is_signed) return 0;
    return f.symmetric ? integer(-largest_of(f)) : integer(-largest_of(f) - 1);
}

}  // namespace

target::target(const halfulp::format& f) : is_(halfulp::fixed_format{}) {
    if (const auto* as_float = f.as_float())
        is_.emplace<format>(*as_float);
    else if (const auto* as_fixed = f.as_fixed())
        is_ = *as_fixed;
    else if (const auto* as_posit = f.as_posit())
        is_ = posits{as_posit->width, as_posit->exponent_bits};
    else
        throw std::logic_error("oracle: no codebooks");
}

int target::width() const {
    return std::visit(
        each_kind{[](const format& f) { return f.width(); },
                  [](const halfulp::fixed_format& f) { return int{f.width}; }, [](const posits& f) { return f.width; }},
        is_);
}

bool target::is_signed() const {
    return std::visit(
        each_kind{[](const format& f) { return f.data().is_signed; },
                  [](const halfulp::fixed_format& f) { return f.is_signed; }, [](const posits&) { return true; }},
        is_);
}

bool target::is_p3109() const {
    const auto* f = std::get_if<format>(&is_);
    return f != nullptr && (f->data().specials == halfulp::specials::p3109_finite ||
                            f->data().specials == halfulp::specials::p3109_extended);
}

bool target::zero_divisor_is_nan() const { return is_p3109() || std::holds_alternative<posits>(is_); }

/// The standard of 2022: ((1 - 3s) + f) × 2^((1 - 2s) × (2^es r + e + s)), for both signs alike.
number target::posits::value(const integer& code) const {
    int at = width - 1;  // bits that are still to be read
    const bool negative = bit_test(code, static_cast<unsigned>(at));
    const auto bit = [&] { return at > 0 && bit_test(code, static_cast<unsigned>(--at)); };
    if (code == 0) return number::finite(false, {});
    if (code == integer(1) << static_cast<unsigned>(width - 1)) return number::nan();
    const bool first = bit();
    int run = 1;
    while (at > 0 && bit() == first) ++run;  // takes the bit that ends the run, too
    const int regime = first ? run - 1 : -run;
    int field = 0;
    for (int i = 0; i < exponent_bits; ++i) field = 2 * field + (bit() ? 1 : 0);
    const integer one = integer(1) << static_cast<unsigned>(at);
    const integer fraction = code & integer(one - 1);
    const int power = regime * (1 << exponent_bits) + field;
    if (negative) return number::finite(true, scaled({integer(2 * one - fraction), one}, -power - 1));
    return number::finite(false, scaled({integer(one + fraction), one}, power));
}

rational target::posits::midpoint(const integer& code) const {
    return posits{width + 1, exponent_bits}.magnitude(integer(2 * code + 1));
}

operand target::decode(std::uint64_t code) const {
    return std::visit(each_kind{[&](const format& f) -> operand {
                                    number x = f.decode(code);
                                    if (!x.is_nan()) return {x};
                                    // The sign bit; P3109's one NaN is below everything. Quiet is the first bit of the fraction.
                                    x.negative = is_p3109() || (f.data().is_signed && (code & f.sign_bit()) != 0);
                                    const int quiet = f.fraction_bits() - 1;
                                    return {x,
                                            f.data().specials == halfulp::specials::ieee && (code >> quiet) % 2 == 0};
                                },
                                [&](const halfulp::fixed_format& f) -> operand {
                                    integer k = code;
                                    if (f.is_signed && code >> (f.width - 1) != 0) k -= integer(1) << f.width;
                                    return {number::finite(k < 0, scaled({abs(k), 1}, -f.fraction_bits))};
                                },
                                [&](const posits& f) -> operand { return {f.value(code)}; }},
                      is_);
}

spot target::place(const number& x) const {
    spot at{x, std::nullopt, 0, {}, {}, false};
    if (const auto* f = std::get_if<format>(&is_)) {
        at.among_floats = oracle::place(x, *f);
        return at;
    }
    if (!x.is_finite() || is_zero(x.magnitude)) return at;
    if (const auto* f = std::get_if<halfulp::fixed_format>(&is_)) return place_fixed(std::move(at), *f);
    return place_posit(std::move(at), std::get<posits>(is_));
}

spot target::place_fixed(spot at, const halfulp::fixed_format& f) const {
    const rational units = scaled(at.x.magnitude, f.fraction_bits);
    at.lower = floor(units);
    at.linear.lower_even = at.lower % 2 == 0;
    at.linear.f = {integer(units.num - at.lower * units.den), units.den};
    return at;
}

spot target::place_posit(spot at, const posits& f) const {
    const rational& x = at.x.magnitude;
    if (compare(x, f.magnitude(1)) <= 0) {
        at.lower = 1;
        return at;
    }
    integer low = 1, high = f.top();
    if (compare(x, f.magnitude(high)) >= 0) {
        at.lower = high;
        at.above = compare(x, f.magnitude(high)) > 0;
        return at;
    }
    while (high - low > 1) {
        const integer middle = (low + high) / 2;
        (compare(f.magnitude(middle), x) <= 0 ? low : high) = middle;
    }
    const rational a = f.magnitude(low), b = f.magnitude(high);
    const integer above = x.num * a.den - a.num * x.den;  // (x - a) / (b - a)
    at.lower = low;
    at.linear.lower_even = at.in_string.lower_even = low % 2 == 0;
    at.linear.f = {integer(above * b.den), integer((b.num * a.den - a.num * b.den) * x.den)};
    if (above != 0) at.in_string.f = {integer(2 + compare(x, f.midpoint(low))), 4};
    return at;
}

landing target::project(const spot& at, const projection& how, std::uint32_t random) const {
    return std::visit(each_kind{[&](const format&) { return project_float(at, how, random); },
                                [&](const halfulp::fixed_format& f) { return project_fixed(at, how, random, f); },
                                [&](const posits& f) { return project_posit(at, how, random, f); }},
                      is_);
}

landing target::project_float(const spot& at, const projection& how, std::uint32_t random) const {
    const format& f = std::get<format>(is_);
    const placed& p = *at.among_floats;
    const outcome found = oracle::project(p, how, random, purpose::encode);
    landing out;
    out.code = oracle::code_of(found, f);
    out.is_nan = found.what == number::kind::nan;
    out.is_infinite = found.what == number::kind::infinity;
    if (f.has_nan()) {
        out.wants_nan = out.is_nan;
    } else {  // where a NaN is called for, and only there, the NaN policy matters
        projection other = how;
        other.nan = how.nan == nan_policy::to_zero ? nan_policy::to_max : nan_policy::to_zero;
        out.wants_nan = !(oracle::project(p, other, random, purpose::encode) == found);
    }
    if (!at.x.is_finite()) return out;
    if (!is_zero(at.x.magnitude) && p.where.upper > f.largest()) {
        projection unlimited = how;
        unlimited.overflow = overflow_policy::unbounded;
        const outcome rounded = oracle::project(p, unlimited, random, purpose::round);
        out.overflowed = rounded.what == number::kind::finite && rounded.index > f.largest();
    }
    out.inexact = out.overflowed || out.is_nan || out.is_infinite || !equal(value_of(found, f), at.x);
    if (!p.below_normal) return out;
    out.tiny_before = true;
    const bool away = goes_away(how.rounding, at.x.negative, p.tiny.where, random, how.random_bits);
    out.tiny_after = compare(away ? p.tiny.upper_value : p.tiny.lower_value, f.smallest_normal_value()) < 0;
    return out;
}

landing target::project_fixed(const spot& at, const projection& how, std::uint32_t random,
                              const halfulp::fixed_format& f) const {
    landing out;
    const bool wraps = how.overflow == overflow_policy::wrap && !f.symmetric;
    const integer end = at.x.negative ? smallest_of(f) : largest_of(f);
    const auto nan = [&]() -> landing& {
        const bool to_zero = how.nan == nan_policy::to_zero || how.nan == nan_policy::negated_zero;
        out.code = to_zero ? 0 : code_of(largest_of(f), f.width);
        out.wants_nan = true;
        return out;
    };
    if (at.x.is_nan()) return nan();
    // Section 2.6: below an unsigned format.
    const bool refused = at.x.negative && !f.is_signed && !wraps;
    const auto below_all = [&]() -> landing& {
        const bool toward_it = how.rounding == mode::toward_zero || how.rounding == mode::toward_positive;
        out.inexact = true;
        if (how.overflow == overflow_policy::to_nan) return nan();
        if (how.overflow == overflow_policy::sat_none && !(toward_it && at.x.is_finite())) return nan();
        return out;  // 0
    };
    if (!at.x.is_finite()) {
        if (refused) return below_all();
        if (wraps || how.overflow == overflow_policy::to_nan) return nan();
        out.code = code_of(end, f.width);
        return out;
    }
    const bool away = goes_away(how.rounding, at.x.negative, at.linear, random, how.random_bits);
    integer k = at.lower + (away ? 1 : 0);
    if (at.x.negative) k = -k;
    out.inexact = at.linear.f.num != 0;
    if (refused && k != 0) return below_all();
    if (k >= smallest_of(f) && k <= largest_of(f)) {
        out.code = code_of(k, f.width);
        return out;
    }
    out.inexact = out.overflowed = true;
    if (how.overflow == overflow_policy::to_nan) return nan();
    out.code = code_of(wraps ? k : end, f.width);
    return out;
}

landing target::project_posit(const spot& at, const projection& how, std::uint32_t random, const posits& f) const {
    landing out;
    const auto code = [&](const integer& magnitude) {
        return code_of(at.x.negative ? integer(-magnitude) : magnitude, f.width);
    };
    const bool clamps = how.overflow == overflow_policy::sat_finite || how.overflow == overflow_policy::sat_propagate ||
                        how.overflow == overflow_policy::sat_none;
    if (at.x.is_nan() || (!at.x.is_finite() && !clamps)) {
        out.code = std::uint64_t{1} << (f.width - 1);
        out.is_nan = out.wants_nan = true;
        return out;
    }
    if (!at.x.is_finite()) {
        out.code = code(f.top());
        return out;
    }
    if (is_zero(at.x.magnitude)) return out;
    const gap& where = looks_at_string(how.rounding) ? at.in_string : at.linear;
    const integer magnitude =
        at.lower + (goes_away(how.rounding, at.x.negative, where, random, how.random_bits) ? 1 : 0);
    out.code = code(magnitude);
    out.inexact = compare(f.magnitude(magnitude), at.x.magnitude) != 0;
    out.overflowed = at.above;
    return out;
}

std::uint64_t target::turning_point(const spot& at, mode m, int bits) const {
    const std::uint64_t all = std::uint64_t{1} << bits;
    if (!at.x.is_finite() || is_zero(at.x.magnitude)) return all;
    if (!at.among_floats) return all - count_away(m, at.x.negative, at.linear, bits);
    if (at.among_floats->where.below_all) return all;
    return all - count_away(m, at.x.negative, at.among_floats->where, bits);
}

std::uint8_t flags_of(const exact_value& x, const landing& out, bool tininess_before) {
    int flags = (x.invalid ? flag::invalid : 0) | (x.divide_by_zero ? flag::divide_by_zero : 0) |
                (x.inexact ? flag::inexact : 0);
    if (x.x.is_nan()) {
        if (!out.is_nan) flags |= flag::invalid;  // no place for it
    } else if (!x.x.is_finite()) {
        if (!out.is_infinite) flags |= flag::overflow | flag::inexact;
    } else if (out.overflowed) {
        flags |= flag::overflow | flag::inexact;
    } else if (out.wants_nan) {
        flags |= flag::invalid;  // a negative number where there are none
    } else if (out.inexact) {
        flags |= flag::inexact;
        if (tininess_before ? out.tiny_before : out.tiny_after) flags |= flag::underflow;
    }
    return static_cast<std::uint8_t>(flags);
}

}  // namespace oracle
