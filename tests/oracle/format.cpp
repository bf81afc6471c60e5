#include "format.hpp"

#include <algorithm>
#include <stdexcept>

namespace oracle {
namespace {

using halfulp::specials;

std::uint64_t ones(int n) { return n >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1; }

integer to_integer(rung r) {
    return integer((integer(static_cast<std::uint64_t>(r >> 64)) << 64) | integer(static_cast<std::uint64_t>(r)));
}

rung to_rung(const integer& i) {
    const integer low_word(~std::uint64_t{0});
    return (static_cast<rung>(static_cast<std::uint64_t>(integer(i >> 64))) << 64) |
           static_cast<rung>(static_cast<std::uint64_t>(integer(i & low_word)));
}

rung at(int position) { return static_cast<rung>(1) << position; }

bool is_p3109(specials s) { return s == specials::p3109_finite || s == specials::p3109_extended; }

}  // namespace

bool format::has_infinity() const {
    return data_.specials == specials::ieee || data_.specials == specials::p3109_extended;
}

// Without a zero: the family of E8M0 (unsigned, NaN at all ones, no fraction) and microexponents (unsigned, no fraction, all numbers).
bool format::has_zero() const {
    if (data_.is_signed || fraction_bits() > 0) return true;
    return data_.specials != specials::fn && (data_.specials != specials::finite || data_.has_subnormals);
}

// fnuz and P3109 use the code for NaN; DLFloat16's sign of zero is "don't care", read as +0.
bool format::has_negative_zero() const {
    if (!data_.is_signed) return false;
    return data_.specials == specials::ieee || data_.specials == specials::finite || data_.specials == specials::fn;
}

std::uint64_t format::sign_bit() const {
    return data_.is_signed ? std::uint64_t{1} << (exponent_bits() + fraction_bits()) : 0;
}

bool format::gap_above_zero() const {
    return data_.specials == specials::dlfloat || (has_zero() && !data_.has_subnormals && fraction_bits() > 0);
}

int format::lowest_exponent() const {
    const bool field_zero_is_normal = data_.specials == specials::dlfloat || !has_zero();
    return field_zero_is_normal ? -data_.bias : 1 - data_.bias;
}

rung format::smallest_positive() const {
    if (!has_zero()) return 0;
    if (data_.specials == specials::dlfloat) return 1;
    return gap_above_zero() ? at(fraction_bits()) : 1;
}

rung format::smallest_normal() const {
    if (!has_zero()) return 0;
    return data_.specials == specials::dlfloat ? 1 : at(fraction_bits());
}

// formats.md 1.1: (-1)^S 2^(E-bias) (1 + F/2^M) for E > 0, (-1)^S 2^(1-bias) F/2^M for E = 0, then the exceptions.
rational format::value(rung r) const {
    const rung fraction = r & (at(fraction_bits()) - 1);
    const int field = static_cast<int>(r >> fraction_bits());
    const rational significand{to_integer(fraction), to_integer(at(fraction_bits()))};
    const rational full{integer(significand.num + significand.den), significand.den};
    if (field > 0) return scaled(full, field - data_.bias);
    if (!has_zero()) return scaled(full, -data_.bias);
    if (fraction == 0) return {};
    if (data_.specials == specials::dlfloat) return scaled(full, -data_.bias);
    if (!data_.has_subnormals) return {};
    return scaled(significand, 1 - data_.bias);
}

number format::decode(std::uint64_t code) const {
    const std::uint64_t magnitude_ones = ones(exponent_bits() + fraction_bits());
    const std::uint64_t magnitude = code & magnitude_ones;
    const bool negative = data_.is_signed && (code & sign_bit()) != 0;
    const std::uint64_t fraction = code & ones(fraction_bits());
    switch (data_.specials) {
        case specials::ieee:
            if (magnitude >> fraction_bits() == ones(exponent_bits()))
                return fraction == 0 ? number::infinity(negative) : number::nan(negative);
            break;
        case specials::finite: break;
        case specials::fn:
        case specials::dlfloat:
            if (magnitude == magnitude_ones) return number::nan(negative);
            break;
        case specials::fnuz:
            if (negative && magnitude == 0) return number::nan();
            break;
        case specials::p3109_finite:
        case specials::p3109_extended: {
            const std::uint64_t nan = data_.is_signed ? sign_bit() : magnitude_ones;
            if (code == nan) return number::nan();
            const std::uint64_t infinity = data_.is_signed ? magnitude_ones : magnitude_ones - 1;
            if (data_.specials == specials::p3109_extended && magnitude == infinity) return number::infinity(negative);
            break;
        }
    }
    rational magnitude_value = value(static_cast<rung>(magnitude));
    const bool sign_kept = negative && (!is_zero(magnitude_value) || has_negative_zero());
    return number::finite(sign_kept, std::move(magnitude_value));
}

std::uint64_t format::nan_code() const {
    const std::uint64_t all = ones(exponent_bits() + fraction_bits());
    if (data_.specials == specials::ieee)  // quiet bit only, positive
        return (ones(exponent_bits()) << fraction_bits()) | (std::uint64_t{1} << (fraction_bits() - 1));
    if (data_.specials == specials::fnuz) return sign_bit();
    if (is_p3109(data_.specials)) return data_.is_signed ? sign_bit() : all;
    return all;
}

format::format(const halfulp::float_format& data) : data_(data) {
    // The largest finite member: step down from all ones until a code decodes as a number.
    std::uint64_t top = ones(exponent_bits() + fraction_bits());
    if (data_.specials == specials::ieee) top -= ones(fraction_bits());  // the top binade holds no number at all
    while (!decode(top).is_finite()) --top;
    largest_ = static_cast<rung>(top);
    largest_value_ = value(largest_);
    normal_value_ = value(smallest_normal());
    if (has_infinity()) {
        infinity_code_ = static_cast<std::uint64_t>(largest_) + 1;
        if (decode(infinity_code_).what != number::kind::infinity)
            throw std::logic_error("oracle: no infinity above the largest");
    }
    // A table of exact members where it stays small: 16 bits and a range that a few hundred bits can span.
    if (width() <= 16 && exponent_bits() <= 9) build_table();
}

void format::build_table() {
    unit_ = lowest_exponent() - fraction_bits();
    for (rung r = 0; r <= largest_; ++r) {
        const rational v = value(r);
        if (is_zero(v) && r != 0) continue;  // codes that a format without subnormals never produces
        const rational units = scaled(v, -unit_);
        if (units.num % units.den != 0) throw std::logic_error("oracle: member off the grid");
        members_.push_back({floor(units), r});
        if (members_.size() > 1 && members_[members_.size() - 2].units >= members_.back().units)
            throw std::logic_error("oracle: members do not grow with their codes");
    }
}

gap format::locate(const rational& x) const {
    if (has_table() && compare(x, largest_value_) < 0) return locate_in_table(x);
    return locate_by_formula(x);
}

gap format::locate_in_table(const rational& x) const {
    const rational units = scaled(x, -unit_);
    const integer whole = floor(units);
    // A member is <= x exactly when it is <= floor(x), members being whole numbers of units.
    const auto above = std::upper_bound(members_.begin(), members_.end(), whole,
                                        [](const integer& v, const member& m) { return v < m.units; });
    if (above == members_.begin()) return {.lower = 0, .upper = 0, .below_all = true, .lower_even = true, .f = {}};
    const member& a = *(above - 1);
    const member& b = *above;
    gap result{.lower = a.index, .upper = b.index, .below_all = false, .lower_even = true, .f = {}};
    // Between 0 and the first normal of a format without subnormals zero is the even one, as its code is anyway.
    result.lower_even = (a.index & 1) == 0;
    result.f = {integer(units.num - a.units * units.den), integer((b.units - a.units) * units.den)};
    return result;
}

gap format::locate_by_formula(const rational& x) const {
    if (!has_zero() && compare(x, value(0)) < 0)
        return {.lower = 0, .upper = 0, .below_all = true, .lower_even = true, .f = {}};
    if (gap_above_zero()) {
        const rational first = value(smallest_positive());
        if (compare(x, first) < 0)
            return {.lower = 0,
                    .upper = smallest_positive(),
                    .below_all = false,
                    .lower_even = true,
                    .f = {integer(x.num * first.den), integer(x.den * first.num)}};
    }
    const int exponent = std::max(floor_log2(x), lowest_exponent());
    const rational steps = scaled(x, fraction_bits() - exponent);  // x in units of the last place
    const integer whole = floor(steps);
    // Rung of `whole` steps in the binade of `exponent`; each binade above the lowest adds 2^M rungs. Where field 0 is
    // a normal binade, rung 0 is the lowest binade's first significand, 2^M.
    rung lower = to_rung(whole) + static_cast<rung>(exponent - lowest_exponent()) * at(fraction_bits());
    if (lowest_exponent() == -data_.bias) lower -= at(fraction_bits());
    return {.lower = lower,
            .upper = lower + 1,
            .below_all = false,
            .lower_even = (lower & 1) == 0,
            .f = {integer(steps.num - whole * steps.den), steps.den}};
}

format::unbounded_gap format::locate_unbounded_below(const rational& x) const {
    const int exponent = floor_log2(x);
    const rational steps = scaled(x, fraction_bits() - exponent);
    const integer whole = floor(steps);
    unbounded_gap result;
    result.where.f = {integer(steps.num - whole * steps.den), steps.den};
    // Even: the last significand bit; for precision 1 the parity of the exponent field, continued below 0.
    const int field = exponent + data_.bias;
    result.where.lower_even = fraction_bits() > 0 ? whole % 2 == 0 : field % 2 == 0;
    result.lower_value = scaled({whole, 1}, exponent - fraction_bits());
    result.upper_value = scaled({integer(whole + 1), 1}, exponent - fraction_bits());
    return result;
}

}  // namespace oracle
