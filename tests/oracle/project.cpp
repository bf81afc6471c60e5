#include "project.hpp"

#include <stdexcept>

namespace oracle {
namespace {

using halfulp::specials;

const outcome nan_outcome{number::kind::nan, false, 0};

outcome infinity(bool negative) { return {number::kind::infinity, negative, 0}; }

/// A member; a zero keeps its sign only where the format has a negative zero, and unsigned formats have no sign at all.
outcome member(bool negative, rung index, const format& target) {
    if (!target.data().is_signed) return {number::kind::finite, false, index};
    const bool zero = index == 0 && target.has_zero();
    return {number::kind::finite, negative && (!zero || target.has_negative_zero()), index};
}

outcome largest(bool negative, const format& target) { return member(negative, target.largest(), target); }

/// Rung 0 is zero, or the smallest member where there is no zero.
outcome smallest_or_zero(const format& target) { return member(false, 0, target); }

/// Section 2.4: the NaN of the format, or what the policy puts in its place.
outcome make_nan(bool negative, const format& target, nan_policy policy, purpose aim) {
    if (target.has_nan()) return nan_outcome;
    switch (policy) {
        case nan_policy::keep:
            if (aim == purpose::round) return nan_outcome;
            [[fallthrough]];
        case nan_policy::raise:  // a scalar function cannot report it: as to_max
        case nan_policy::to_max: return largest(false, target);
        case nan_policy::to_zero: return smallest_or_zero(target);
        case nan_policy::negated_zero: return member(!negative, 0, target);
    }
    throw std::logic_error("oracle: unknown NaN policy");
}

/// The rung to which a nonzero magnitude goes, with the exponent unbounded above.
rung round_magnitude(const placed& p, const projection& how, std::uint32_t random) {
    const format& target = *p.target;
    if (p.where.below_all) return 0;  // no zero: everything below the smallest member goes to it
    if (p.below_normal && target.has_zero()) {
        if (how.ftz == ftz_policy::before) return 0;
        if (how.ftz == ftz_policy::after) {
            const bool away = goes_away(how.rounding, p.x.negative, p.tiny.where, random, how.random_bits);
            const int order = compare(away ? p.tiny.upper_value : p.tiny.lower_value, target.smallest_normal_value());
            if (order > 0) throw std::logic_error("oracle: rounding passed over the smallest normal");
            return order < 0 ? 0 : target.smallest_normal();
        }
    }
    return goes_away(how.rounding, p.x.negative, p.where, random, how.random_bits) ? p.where.upper : p.where.lower;
}

/// Section 2.6: a negative number that did not round to zero, in an unsigned format.
outcome negative_into_unsigned(const placed& p, const projection& how, overflow_policy policy, purpose aim) {
    switch (policy) {
        case overflow_policy::sat_none: {
            const bool toward_range = how.rounding == mode::toward_zero || how.rounding == mode::toward_positive;
            if (toward_range && p.x.is_finite()) return smallest_or_zero(*p.target);
            return make_nan(false, *p.target, how.nan, aim);
        }
        case overflow_policy::to_nan: return make_nan(false, *p.target, how.nan, aim);
        default: return smallest_or_zero(*p.target);  // sat_finite, sat_propagate, and unbounded as sat_finite
    }
}

/// Section 2.3: a finite number whose rounded magnitude exceeds the largest member.
outcome overflow(bool negative, rung rounded, const format& target, const projection& how, overflow_policy policy,
                 purpose aim) {
    switch (policy) {
        case overflow_policy::to_nan: return make_nan(false, target, how.nan, aim);
        case overflow_policy::unbounded: return {number::kind::finite, negative, rounded};
        case overflow_policy::sat_none: {
            if (!target.has_infinity()) return largest(negative, target);
            const bool back = how.rounding == mode::toward_zero ||
                              (how.rounding == mode::toward_negative && !negative) ||
                              (how.rounding == mode::toward_positive && negative);
            if (back) return largest(negative, target);
            // The two differ by one as codes, so exactly one of them is odd.
            const bool largest_is_odd = target.largest() % 2 != 0;
            if (how.rounding == mode::to_odd && largest_is_odd) return largest(negative, target);
            return infinity(negative);
        }
        default: return largest(negative, target);  // sat_finite, sat_propagate
    }
}

outcome project_infinity(const placed& p, const projection& how, overflow_policy policy, purpose aim) {
    const format& target = *p.target;
    switch (policy) {
        case overflow_policy::to_nan: return make_nan(false, target, how.nan, aim);
        case overflow_policy::unbounded: return infinity(p.x.negative);
        case overflow_policy::sat_none:
        case overflow_policy::sat_propagate:
            return target.has_infinity() ? infinity(p.x.negative) : largest(p.x.negative, target);
        default: return largest(p.x.negative, target);
    }
}

overflow_policy effective(overflow_policy asked, const halfulp::float_format& data, purpose aim) {
    if (asked == overflow_policy::native) return native_policy(data);
    if (asked == overflow_policy::wrap) return overflow_policy::sat_finite;  // means nothing for floats
    if (asked == overflow_policy::unbounded && aim == purpose::encode) return overflow_policy::sat_finite;
    return asked;
}

}  // namespace

overflow_policy native_policy(const halfulp::float_format& data) {
    switch (data.specials) {
        case specials::ieee:
        case specials::p3109_finite:
        case specials::p3109_extended: return overflow_policy::sat_none;
        case specials::fn:  // E8M0 is one of these
        case specials::fnuz:
        case specials::dlfloat: return overflow_policy::to_nan;
        case specials::finite: return overflow_policy::sat_finite;
    }
    throw std::logic_error("oracle: unknown specials");
}

placed place(const number& x, const format& target) {
    placed p{&target, x, {}, false, {}};
    if (!x.is_finite() || is_zero(x.magnitude)) return p;
    p.where = target.locate(x.magnitude);
    p.below_normal = compare(x.magnitude, target.smallest_normal_value()) < 0;
    if (p.below_normal) p.tiny = target.locate_unbounded_below(x.magnitude);
    return p;
}

outcome project(const placed& original, const projection& how, std::uint32_t random, purpose aim) {
    const format& target = *original.target;
    const overflow_policy policy = effective(how.overflow, target.data(), aim);
    if (original.x.is_nan()) return make_nan(original.x.negative, target, how.nan, aim);
    const bool drops_sign = how.magnitude_if_unsigned && !target.data().is_signed && original.x.negative;
    if (drops_sign) {
        placed positive = original;
        positive.x.negative = false;
        return project(positive, how, random, aim);
    }
    const placed& p = original;
    const bool negative = p.x.negative;
    const bool outside = negative && !target.data().is_signed;  // below everything in the format, unless it rounds to 0
    if (!p.x.is_finite())
        return outside ? negative_into_unsigned(p, how, policy, aim) : project_infinity(p, how, policy, aim);
    if (is_zero(p.x.magnitude)) {
        if (!target.has_zero() && how.zero_to_nan_if_absent) return make_nan(false, target, how.nan, aim);
        return member(negative, 0, target);
    }
    const rung rounded = round_magnitude(p, how, random);
    if (outside) {
        const bool to_zero = target.has_zero() && rounded == 0;
        return to_zero ? member(false, 0, target) : negative_into_unsigned(p, how, policy, aim);
    }
    if (rounded > target.largest()) return overflow(negative, rounded, target, how, policy, aim);
    return member(negative, rounded, target);
}

outcome project(const number& x, const format& target, const projection& how, std::uint32_t random, purpose aim) {
    return project(place(x, target), how, random, aim);
}

std::uint64_t code_of(const outcome& result, const format& target) {
    const std::uint64_t sign = result.negative ? target.sign_bit() : 0;
    switch (result.what) {
        case number::kind::nan: return target.nan_code();
        case number::kind::infinity: return sign | target.infinity_code();
        case number::kind::finite: return sign | static_cast<std::uint64_t>(result.index);
    }
    throw std::logic_error("oracle: unknown outcome");
}

number value_of(const outcome& result, const format& target) {
    if (result.what == number::kind::nan) return number::nan();
    if (result.what == number::kind::infinity) return number::infinity(result.negative);
    return number::finite(result.negative, target.value(result.index));
}

}  // namespace oracle
