// Projection into posits (the contract's sections 2.1 to 2.3): a finite number other than zero becomes a finite number other than zero.
#pragma once

#include <cstdint>

#include "halfulp/formats/posit_format.hpp"
#include "halfulp/rounding/project.hpp"

namespace halfulp {

/// Where a magnitude lies among the posits.
struct posit_position {
    std::uint64_t lower;  ///< magnitude code of the neighbour toward zero; the other one follows it
    fraction64 fraction;  ///< f, 0 for members and for numbers outside [minpos, maxpos]
    /// As the fraction, but one half at the midpoint of the bit strings: the posit of one bit more between the two codes.
    fraction64 place_in_string;
    bool inexact;
    bool beyond;  ///< above maxpos
};

namespace detail {

/// f = (y - 1) / (2^D - 1) for y = significand × 2^exponent (a little more with `sticky`), 1 < y < 2^D, D a power of two up to 256: the
/// place of a number in a gap that spans D binades.
template <class UInt>
constexpr fraction64 fraction_of_binades(UInt significand, std::int32_t exponent, bool sticky, int binades) noexcept {
    if (binades <= 64) {
        const split_magnitude y = split(significand, -exponent, sticky);
        const std::uint64_t gap = low_ones(binades);
        // Below gap × 2^64, so the quotient has 64 bits. The bit jammed into y can make a difference only in a quotient that is odd.
        const uint128 dividend = (uint128{y.kept - 1} << 64) | y.fraction;
        return static_cast<std::uint64_t>(dividend / gap) | std::uint64_t{dividend % gap != 0};
    }
    // With Y = y 2^-D, f = Y - (1 - Y) / (2^D - 1): less than Y, by less than 2^-64. So with n = floor(Y 2^64) and
    // rest = y - n 2^(D-64), floor(f 2^64) is n where rest >= 1 - n 2^-64, else n - 1. No f 2^j is an integer: that needs a y of
    // more than D bits, and it has 128 at most.
    const int step_bit = binades - 64 - exponent;  // the bits of `rest` are those of the significand below this one
    const std::uint64_t n = split(significand, step_bit, false).kept;
    constexpr int width = static_cast<int>(sizeof(UInt)) * 8;
    const UInt rest = step_bit <= 0       ? UInt{0}
                      : step_bit >= width ? significand
                                          : significand & ((UInt{1} << step_bit) - 1);
    const bool rest_has_units = exponent >= 0 ? rest != 0 : -exponent < width && (rest >> -exponent) != 0;
    // `sticky` counts as half of the last bit. Where the significand leaves open what follows, its bits from 2^(D-64) down to that one are
    // all zeros or (below 1) all ones.
    bool rest_is_enough = rest_has_units || (sticky && exponent > 0);  // where n = 0, rest = y has units
    if (!rest_is_enough && exponent <= 0) {
        const fraction64 last = sticky && exponent > -64 ? one_half >> -exponent : 0;
        rest_is_enough = (split(significand, -exponent, false).fraction | last) >= ~n + 1;
    }
    return (rest_is_enough ? n : n - 1) | 1;
}

}  // namespace detail

/// The neighbours of significand × 2^exponent (plus less than its last bit when `sticky`). significand != 0; UInt is 64 or 128
/// bits wide, and with `sticky` it holds at least 122 significant bits.
template <class UInt>
constexpr posit_position locate(UInt significand, std::int32_t exponent, bool sticky,
                                const posit_format& format) noexcept {
    const std::int32_t top = exponent + detail::bit_length_of(significand) - 1;  // floor(log2 |x|)
    const bool power_of_two = !sticky && (significand & (significand - 1)) == 0;
    if (top < -format.max_exponent()) return {1, 0, 0, true, false};
    if (top >= format.max_exponent()) {
        const bool beyond = top > format.max_exponent() || !power_of_two;
        return {format.max_magnitude(), 0, 0, beyond, beyond};
    }
    const posit_binade at = format.binade(top);
    if (at.fraction_bits >= 0) {
        const auto parts = detail::split(significand, top - at.fraction_bits - exponent, sticky);
        const std::uint64_t lower = at.first_code + (parts.kept - (std::uint64_t{1} << at.fraction_bits));
        return {lower, parts.fraction, parts.fraction, parts.fraction != 0, false};
    }
    if (power_of_two && top == at.exponent) return {at.first_code, 0, 0, false, false};
    // One bit more of the exponent: the midpoint of the bit strings is the geometric mean.
    const int binades = 1 << -at.fraction_bits;
    const std::int32_t middle = at.exponent + binades / 2;
    const fraction64 place = top < middle ? one_half - 1 : power_of_two && top == middle ? one_half : one_half + 1;
    return {at.first_code, detail::fraction_of_binades(significand, exponent - at.exponent, sticky, binades), place,
            true, false};
}

/// A posit format and a projection. Finite numbers beyond maxpos become maxpos and those below minpos become minpos, in every mode
/// and under every policy: no rounding leads to zero or NaR. So to_nan, wrap and unbounded find no finite number to speak about, and the
/// policy decides ±∞ alone: NaR under these and native, ±maxpos under sat_finite, sat_propagate and sat_none (there is no infinity).
/// Flushing has no meaning (there are no subnormals), nor has the NaN policy (there is NaR); -0 is 0. `overflowed` says that the number
/// was above maxpos, whatever the mode.
struct posit_projector {
    posit_format format;
    rounding_spec spec;
    overflow_policy overflow;

    constexpr posit_projector(const posit_format& f, const projection& how) noexcept
        : format(f), spec(spec_of(how, ftz_policy::none)), overflow(how.overflow) {}

    [[nodiscard]] constexpr projected nan_result(bool = false) const noexcept {
        return {number_class::nan, false, 0, 0, false, false, false};
    }

    [[nodiscard]] constexpr projected zero(bool) const noexcept {
        return {number_class::finite, false, 0, 0, false, false, false};
    }

    [[nodiscard]] constexpr projected infinity(bool negative) const noexcept {
        switch (overflow) {
            case overflow_policy::sat_finite:
            case overflow_policy::sat_propagate:
            case overflow_policy::sat_none: return member(negative, format.max_magnitude(), true, true);
            default: {
                projected out = nan_result();
                out.overflowed = true;
                return out;
            }
        }
    }

    /// A finite number; `random` holds R. With `sticky` the number is larger than significand × 2^exponent by less than its last bit, and
    /// the significand has at least 122 significant bits.
    template <class UInt>
    [[nodiscard]] constexpr projected finite(bool negative, UInt significand, std::int32_t exponent, bool sticky,
                                             std::uint32_t random) const noexcept {
        if (significand == 0) return zero(negative);
        const posit_position at = locate(significand, exponent, sticky, format);
        const bool nearest = spec.mode <= rounding_mode::nearest_ties_down;
        const fraction64 f = nearest ? at.place_in_string : at.fraction;
        // Codes of a magnitude and of its negative are odd or even together.
        const bool away = rounds_away(spec.mode, negative, (at.lower & 1) != 0, f, random, spec.random_bits);
        return member(negative, at.lower + (away ? 1 : 0), at.inexact, at.beyond);
    }

  private:
    [[nodiscard]] constexpr projected member(bool negative, std::uint64_t magnitude, bool inexact,
                                             bool overflowed) const noexcept {
        const dyadic value = format.magnitude_value(magnitude);
        return {number_class::finite, negative, value.significand, value.exponent, inexact, overflowed, false};
    }
};

/// The code of a projected number, which is a member or NaR.
constexpr std::uint64_t to_code(const projected& x, const posit_format& format) noexcept {
    if (x.kind != number_class::finite) return format.nan_code();
    return format.code(x.negative, format.magnitude_code(x.significand, x.exponent));
}

/// The number that a code stands for; bits above the width are ignored.
constexpr projected projected_from_code(std::uint64_t code, const posit_format& format) noexcept {
    if (format.is_nan(code)) return {number_class::nan, false, 0, 0, false, false, false};
    const dyadic value = format.value(code);
    return {number_class::finite, value.negative, value.significand, value.exponent, false, false, false};
}

/// maxpos.
constexpr dyadic largest(const posit_format& format) noexcept { return {false, 1, format.max_exponent()}; }

}  // namespace halfulp
