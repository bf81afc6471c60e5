// A format of any kind as what arithmetic takes its operands from and projects its results into: section 2 of the contract for floats (by
// project.hpp), integers, fixed point and posits, and the flags of section 2.7.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "arithmetic.hpp"
#include "halfulp/formats/format.hpp"
#include "project.hpp"

namespace oracle {

/// IEEE 754-2019 clause 7 in RISC-V's order.
enum flag : std::uint8_t { inexact = 1, underflow = 2, overflow = 4, divide_by_zero = 8, invalid = 16 };

/// A number and its place among the members of a target, which has to stay where it is.
struct spot {
    number x;
    std::optional<placed> among_floats;  ///< in a float format; what follows is for the other kinds
    integer lower = 0;  ///< k of a fixed-point number, or a posit's magnitude code
    gap linear{};
    gap in_string{};  ///< of posits, for nearest modes: a quarter, half or three quarters of the way between the bit strings
    bool above = false;  ///< a posit above maxpos
};

/// What became of a number.
struct landing {
    std::uint64_t code = 0;
    bool is_nan = false;
    bool is_infinite = false;
    bool wants_nan = false;  ///< a NaN was called for, whether the format has one or not
    bool inexact = false;
    bool overflowed = false;
    bool tiny_before = false;
    bool tiny_after = false;
};

class target {
  public:
    explicit target(const halfulp::format& f);

    int width() const;
    bool is_signed() const;
    bool is_p3109() const;
    /// P3109 and posits: x / 0 is a NaN.
    bool zero_divisor_is_nan() const;
    operand decode(std::uint64_t code) const;

    spot place(const number& x) const;
    landing project(const spot& at, const projection& how, std::uint32_t random) const;
    /// The least R that sends the number away from zero in a stochastic mode; 2^bits where none does.
    std::uint64_t turning_point(const spot& at, mode m, int bits) const;

  private:
    struct posits {
        int width, exponent_bits;
        number value(const integer& code) const;
        rational magnitude(const integer& code) const { return value(code).magnitude; }
        /// What lies between a magnitude code and the next one if posits have one bit more.
        rational midpoint(const integer& code) const;
        integer top() const { return (integer(1) << static_cast<unsigned>(width - 1)) - 1; }
    };
    spot place_fixed(spot at, const halfulp::fixed_format& f) const;
    spot place_posit(spot at, const posits& f) const;
    landing project_float(const spot& at, const projection& how, std::uint32_t random) const;
    landing project_fixed(const spot& at, const projection& how, std::uint32_t random,
                          const halfulp::fixed_format& f) const;
    landing project_posit(const spot& at, const projection& how, std::uint32_t random, const posits& f) const;

    std::variant<format, halfulp::fixed_format, posits> is_;
};

/// The flags of an exact result that became `out`.
std::uint8_t flags_of(const exact_value& x, const landing& out, bool tininess_before);

}  // namespace oracle
