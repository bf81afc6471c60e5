// Posits: tapered precision by a run of equal bits. Plain data; a code is the posit's bit string as an unsigned integer.
//
// A positive code is [0][regime][exponent, ES bits][fraction]. The regime is a run of equal bits and one bit that ends it, where
// there is room for that one: n ones stand for k = n - 1, n zeros for k = -n. The value is 2^(k 2^ES + exponent) × (1 + fraction); bits of
// the exponent that do not fit are zeros. The code of -x is that of x in two's complement. (Standard for Posit Arithmetic, 2022;
// ES is 2 there.) Positive codes, called magnitude codes here, grow with their values.
#pragma once

#include <cstdint>

#include "halfulp/core/bits.hpp"
#include "halfulp/formats/float_format.hpp"

namespace halfulp {

/// The members at and after a power of two. With `fraction_bits` >= 0 they are those of the binade that starts there. A negative number
/// says how many bits of the exponent are cut off: the next member is 2^(2^-fraction_bits) times as large.
struct posit_binade {
    std::uint64_t first_code;  ///< the magnitude code of 2^exponent
    std::int32_t exponent;
    std::int32_t fraction_bits;
};

/// posit<width, exponent_bits> (Posit Standard 2022 has exponent_bits = 2).
struct posit_format {
    std::uint8_t width = 16;  ///< N, 2 to 64
    std::uint8_t exponent_bits = 2;  ///< ES, 0 to 8

    friend constexpr bool operator==(const posit_format&, const posit_format&) = default;

    [[nodiscard]] constexpr int bits() const noexcept { return width; }
    [[nodiscard]] constexpr std::uint64_t code_mask() const noexcept { return low_ones(width); }
    [[nodiscard]] constexpr std::uint64_t sign_mask() const noexcept { return std::uint64_t{1} << (width - 1); }
    /// Not a real: what NaN and ±∞ become.
    [[nodiscard]] constexpr std::uint64_t nan_code() const noexcept { return sign_mask(); }
    [[nodiscard]] constexpr bool is_nan(std::uint64_t code) const noexcept {
        return (code & code_mask()) == nan_code();
    }

    /// The magnitude code of maxpos, the largest member; minpos has code 1.
    [[nodiscard]] constexpr std::uint64_t max_magnitude() const noexcept { return low_ones(width - 1); }
    /// maxpos is 2 to this power, minpos its reciprocal.
    [[nodiscard]] constexpr std::int32_t max_exponent() const noexcept { return (width - 2) * regime_step(); }

    /// The code of a number with this magnitude code, which is at most max_magnitude().
    [[nodiscard]] constexpr std::uint64_t code(bool negative, std::uint64_t magnitude) const noexcept {
        return (negative ? ~magnitude + 1 : magnitude) & code_mask();
    }

    /// Where the numbers in [2^top, 2^(top + 1)) lie, for minpos <= 2^top < maxpos.
    [[nodiscard]] constexpr posit_binade binade(std::int32_t top) const noexcept {
        const std::int32_t k = top >> exponent_bits;  // floor
        const auto field = static_cast<std::uint64_t>(top - k * regime_step());
        const int regime_bits = k >= 0 ? k + 2 : 1 - k;
        const int left = width - 1 - regime_bits;
        const std::uint64_t regime = (k >= 0 ? low_ones(k + 1) << 1 : 1) << left;
        const int fraction_bits = left - exponent_bits;
        if (fraction_bits >= 0) return {regime | (field << fraction_bits), top, fraction_bits};
        const std::uint64_t kept = field >> -fraction_bits;
        return {regime | kept, top - static_cast<std::int32_t>(field - (kept << -fraction_bits)), fraction_bits};
    }

    /// The number that a magnitude code stands for.
    [[nodiscard]] constexpr dyadic magnitude_value(std::uint64_t magnitude) const noexcept {
        if (magnitude == 0) return {false, 0, 0};
        const std::uint64_t aligned = magnitude << (65 - width);  // the regime at the top, zeros after the code
        const bool ones = (aligned >> 63) != 0;
        const int run = 64 - bit_length(ones ? ~aligned : aligned);
        const std::int32_t k = ones ? run - 1 : -run;
        const int left = run < width - 2 ? width - 2 - run : 0;
        const std::uint64_t rest = magnitude & low_ones(left);
        const int fraction_bits = left - exponent_bits;
        if (fraction_bits < 0) return {false, 1, k * regime_step() + static_cast<std::int32_t>(rest << -fraction_bits)};
        const auto field = static_cast<std::int32_t>(rest >> fraction_bits);
        return {false, (std::uint64_t{1} << fraction_bits) | (rest & low_ones(fraction_bits)),
                k * regime_step() + field - fraction_bits};
    }

    /// The number of a code other than nan_code(); bits above the width are ignored.
    [[nodiscard]] constexpr dyadic value(std::uint64_t any_code) const noexcept {
        const bool negative = (any_code & sign_mask()) != 0;
        dyadic out = magnitude_value(code(negative, any_code));
        out.negative = negative;
        return out;
    }

    /// The magnitude code of a member significand × 2^exponent.
    [[nodiscard]] constexpr std::uint64_t magnitude_code(std::uint64_t significand,
                                                         std::int32_t exponent) const noexcept {
        if (significand == 0) return 0;
        const int length = bit_length(significand);
        const std::int32_t top = exponent + length - 1;
        if (top >= max_exponent()) return max_magnitude();
        const posit_binade at = binade(top);
        if (at.fraction_bits < 0) return at.first_code;
        // The hidden bit first, then as many bits as the fraction has.
        const std::uint64_t aligned = significand << (64 - length);
        return at.first_code + ((aligned >> (63 - at.fraction_bits)) - (std::uint64_t{1} << at.fraction_bits));
    }

  private:
    /// By how much one more bit of the regime changes the exponent.
    [[nodiscard]] constexpr std::int32_t regime_step() const noexcept { return std::int32_t{1} << exponent_bits; }
};

}  // namespace halfulp
