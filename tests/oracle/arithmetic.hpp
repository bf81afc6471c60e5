// The operations of section 2.7 of the contract, each from its definition on exact rationals: no rounding here, no format. IEEE 754-2019
// says what zeros, infinities and NaNs do.
#pragma once

#include <cstdint>
#include <span>

#include "exact.hpp"
#include "projection.hpp"

namespace oracle {

enum class operation : std::uint8_t {
    add,
    sub,
    mul,
    div,
    fma,
    faa,
    sqrt,
    recip,
    rsqrt,
    remainder,
    minimum,
    maximum,
    minimum_number,
    maximum_number,
    minimum_magnitude,
    maximum_magnitude,
    minimum_magnitude_number,
    maximum_magnitude_number,
    abs,
    negate,
    copysign,
    round_to_integral,
    scalb,
    convert,
};

struct operand {
    number x;
    bool signaling = false;
};

/// What the result depends on besides the operands.
struct circumstances {
    bool negative_zero_sum = false;  ///< toward_negative: x - x is -0
    bool zero_divisor_is_nan = false;  ///< P3109 and posits, ∞ ÷ 0 included
    bool sign_of_nan_is_nan = false;  ///< P3109's copysign
    bool quiet_nan_hides_invalid_product = false;  ///< 0 × ∞ + a quiet NaN raises nothing: x86
    mode rounding = mode::nearest_ties_to_even;  ///< of round_to_integral, with R and N
    std::uint32_t random = 0;
    int random_bits = 32;
};

/// An exact result, or for √ and 1 ÷ √ a rational that stands for it (stand_in_for_root says why that is as good).
struct exact_value {
    number x;
    bool invalid = false;
    bool divide_by_zero = false;
    bool inexact = false;  ///< round_to_integral gave another number than its operand
};

/// scalb's second operand is an integer of at most 2^20 in magnitude.
exact_value evaluate(operation op, std::span<const operand> operands, const circumstances& given);

/// √x for x > 0 where it is a multiple of 2^-k, else the middle between the two multiples around it.
///
/// k is so large that every point at which a decision about √x can turn is a multiple of 2^-k; then √x and the stand-in lie on the same
/// side of all of them. With 2^e <= √x < 2^(e+1), k is at least 192 - e and at least 200. The points are members, and places f in their gaps
/// with f 2^34 an integer (32 random bits, the half of their last place, one to spare). In floats of precision <= 64 the gap around √x is a
/// power of two of at least 2^(e-63), or the gap above zero of a format without subnormals, the upper end of which has 64 bits and is at
/// least 2^e: all are multiples of 2^(e-63-34). In fixed point gaps are at least 2^-64: multiples of 2^-98. A posit's gap starts at or below
/// √x, at a number of fewer than 64 bits, and its width is a multiple of that number's last bit: as in floats.
rational stand_in_for_root(const rational& x);

/// -1, 0, 1, or 2 where one is a NaN; zeros of either sign are equal.
int compare(const number& x, const number& y);

/// IEEE 754-2019, 5.10 on numbers of one format: -NaN, -∞, … -0, +0, … ∞, +NaN, signaling NaNs nearer to the numbers.
int compare_total(const operand& x, const operand& y);

}  // namespace oracle
