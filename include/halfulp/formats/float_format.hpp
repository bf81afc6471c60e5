// Which values a binary floating-point format has: plain data, everything else derived.
// A format is a structural type: a run-time value in a sweep, a template argument in a kernel.
//
// A code is [sign][exponent field, exponent_bits][fraction field, mantissa_bits]. The code without its sign is called the
// magnitude code; it grows with the magnitude. Rules for the special codes: `specials`. Rules for exponent field 0: `low_binade()`.
#pragma once

#include <cstdint>

#include "halfulp/core/bits.hpp"

namespace halfulp {

/// Which codes are not ordinary numbers. Letters are those of the text grammar.
enum class specials : std::uint8_t {
    ieee,  ///< no letter: the top exponent holds infinity (fraction 0) and NaNs (IEEE 754)
    finite,  ///< `f`: every code is a number (OCP MX FP6, FP4)
    fn,  ///< `fn`: NaN at the all-ones magnitude, no infinity (OCP FP8 E4M3)
    fnuz,  ///< `fnuz`: NaN at the code of negative zero, no infinity, one zero (arXiv 2206.02915)
    p3109_finite,  ///< `Binary…f`: NaN at negative zero (signed) or at all ones (unsigned), one zero (IEEE P3109 v4.0)
    p3109_extended,  ///< `Binary…e`: the same, with infinity at the largest remaining code of each sign
    dlfloat,  ///< DLFloat16: NaN at the all-ones magnitude, no subnormals: field 0 is a normal binade, its code 0 zero
};

/// What exponent field 0 holds.
enum class low_binade : std::uint8_t {
    subnormals,  ///< gradual underflow
    zeros,  ///< zero alone (`_nosub`): other codes decode to zero and are never produced
    normals,  ///< a normal binade, but code 0 is zero (DLFloat16)
    normals_no_zero,  ///< a normal binade, no zero at all (E8M0 and its family)
};

/// A finite number significand × 2^exponent; the significand is 0 for zero.
struct dyadic {
    bool negative;
    std::uint64_t significand;
    std::int32_t exponent;
    friend constexpr bool operator==(const dyadic&, const dyadic&) = default;
};

struct float_format {
    std::int32_t bias = 0;
    std::uint8_t exponent_bits = 0;
    std::uint8_t mantissa_bits = 0;
    halfulp::specials specials = halfulp::specials::ieee;
    bool is_signed = true;
    /// False for `_nosub`; true by convention where there is no fraction field to flush. Unsigned finite formats without a fraction
    /// have no zero where it is false; the grammar makes no such ones, the registry does.
    bool has_subnormals = true;

    friend constexpr bool operator==(const float_format&, const float_format&) = default;

    // ---- codes
    [[nodiscard]] constexpr int bits() const noexcept { return int{is_signed} + exponent_bits + mantissa_bits; }
    [[nodiscard]] constexpr int magnitude_bits() const noexcept { return exponent_bits + mantissa_bits; }
    /// The sign bit alone, 0 for an unsigned format.
    [[nodiscard]] constexpr std::uint64_t sign_mask() const noexcept {
        return is_signed ? std::uint64_t{1} << magnitude_bits() : 0;
    }
    [[nodiscard]] constexpr std::uint64_t magnitude_mask() const noexcept { return low_ones(magnitude_bits()); }
    [[nodiscard]] constexpr std::uint64_t code_mask() const noexcept { return low_ones(bits()); }

    // ---- what exists
    [[nodiscard]] constexpr int precision() const noexcept { return mantissa_bits + 1; }
    [[nodiscard]] constexpr bool is_p3109() const noexcept {
        return specials == halfulp::specials::p3109_finite || specials == halfulp::specials::p3109_extended;
    }
    [[nodiscard]] constexpr bool has_infinity() const noexcept {
        return specials == halfulp::specials::ieee || specials == halfulp::specials::p3109_extended;
    }
    [[nodiscard]] constexpr bool has_nan() const noexcept { return specials != halfulp::specials::finite; }
    [[nodiscard]] constexpr bool has_zero() const noexcept { return low() != low_binade::normals_no_zero; }
    [[nodiscard]] constexpr bool has_negative_zero() const noexcept {
        return is_signed && (specials == halfulp::specials::ieee || specials == halfulp::specials::finite ||
                             specials == halfulp::specials::fn);
    }
    [[nodiscard]] constexpr low_binade low() const noexcept {
        if (specials == halfulp::specials::dlfloat) return low_binade::normals;
        const bool bare = !is_signed && mantissa_bits == 0;  // nothing but an exponent
        if (bare && (specials == halfulp::specials::fn || (specials == halfulp::specials::finite && !has_subnormals)))
            return low_binade::normals_no_zero;
        return has_subnormals ? low_binade::subnormals : low_binade::zeros;
    }

    // ---- the special codes
    /// The magnitude code of the largest finite member.
    [[nodiscard]] constexpr std::uint64_t max_magnitude() const noexcept {
        const std::uint64_t top = magnitude_mask();
        switch (specials) {
            case halfulp::specials::ieee: return top - (std::uint64_t{1} << mantissa_bits);
            case halfulp::specials::finite:
            case halfulp::specials::fnuz: return top;
            case halfulp::specials::fn:
            case halfulp::specials::dlfloat: return top - 1;
            case halfulp::specials::p3109_finite: return is_signed ? top : top - 1;
            case halfulp::specials::p3109_extended: return is_signed ? top - 1 : top - 2;
        }
        return top;
    }
    /// The magnitude code of infinity, where has_infinity().
    [[nodiscard]] constexpr std::uint64_t infinity_magnitude() const noexcept { return max_magnitude() + 1; }
    /// The one NaN that conversions produce (IEEE-like: positive, quiet bit only), where has_nan().
    [[nodiscard]] constexpr std::uint64_t nan_code() const noexcept {
        switch (specials) {
            case halfulp::specials::ieee:
                return infinity_magnitude() | (std::uint64_t{1} << (mantissa_bits == 0 ? 0 : mantissa_bits - 1));
            case halfulp::specials::fnuz: return sign_mask();
            case halfulp::specials::p3109_finite:
            case halfulp::specials::p3109_extended: return is_signed ? sign_mask() : magnitude_mask();
            default: return magnitude_mask();
        }
    }
    [[nodiscard]] constexpr bool is_nan(std::uint64_t code) const noexcept {
        const std::uint64_t magnitude = code & magnitude_mask();
        switch (specials) {
            case halfulp::specials::ieee: return magnitude > infinity_magnitude();
            case halfulp::specials::finite: return false;
            case halfulp::specials::fn:
            case halfulp::specials::dlfloat: return magnitude == magnitude_mask();
            default: return code == nan_code();
        }
    }
    [[nodiscard]] constexpr bool is_infinity(std::uint64_t code) const noexcept {
        return has_infinity() && (code & magnitude_mask()) == infinity_magnitude() && !is_nan(code);
    }

    // ---- exponents: a member with a full significand is significand × 2^(e - mantissa_bits), e from emin() to emax()
    [[nodiscard]] constexpr int emin() const noexcept {
        const low_binade kind = low();
        return kind == low_binade::normals || kind == low_binade::normals_no_zero ? -bias : 1 - bias;
    }
    [[nodiscard]] constexpr int emax() const noexcept {
        return static_cast<int>(max_magnitude() >> mantissa_bits) - bias;
    }
    /// The significand with which a magnitude code's own binade begins.
    [[nodiscard]] constexpr std::uint64_t hidden_bit() const noexcept { return std::uint64_t{1} << mantissa_bits; }

    /// The number that a magnitude code below or at max_magnitude() stands for.
    [[nodiscard]] constexpr dyadic magnitude_value(std::uint64_t magnitude) const noexcept {
        const std::uint64_t fraction = magnitude & low_ones(mantissa_bits);
        const auto field = static_cast<std::int32_t>(magnitude >> mantissa_bits);
        const low_binade kind = low();
        if (field == 0) {
            if (kind == low_binade::subnormals) return {false, fraction, 1 - bias - mantissa_bits};
            if (kind == low_binade::zeros || (kind == low_binade::normals && fraction == 0))
                return {false, 0, emin() - mantissa_bits};
        }
        return {false, hidden_bit() | fraction, field - bias - mantissa_bits};
    }
    /// The finite value of a code (neither NaN nor infinity). A negative zero keeps its sign where the format has one.
    [[nodiscard]] constexpr dyadic finite_value(std::uint64_t code) const noexcept {
        dyadic value = magnitude_value(code & magnitude_mask());
        value.negative = (code & sign_mask()) != 0 && (value.significand != 0 || has_negative_zero());
        return value;
    }

    /// The smallest member above zero, and the smallest that has a full significand.
    [[nodiscard]] constexpr std::uint64_t min_positive_magnitude() const noexcept {
        switch (low()) {
            case low_binade::zeros: return hidden_bit();
            case low_binade::normals_no_zero: return 0;
            default: return 1;
        }
    }
    [[nodiscard]] constexpr std::uint64_t min_normal_magnitude() const noexcept {
        switch (low()) {
            case low_binade::normals: return 1;
            case low_binade::normals_no_zero: return 0;
            default: return hidden_bit();
        }
    }
};

}  // namespace halfulp
