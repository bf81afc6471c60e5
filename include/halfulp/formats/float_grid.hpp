// The constants of a float format that rounding needs, derived once: a loop over an array keeps them in registers.
#pragma once

#include <cstdint>

#include "halfulp/formats/float_format.hpp"

namespace halfulp {

/// A finite magnitude significand × 2^exponent is beyond the largest member when it exceeds (max_significand, max_exponent)
/// in the order of exponents, then significands (both normalized to mantissa_bits + 1 bits, subnormals to emin).
struct float_grid {
    std::int32_t mantissa_bits;
    std::int32_t emin;
    std::int32_t max_exponent;       ///< exponent of the last bit of the largest member
    std::uint64_t max_significand;
    std::uint64_t hidden_bit;
    low_binade low;
    // Codes.
    std::uint64_t sign_mask;
    std::uint64_t max_magnitude;
    std::uint64_t nan_code;
    bool is_signed;
    bool has_infinity;
    bool has_nan;
    bool has_zero;
    bool has_negative_zero;

    constexpr explicit float_grid(const float_format& f) noexcept
        : mantissa_bits(f.mantissa_bits),
          emin(f.emin()),
          max_exponent(f.magnitude_value(f.max_magnitude()).exponent),
          max_significand(f.magnitude_value(f.max_magnitude()).significand),
          hidden_bit(f.hidden_bit()),
          low(f.low()),
          sign_mask(f.sign_mask()),
          max_magnitude(f.max_magnitude()),
          nan_code(f.nan_code()),
          is_signed(f.is_signed),
          has_infinity(f.has_infinity()),
          has_nan(f.has_nan()),
          has_zero(f.has_zero()),
          has_negative_zero(f.has_negative_zero()) {}

    /// The smallest normal member; without subnormals also the top of the gap above zero. DLFloat16 gives the code of the
    /// first number of its lowest binade to zero.
    [[nodiscard]] constexpr dyadic smallest_normal() const noexcept {
        return {false, low == low_binade::normals ? hidden_bit + 1 : hidden_bit, emin - mantissa_bits};
    }

    /// The magnitude code of significand × 2^exponent, which is a member at or below the largest, or (where the exponent
    /// field has room above it, as in the four carriers) infinity for anything larger than the largest. A number that is no
    /// member loses the bits that do not fit.
    [[nodiscard]] constexpr std::uint64_t magnitude_code(std::uint64_t significand,
                                                         std::int32_t exponent) const noexcept {
        if (significand == 0) return 0;
        const std::int32_t top = exponent + bit_length(significand) - 1;
        const std::int32_t quantum = (top > emin ? top : emin) - mantissa_bits;
        if (quantum > max_exponent) return max_magnitude + 1;
        const std::int32_t up = exponent - quantum;
        if (up <= -64) return 0;
        const std::uint64_t kept = up >= 0 ? significand << up : significand >> -up;
        // Field and fraction add up: a normal number's hidden bit raises the exponent field by one. Where field 0 is a
        // normal binade there is nothing to raise, so the hidden bit is taken off.
        const auto field = static_cast<std::uint64_t>(quantum + mantissa_bits - emin);
        const bool hidden_counts = low == low_binade::subnormals || low == low_binade::zeros;
        return (field << mantissa_bits) + kept - (hidden_counts ? 0 : hidden_bit);
    }
};

}  // namespace halfulp
