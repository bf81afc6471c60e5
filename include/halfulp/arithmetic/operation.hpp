// The operations by name: one row each, from which lists elsewhere are made.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace halfulp {

enum class operation : std::uint8_t {
    add,  ///< a + b
    sub,  ///< a - b
    mul,  ///< a × b
    div,  ///< a ÷ b
    fma,  ///< a × b + c, rounded once
    faa,  ///< a + b + c, rounded once (P3109's fused add-add)
    sqrt,
    recip,  ///< 1 ÷ a
    rsqrt,  ///< 1 ÷ √a
    remainder,  ///< a - n b, n the integer nearest to a ÷ b
    minimum,
    maximum,
    minimum_number,  ///< a NaN gives way to a number
    maximum_number,
    minimum_magnitude,
    maximum_magnitude,
    minimum_magnitude_number,
    maximum_magnitude_number,
    abs,
    negate,
    copysign,  ///< a with b's sign
    round_to_integral,  ///< by the rounding mode
    scalb,  ///< a × 2^n
    next_up,  ///< the least member above a
    next_down,
    convert,  ///< a itself
};

struct operation_row {
    operation op;
    std::string_view name;
    int operands;
};

inline constexpr std::array<operation_row, 26> operations{{
    {operation::add, "add", 2},
    {operation::sub, "sub", 2},
    {operation::mul, "mul", 2},
    {operation::div, "div", 2},
    {operation::fma, "fma", 3},
    {operation::faa, "faa", 3},
    {operation::sqrt, "sqrt", 1},
    {operation::recip, "recip", 1},
    {operation::rsqrt, "rsqrt", 1},
    {operation::remainder, "remainder", 2},
    {operation::minimum, "minimum", 2},
    {operation::maximum, "maximum", 2},
    {operation::minimum_number, "minimum_number", 2},
    {operation::maximum_number, "maximum_number", 2},
    {operation::minimum_magnitude, "minimum_magnitude", 2},
    {operation::maximum_magnitude, "maximum_magnitude", 2},
    {operation::minimum_magnitude_number, "minimum_magnitude_number", 2},
    {operation::maximum_magnitude_number, "maximum_magnitude_number", 2},
    {operation::abs, "abs", 1},
    {operation::negate, "negate", 1},
    {operation::copysign, "copysign", 2},
    {operation::round_to_integral, "round_to_integral", 1},
    {operation::scalb, "scalb", 2},
    {operation::next_up, "next_up", 1},
    {operation::next_down, "next_down", 1},
    {operation::convert, "convert", 1},
}};

constexpr const operation_row& row_of(operation op) noexcept { return operations[static_cast<std::size_t>(op)]; }

}  // namespace halfulp
