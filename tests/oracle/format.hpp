// What a format's codes mean, and where a magnitude lies between its members: from the definition, one code at a time.
// Of halfulp::float_format only the data fields are read, never a derived function.
#pragma once

#include <optional>
#include <vector>

#include "exact.hpp"
#include "halfulp/formats/float_format.hpp"

namespace oracle {

/// A magnitude code, continued upward without a limit on the exponent field.
__extension__ typedef __int128 rung;

/// Where a magnitude lies: at or above rung `lower`, below the next rung, a fraction num / den of the way.
struct gap {
    rung lower = 0;
    rung upper = 0;
    bool below_all = false;  ///< under the smallest member of a format without a zero: `lower` is meaningless
    bool lower_even = true;
    rational f{};            ///< 0 <= f < 1
};

class format {
  public:
    explicit format(const halfulp::float_format& data);

    const halfulp::float_format& data() const { return data_; }
    int exponent_bits() const { return data_.exponent_bits; }
    int fraction_bits() const { return data_.mantissa_bits; }
    int width() const { return fraction_bits() + exponent_bits() + (data_.is_signed ? 1 : 0); }

    bool has_infinity() const;
    bool has_nan() const { return data_.specials != halfulp::specials::finite; }
    bool has_zero() const;
    bool has_negative_zero() const;

    number decode(std::uint64_t code) const;
    std::uint64_t nan_code() const;           ///< the one NaN that conversions give
    std::uint64_t infinity_code() const { return infinity_code_; }  ///< of +infinity, where there is one
    std::uint64_t sign_bit() const;           ///< 0 for an unsigned format
    rung largest() const { return largest_; }
    rung smallest_positive() const;           ///< the smallest member above zero
    rung smallest_normal() const;
    const rational& smallest_normal_value() const { return normal_value_; }
    rational value(rung r) const;             ///< also beyond largest()

    /// The neighbours of a magnitude x > 0, with the exponent unbounded above.
    gap locate(const rational& x) const;
    gap locate_by_formula(const rational& x) const;
    bool has_table() const { return !members_.empty(); }

    /// The neighbours with the exponent unbounded below too: `lower` is then meaningless, `upper_value` is the upper neighbour.
    struct unbounded_gap {
        gap where;
        rational lower_value, upper_value;
    };
    unbounded_gap locate_unbounded_below(const rational& x) const;

  private:
    struct member {
        integer units;  // value / 2^unit_
        rung index;
    };
    bool gap_above_zero() const;  ///< no subnormals: 0 and smallest_positive() are neighbours
    int lowest_exponent() const;  ///< of the lowest binade with a full significand
    gap locate_in_table(const rational& x) const;
    void build_table();

    halfulp::float_format data_;
    rung largest_ = 0;
    std::uint64_t infinity_code_ = 0;
    rational largest_value_{}, normal_value_{};
    int unit_ = 0;
    std::vector<member> members_;  // sorted; empty where the format is too wide for a table
};

}  // namespace oracle
