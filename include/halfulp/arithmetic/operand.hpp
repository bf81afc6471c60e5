// What operations work on and what they leave: real numbers as they are, before any rounding.
#pragma once

#include <cstdint>

#include "halfulp/codecs/any_projector.hpp"

namespace halfulp {

/// A real number significand × 2^exponent as given, an infinity or a NaN.
struct operand {
    number_class kind = number_class::finite;
    bool negative = false;
    bool signaling = false;  ///< a NaN of an IEEE-like format without its quiet bit
    std::uint64_t significand = 0;
    std::int32_t exponent = 0;

    [[nodiscard]] constexpr bool is_nan() const noexcept { return kind == number_class::nan; }
    [[nodiscard]] constexpr bool is_infinite() const noexcept { return kind == number_class::infinity; }
    [[nodiscard]] constexpr bool is_zero() const noexcept { return kind == number_class::finite && significand == 0; }
};

/// Exceptions of IEEE 754-2019 clause 7, with the places that RISC-V's fflags give them.
namespace flag {
inline constexpr std::uint8_t inexact = 1;
inline constexpr std::uint8_t underflow = 2;
inline constexpr std::uint8_t overflow = 4;
inline constexpr std::uint8_t divide_by_zero = 8;
inline constexpr std::uint8_t invalid = 16;
}  // namespace flag

/// The exact result of an operation: significand × 2^exponent, and where `sticky` less than one last bit more. A significand with `sticky`
/// has at least 122 significant bits, so that one rounding of it is the rounding of the number (exact_ratio.hpp says why).
struct exact_result {
    number_class kind = number_class::finite;
    bool negative = false;
    bool sticky = false;
    std::uint8_t flags = 0;  ///< invalid and divide_by_zero; the others arise when the result is projected
    uint128 significand = 0;
    std::int32_t exponent = 0;

    [[nodiscard]] constexpr bool is_zero() const noexcept {
        return kind == number_class::finite && significand == 0 && !sticky;
    }

    static constexpr exact_result nan(std::uint8_t flags = 0) noexcept {
        exact_result out;
        out.kind = number_class::nan;
        out.flags = flags;
        return out;
    }
    static constexpr exact_result infinity(bool negative, std::uint8_t flags = 0) noexcept {
        exact_result out;
        out.kind = number_class::infinity;
        out.negative = negative;
        out.flags = flags;
        return out;
    }
    static constexpr exact_result zero(bool negative) noexcept {
        exact_result out;
        out.negative = negative;
        return out;
    }
    static constexpr exact_result number(bool negative, uint128 significand, std::int32_t exponent,
                                         bool sticky = false) noexcept {
        exact_result out;
        out.negative = negative;
        out.significand = significand;
        out.exponent = exponent;
        out.sticky = sticky;
        return out;
    }
    static constexpr exact_result of(const operand& x) noexcept {
        exact_result out = number(x.negative, x.significand, x.exponent);
        out.kind = x.kind;
        return out;
    }
};

/// Is this NaN code of an IEEE-like format a signaling one (quiet bit clear: IEEE 754-2019, 6.2.1)?
constexpr bool is_signaling(std::uint64_t code, const float_format& f) noexcept {
    return f.specials == specials::ieee && f.mantissa_bits > 1 && f.is_nan(code) &&
           ((code >> (f.mantissa_bits - 1)) & 1) == 0;
}

/// The number that a code of a float format stands for.
constexpr operand operand_of_code(std::uint64_t code, const float_format& f) noexcept {
    const bool negative = (code & f.sign_mask()) != 0;
    // P3109's one NaN stands below everything in its total order, in unsigned formats too (v4.0, 4.12.1).
    if (f.is_nan(code)) return {number_class::nan, negative || f.is_p3109(), is_signaling(code, f), 0, 0};
    if (f.is_infinity(code)) return {number_class::infinity, negative, false, 0, 0};
    const dyadic value = f.finite_value(code);
    return {number_class::finite, value.negative, false, value.significand, value.exponent};
}

/// The number that a code of any format stands for; the code is at most f.max_code().
inline operand operand_of_code(std::uint64_t code, const format& f) noexcept {
    if (const float_format* is = f.as_float()) return operand_of_code(code, *is);
    const projected x = projected_from_code(code, f);
    return {x.kind, x.negative, false, x.significand, x.exponent};
}

template <carrier T>
constexpr operand operand_of(T x) noexcept {
    constexpr float_format own = carrier_traits<T>::format;
    return operand_of_code(to_bits(x), own);
}

/// An integer.
constexpr operand operand_of_integer(std::int64_t n) noexcept {
    const auto bits = static_cast<std::uint64_t>(n);
    return {number_class::finite, n < 0, false, n < 0 ? ~bits + 1 : bits, 0};
}

}  // namespace halfulp
