// Projection: a real number becomes a member of a format. Round with the exponent unbounded above, then let the policies
// speak (P3109 v4.0: RoundToPrecision, Saturate). The contract's section 2 names every case below.
#pragma once

#include <cstdint>

#include "halfulp/rounding/round_magnitude.hpp"

namespace halfulp {

enum class number_class : std::uint8_t { finite, infinity, nan };

/// A member of a format (or, under overflow_policy::unbounded, of its continuation upward), and how it came about.
struct projected {
    number_class kind;
    bool negative;
    std::uint64_t significand;
    std::int32_t exponent;
    bool inexact;
    bool overflowed;  ///< the rounded magnitude was beyond the largest member, or the operand infinite
    bool missing_nan;  ///< a NaN was called for and the format has none
};

/// The scalar functions are total: N outside 1 to 32 counts as the nearer end.
constexpr rounding_spec spec_of(const projection& how, ftz_policy ftz) noexcept {
    const int n = how.random_bits;
    return {how.rounding, ftz, n < 1 ? 1 : n > 32 ? 32 : n};
}

/// A format and a projection, with all that does not depend on the number worked out.
struct projector {
    float_grid grid;
    rounding_spec spec;
    overflow_policy overflow;
    nan_policy nan;
    bool magnitude_if_unsigned;
    bool zero_to_nan_if_absent;
    bool infinity_to_nan;
    bool lowest_gap_up;
    bool lowest_binade_up;
    bool through_binary32;

    constexpr projector(const float_format& format, const projection& how) noexcept
        : grid(format),
          spec(spec_of(how, how.ftz)),
          overflow(how.overflow == overflow_policy::native ? native_overflow(format) : how.overflow),
          nan(how.nan),
          magnitude_if_unsigned(how.magnitude_if_unsigned),
          zero_to_nan_if_absent(how.zero_to_nan_if_absent),
          infinity_to_nan(how.infinity_to_nan),
          lowest_gap_up(how.lowest_gap_up),
          lowest_binade_up(how.lowest_binade_up),
          through_binary32(how.through_binary32) {}

    /// NaN, or what stands for it where the format has none. `negative` is the sign of the NaN.
    [[nodiscard]] constexpr projected nan_result(bool negative = false) const noexcept {
        if (grid.has_nan) return {number_class::nan, false, 0, 0, false, false, false};
        projected out = nan == nan_policy::to_zero || nan == nan_policy::negated_zero ? zero(false) : largest(false);
        if (nan == nan_policy::negated_zero) out.negative = !negative && grid.has_negative_zero;
        out.inexact = false;
        out.overflowed = false;
        out.missing_nan = true;
        return out;
    }

    /// ±0, or the smallest member where the format has no zero.
    [[nodiscard]] constexpr projected zero(bool negative) const noexcept {
        if (!grid.has_zero) {
            const dyadic smallest = grid.smallest_normal();
            return {number_class::finite, false, smallest.significand, smallest.exponent, true, false, false};
        }
        return {number_class::finite, negative && grid.has_negative_zero, 0, 0, false, false, false};
    }

    [[nodiscard]] constexpr projected largest(bool negative) const noexcept {
        return {number_class::finite, negative, grid.max_significand, grid.max_exponent, true, true, false};
    }

    /// ±infinity as an operand. It is exact: the rounding mode plays no part, but for a negative one into an unsigned format.
    [[nodiscard]] constexpr projected infinity(bool negative) const noexcept {
        if (negative && !grid.is_signed) {
            if (magnitude_if_unsigned) return infinity(false);
            return overflow == overflow_policy::sat_none || overflow == overflow_policy::to_nan ? nan_result()
                                                                                                : smallest_unsigned();
        }
        if (infinity_to_nan) return overflowed_to_nan();
        switch (overflow) {
            case overflow_policy::sat_propagate:
            case overflow_policy::sat_none:
                if (!grid.has_infinity) return largest(negative);
                return {number_class::infinity, negative, 0, 0, false, true, false};
            case overflow_policy::unbounded: return {number_class::infinity, negative, 0, 0, false, true, false};
            case overflow_policy::to_nan: return overflowed_to_nan();
            default: return largest(negative);
        }
    }

    /// A finite number. `random` holds R.
    template <class UInt>
    [[nodiscard]] constexpr projected finite(bool negative, UInt significand, std::int32_t exponent, bool sticky,
                                             std::uint32_t random) const noexcept {
        if (!grid.is_signed && magnitude_if_unsigned) negative = false;
        if (significand == 0) return zero_to_nan_if_absent && !grid.has_zero ? nan_result() : zero(negative);
        rounded_magnitude rounded = round_magnitude(negative, significand, exponent, sticky, grid, spec, random);
        if (!grid.has_zero && (lowest_gap_up || lowest_binade_up)) rounded = raised(rounded, significand, exponent);
        if (negative && !grid.is_signed && (rounded.significand != 0 || !grid.has_zero)) return negative_to_unsigned();
        if (rounded.significand == 0) {
            projected out = zero(negative);
            out.inexact = true;
            return out;
        }
        if (exceeds_largest(rounded, grid) && overflow != overflow_policy::unbounded) return finite_overflow(negative);
        return {number_class::finite, negative, rounded.significand, rounded.exponent, rounded.inexact, false, false};
    }

  private:
    /// What the two faults of presets make of a result in the lowest binade.
    template <class UInt>
    [[nodiscard]] constexpr rounded_magnitude raised(const rounded_magnitude& rounded, UInt significand,
                                                     std::int32_t exponent) const noexcept {
        const std::int32_t top = exponent + detail::bit_length_of(significand) - 1;
        const rounded_magnitude second{grid.hidden_bit, grid.emin - grid.mantissa_bits + 1, true};
        if (lowest_binade_up && top <= grid.emin) return second;
        return lowest_gap_up && top == grid.emin && rounded.inexact ? second : rounded;
    }

    [[nodiscard]] constexpr projected smallest_unsigned() const noexcept {
        projected out = zero(false);
        out.inexact = true;
        return out;
    }

    [[nodiscard]] constexpr projected overflowed_to_nan() const noexcept {
        projected out = nan_result();
        out.overflowed = true;
        return out;
    }

    [[nodiscard]] constexpr projected negative_to_unsigned() const noexcept {
        switch (overflow) {
            case overflow_policy::to_nan: return nan_result();
            case overflow_policy::sat_none:
                return spec.mode == rounding_mode::toward_zero || spec.mode == rounding_mode::toward_positive
                           ? smallest_unsigned()
                           : nan_result();
            default: return smallest_unsigned();
        }
    }

    [[nodiscard]] constexpr projected finite_overflow(bool negative) const noexcept {
        switch (overflow) {
            case overflow_policy::to_nan: return overflowed_to_nan();
            case overflow_policy::sat_none: {
                if (!grid.has_infinity) return largest(negative);
                const bool points_back =
                    spec.mode == rounding_mode::toward_zero ||
                    spec.mode == (negative ? rounding_mode::toward_positive : rounding_mode::toward_negative) ||
                    // The largest member and infinity are neighbouring codes: to_odd takes whichever is not even.
                    (spec.mode == rounding_mode::to_odd && (grid.max_magnitude & 1) != 0);
                if (points_back) return largest(negative);
                return {number_class::infinity, negative, 0, 0, true, true, false};
            }
            default: return largest(negative);
        }
    }
};

}  // namespace halfulp
