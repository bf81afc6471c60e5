// Rounds an exact magnitude to the precision of a format, exponent unbounded above (P3109 v4.0, RoundToPrecision).
// Integer arithmetic only: nothing here can depend on the caller's floating-point environment.
#pragma once

#include <cstdint>

#include "halfulp/formats/float_grid.hpp"
#include "halfulp/rounding/mode.hpp"
#include "halfulp/rounding/projection.hpp"

namespace halfulp {

/// The parts of a projection that rounding itself reads.
struct rounding_spec {
    rounding_mode mode;
    ftz_policy ftz;
    int random_bits;
};

/// significand × 2^exponent with at most mantissa_bits + 1 bits; significand 0 is zero.
struct rounded_magnitude {
    std::uint64_t significand;
    std::int32_t exponent;
    bool inexact;
};

namespace detail {

constexpr int bit_length_of(std::uint64_t x) noexcept { return bit_length(x); }
constexpr int bit_length_of(uint128 x) noexcept {
    const auto high = static_cast<std::uint64_t>(x >> 64);
    return high != 0 ? 64 + bit_length(high) : bit_length(static_cast<std::uint64_t>(x));
}

/// A magnitude split at a quantum: (kept + fraction) × 2^quantum.
struct split_magnitude {
    std::uint64_t kept;
    fraction64 fraction;
};

/// Splits significand × 2^-shift into its integer part and its fraction. Where `sticky` is set the number is larger than
/// significand × 2^-shift by less than its last bit; the caller provides enough bits that the split point lies above it.
template <class UInt>
constexpr split_magnitude split(UInt significand, int shift, bool sticky) noexcept {
    constexpr int width = static_cast<int>(sizeof(UInt)) * 8;
    if (shift <= 0) return {static_cast<std::uint64_t>(significand) << -shift, std::uint64_t{sticky}};
    const std::uint64_t kept = shift < width ? static_cast<std::uint64_t>(significand >> shift) : 0;
    std::uint64_t fraction = 0;
    if (shift <= 64) {
        fraction = shift == 64 ? static_cast<std::uint64_t>(significand)
                               : static_cast<std::uint64_t>(significand) << (64 - shift);
    } else {
        const int down = shift - 64;
        const UInt top = down < width ? significand >> down : UInt{0};
        const bool lost = down < width ? (significand - (top << down)) != 0 : significand != 0;
        fraction = static_cast<std::uint64_t>(top) | std::uint64_t{lost};
    }
    return {kept, fraction | std::uint64_t{sticky}};
}

/// f = |x| / top as a fraction, for 0 < |x| < top. top has at most 64 bits.
template <class UInt>
constexpr fraction64 fraction_of_gap(UInt significand, std::int32_t exponent, bool sticky, dyadic top) noexcept {
    if ((top.significand & (top.significand - 1)) == 0) {  // a power of two: only a shift
        return split(significand, top.exponent + bit_length(top.significand) - 1 - exponent, sticky).fraction;
    }
    // |x| in units of top's last bit: integer part below 2^64 and fraction; then long division by top.significand, twice.
    const split_magnitude units = split(significand, top.exponent - exponent, sticky);
    const uint128 dividend = (uint128{units.kept} << 64) | units.fraction;
    const auto quotient = static_cast<std::uint64_t>(dividend / top.significand);
    return quotient | std::uint64_t{dividend % top.significand != 0};
}

}  // namespace detail

/// Where an exact magnitude lies between its two neighbours.
struct rounding_position {
    rounded_magnitude lower;  ///< the neighbour toward zero
    rounded_magnitude upper;  ///< the neighbour away from zero
    fraction64 fraction;      ///< f, 0 when the magnitude is `lower` itself
    bool lower_is_odd;
};

/// The neighbours of significand × 2^exponent (plus less than its last bit when `sticky`). significand != 0.
/// UInt is 64 or 128 bits wide; with `sticky` it holds at least precision + 34 significant bits.
/// `flush`: the grid has no lower end (exponent unbounded below), as the definition of tininess wants it.
template <class UInt>
constexpr rounding_position locate(UInt significand, std::int32_t exponent, bool sticky, const float_grid& grid,
                                   bool flush) noexcept {
    const std::int32_t top = exponent + detail::bit_length_of(significand) - 1;  // floor(log2 |x|)
    const std::int32_t lowest_quantum = grid.emin - grid.mantissa_bits;

    if (top <= grid.emin && grid.low != low_binade::subnormals) {
        if (grid.low == low_binade::normals_no_zero) {
            const rounded_magnitude smallest{grid.hidden_bit, lowest_quantum, true};
            if (top < grid.emin) return {smallest, smallest, ~fraction64{0}, false};
        } else if (!flush) {
            // The gap between zero and the smallest member: zero is even, the other end is not.
            const dyadic gap_top = grid.smallest_normal();
            const auto in_units = detail::split(significand, gap_top.exponent - exponent, sticky);
            if (top < grid.emin || in_units.kept < gap_top.significand) {
                return {{0, lowest_quantum, true},
                        {gap_top.significand, gap_top.exponent, true},
                        detail::fraction_of_gap(significand, exponent, sticky, gap_top),
                        false};
            }
        }
    }

    const std::int32_t quantum = (flush || top > grid.emin ? top : grid.emin) - grid.mantissa_bits;
    const auto parts = detail::split(significand, quantum - exponent, sticky);
    // Precision 1 has one significand bit, always set: even and odd alternate with the exponent field instead, and zero is
    // even. The field is quantum - emin + 1, or quantum - emin where field 0 is a normal binade.
    const bool field_zero_is_normal = grid.low == low_binade::normals_no_zero || grid.low == low_binade::normals;
    const bool lower_is_odd = grid.mantissa_bits == 0
                                  ? parts.kept != 0 && ((quantum - grid.emin + (field_zero_is_normal ? 0 : 1)) & 1) != 0
                                  : (parts.kept & 1) != 0;
    const bool inexact = parts.fraction != 0;
    const bool carries = parts.kept + 1 == grid.hidden_bit << 1;
    const rounded_magnitude upper = carries ? rounded_magnitude{grid.hidden_bit, quantum + 1, inexact}
                                            : rounded_magnitude{parts.kept + 1, quantum, inexact};
    return {{parts.kept, quantum, inexact}, upper, parts.fraction, lower_is_odd};
}

/// Is a magnitude with a full significand below the smallest normal member?
constexpr bool is_tiny(const rounded_magnitude& x, const float_grid& grid) noexcept {
    const dyadic smallest = grid.smallest_normal();
    return x.exponent < smallest.exponent || (x.exponent == smallest.exponent && x.significand < smallest.significand);
}

/// Rounds a magnitude with the sign given; see locate() for what the arguments have to hold.
template <class UInt>
constexpr rounded_magnitude round_magnitude(bool negative, UInt significand, std::int32_t exponent, bool sticky,
                                            const float_grid& grid, rounding_spec spec, std::uint32_t random) noexcept {
    const bool flush = spec.ftz != ftz_policy::none && grid.has_zero;
    const rounding_position at = locate(significand, exponent, sticky, grid, flush);
    const bool away = rounds_away(spec.mode, negative, at.lower_is_odd, at.fraction, random, spec.random_bits);
    const rounded_magnitude result = away ? at.upper : at.lower;
    if (flush && is_tiny(spec.ftz == ftz_policy::before ? at.lower : result, grid)) {
        return {0, grid.emin - grid.mantissa_bits, true};
    }
    return result;
}

/// Is a rounded magnitude beyond the largest member?
constexpr bool exceeds_largest(const rounded_magnitude& x, const float_grid& grid) noexcept {
    return x.exponent > grid.max_exponent || (x.exponent == grid.max_exponent && x.significand > grid.max_significand);
}

}  // namespace halfulp
