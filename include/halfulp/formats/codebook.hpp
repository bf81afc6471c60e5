// Codebooks: formats whose values are a table. Everything that rounding needs is worked out when the table is made.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "halfulp/core/config.hpp"
#include "halfulp/formats/float_format.hpp"

namespace halfulp {

/// Which of two neighbours is "even" (the contract's section 2.1).
enum class even_rule : std::uint8_t {
    lower_value,        ///< codebooks
    upper_value,        ///< {-1, +1}: zero, their midpoint, is +1 (XNOR-Net, arXiv 1603.05279, section 3.1)
    smaller_magnitude,  ///< sums of powers of two
    integer,            ///< ternary: the even number
    code,               ///< HiFloat8: the even code
};

/// One number of a table, with the code that stores it.
struct codebook_member {
    dyadic value;
    std::uint64_t code;
};

/// The gap between two neighbours on an integer grid: lower × 2^quantum to (lower + width) × 2^quantum.
struct codebook_gap {
    std::int32_t quantum;
    bool lower_is_negative;
    uint128 lower_magnitude;
    uint128 width;
};

/// Codes of a table that are no numbers (HiFloat8).
struct codebook_specials {
    std::uint64_t nan_code;
    std::uint64_t infinity_code;           ///< of +∞
    std::uint64_t negative_infinity_code;
    dyadic beyond;  ///< the magnitude that would follow the largest: what rounds to it overflows
};

/// A finite table of numbers. Values are exact binary64 numbers, one for each code in the order of codes; a table may hold +0 and -0, and
/// no other number twice.
class codebook {
  public:
    /// Throws std::invalid_argument for fewer than 2 or more than 65536 values, for values that are not finite or stand there twice, and
    /// for neighbours whose midpoint has more than 120 significant bits. With `specials` the values of their codes are ignored.
    codebook(std::string name, std::span<const double> values, even_rule even, std::string source,
             std::optional<codebook_specials> specials = std::nullopt);

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const std::string& source() const noexcept { return source_; }
    [[nodiscard]] even_rule even() const noexcept { return even_; }
    [[nodiscard]] const std::optional<codebook_specials>& specials() const noexcept { return specials_; }

    /// Width of a code; the table may have fewer codes than 2^bits.
    [[nodiscard]] int bits() const noexcept { return bits_; }
    [[nodiscard]] std::uint64_t size() const noexcept { return values_.size(); }
    /// The finite value of a code below size(). -0 keeps its sign.
    [[nodiscard]] dyadic value(std::uint64_t code) const noexcept { return values_[code]; }

    /// The numbers in ascending order, zero once (with the code of +0).
    [[nodiscard]] std::span<const codebook_member> members() const noexcept { return members_; }
    /// Between members()[i] and members()[i + 1].
    [[nodiscard]] const codebook_gap& gap(std::size_t i) const noexcept { return gaps_[i]; }
    /// Above members().back(), and mirrored below members().front(): to specials()->beyond, where there is one.
    [[nodiscard]] const codebook_gap& outer_gap() const noexcept { return gaps_.back(); }

    [[nodiscard]] bool has_zero() const noexcept { return zero_.has_value(); }
    [[nodiscard]] bool has_negative_zero() const noexcept { return negative_zero_.has_value(); }
    [[nodiscard]] bool is_signed() const noexcept { return members_.front().value.negative; }
    /// The most significant bits that a member or a midpoint of neighbours has.
    [[nodiscard]] int midpoint_bits() const noexcept { return midpoint_bits_; }
    /// The most that a value has.
    [[nodiscard]] int value_bits() const noexcept { return value_bits_; }
    /// The largest magnitude: what a group's largest magnitude is divided by to find its scale.
    [[nodiscard]] const dyadic& largest_magnitude() const noexcept { return largest_; }

    /// The code of a member, or of a zero of either sign.
    [[nodiscard]] std::uint64_t code_of(bool negative, std::uint64_t significand, std::int32_t exponent) const noexcept;

    friend bool operator==(const codebook& a, const codebook& b) noexcept {
        return a.name_ == b.name_ && a.values_ == b.values_ && a.even_ == b.even_;
    }

  private:
    std::string name_;
    std::string source_;
    even_rule even_;
    std::optional<codebook_specials> specials_;
    int bits_ = 0;
    std::vector<dyadic> values_;
    std::vector<codebook_member> members_;
    std::vector<codebook_gap> gaps_;
    std::optional<std::uint64_t> zero_;
    std::optional<std::uint64_t> negative_zero_;
    dyadic largest_{};
    int midpoint_bits_ = 0;
    int value_bits_ = 0;
};

/// -1, 0 or 1: how ±significand × 2^exponent (a little larger in magnitude where `sticky`) compares with a number.
namespace detail {

/// Compares magnitudes. `sticky` needs at least 122 significant bits in x, against at most 120 in y.
template <class UInt, class Other>
constexpr int compare_magnitudes(UInt x, std::int32_t x_exponent, bool sticky, Other y,
                                 std::int32_t y_exponent) noexcept {
    const auto length = [](auto n) {
        const auto high = static_cast<std::uint64_t>(uint128{n} >> 64);
        return high != 0 ? 64 + bit_length(high) : bit_length(static_cast<std::uint64_t>(n));
    };
    if (x == 0 || y == 0) return x == 0 ? (y == 0 ? int{sticky} : -1) : 1;
    const int x_bits = length(x);
    const int y_bits = length(y);
    if (x_exponent + x_bits != y_exponent + y_bits) return x_exponent + x_bits < y_exponent + y_bits ? -1 : 1;
    const uint128 a = uint128{x} << (128 - x_bits);
    const uint128 b = uint128{y} << (128 - y_bits);
    if (a != b) return a < b ? -1 : 1;
    return int{sticky};
}

}  // namespace detail

}  // namespace halfulp
