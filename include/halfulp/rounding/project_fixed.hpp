// Projection into integers and fixed point (the contract's section 2): round on the unbounded grid of multiples of 2^-F, then let the
// policies speak.
#pragma once

#include <cstdint>

#include "halfulp/formats/fixed_format.hpp"
#include "halfulp/rounding/project.hpp"

namespace halfulp {

/// A fixed-point format and a projection. Results are `projected` with exponent -F; under overflow_policy::unbounded a result may be
/// any multiple of 2^-F, or the operand itself where that is one. Flushing has no meaning here, and there is no negative zero. Total: a
/// symmetric format, which refuses wrap, takes it as sat_finite.
struct fixed_projector {
    fixed_format format;
    rounding_spec spec;
    overflow_policy overflow;
    nan_policy nan;
    bool magnitude_if_unsigned;

    constexpr fixed_projector(const fixed_format& f, const projection& how) noexcept
        : format(f),
          spec(spec_of(how, ftz_policy::none)),
          overflow(saturates(f, how.overflow) ? overflow_policy::sat_finite : how.overflow),
          nan(how.nan),
          magnitude_if_unsigned(how.magnitude_if_unsigned) {}

    /// What a NaN becomes. There is none in the format: the policy's number.
    [[nodiscard]] constexpr projected nan_result(bool) const noexcept {
        const bool to_zero = nan == nan_policy::to_zero || nan == nan_policy::negated_zero;
        projected out = member(false, to_zero ? 0 : format.largest());
        out.inexact = true;
        out.missing_nan = true;
        return out;
    }

    /// Zero, which has one code.
    [[nodiscard]] constexpr projected zero(bool) const noexcept { return member(false, 0); }

    [[nodiscard]] constexpr projected infinity(bool negative) const noexcept {
        if (negative && !format.is_signed && magnitude_if_unsigned) negative = false;
        if (negative && !format.is_signed && overflow != overflow_policy::wrap) return negative_to_unsigned(true);
        switch (overflow) {
            case overflow_policy::unbounded: return {number_class::infinity, negative, 0, 0, false, true, false};
            case overflow_policy::to_nan:
            case overflow_policy::wrap: {
                projected out = nan_result(negative);
                out.overflowed = true;
                return out;
            }
            default: return end(negative);
        }
    }

    /// A finite number; `random` holds R. With `sticky` the number is larger than significand × 2^exponent by less than its last bit, which
    /// then lies below half a quantum. Under `unbounded` the significand has at most 64 bits.
    template <class UInt>
    [[nodiscard]] constexpr projected finite(bool negative, UInt significand, std::int32_t exponent, bool sticky,
                                             std::uint32_t random) const noexcept {
        if (!format.is_signed && magnitude_if_unsigned) negative = false;
        if (significand == 0 && !sticky) return member(false, 0);
        const std::int32_t quantum = -std::int32_t{format.fraction_bits};
        const std::int32_t shift = quantum - exponent;
        const bool huge = exponent + detail::bit_length_of(significand) - 1 - quantum >= 64;
        // Multiples of 2^64 quanta have nothing that any width keeps; in all others the bits from the 64th on are cut off.
        const auto parts = shift <= -64 ? detail::split_magnitude{0, 0} : detail::split(significand, shift, sticky);
        const bool away =
            rounds_away(spec.mode, negative, (parts.kept & 1) != 0, parts.fraction, random, spec.random_bits);
        const std::uint64_t k = parts.kept + (away ? 1 : 0);
        const bool beyond_64_bits = huge || (away && k == 0);
        const bool inexact = parts.fraction != 0;
        if (!beyond_64_bits && k <= (negative ? format.largest_negative() : format.largest()))
            return {number_class::finite, negative && k != 0, k, quantum, inexact, false, false};
        if (negative && !format.is_signed && overflow != overflow_policy::wrap) return negative_to_unsigned(false);
        if (overflow != overflow_policy::unbounded) return overflowed(negative, k);
        if (huge)
            return {
                number_class::finite, negative, static_cast<std::uint64_t>(significand), exponent, false, false, false};
        if (beyond_64_bits) return {number_class::finite, negative, 1, quantum + 64, inexact, false, false};
        return {number_class::finite, negative, k, quantum, inexact, false, false};
    }

  private:
    [[nodiscard]] static constexpr bool saturates(const fixed_format& f, overflow_policy asked) noexcept {
        return asked == overflow_policy::native || (asked == overflow_policy::wrap && f.symmetric);
    }
    [[nodiscard]] constexpr projected member(bool negative, std::uint64_t k) const noexcept {
        return {number_class::finite, negative && k != 0, k, -std::int32_t{format.fraction_bits}, false, false, false};
    }
    /// A negative number that does not round to zero, in an unsigned format: no saturation at the top.
    [[nodiscard]] constexpr projected negative_to_unsigned(bool infinite) const noexcept {
        const bool to_smallest =
            overflow == overflow_policy::sat_none
                ? !infinite && (spec.mode == rounding_mode::toward_zero || spec.mode == rounding_mode::toward_positive)
                : overflow != overflow_policy::to_nan;
        if (!to_smallest) return nan_result(true);
        projected out = member(false, 0);
        out.inexact = true;
        return out;
    }
    [[nodiscard]] constexpr projected end(bool negative) const noexcept {
        projected out = member(negative, negative ? format.largest_negative() : format.largest());
        out.inexact = true;
        out.overflowed = true;
        return out;
    }
    /// ±k beyond the format, k modulo 2^64.
    [[nodiscard]] constexpr projected overflowed(bool negative, std::uint64_t k) const noexcept {
        if (overflow == overflow_policy::to_nan) return infinity(negative);
        if (overflow != overflow_policy::wrap) return end(negative);
        const dyadic wrapped = format.value(format.code(negative, k));
        projected out = member(wrapped.negative, wrapped.significand);
        out.inexact = true;
        out.overflowed = true;
        return out;
    }
};

}  // namespace halfulp
