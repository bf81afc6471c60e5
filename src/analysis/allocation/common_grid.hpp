// Numbers as integers of one quantum, so that sums of them are exact.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "halfulp/core/config.hpp"

namespace halfulp::detail {

// A compiler extension, as uint128 is.
__extension__ typedef __int128 int128;

/// A binary64 number as integer × 2^exponent with an odd integer, or 0.
struct odd_number {
    std::int64_t integer;
    int exponent;
};

inline odd_number as_odd(double x) {
    if (x == 0) return {0, 0};
    int exponent = 0;
    const auto integer = static_cast<std::int64_t>(std::ldexp(std::frexp(x, &exponent), 53));
    const int zeros = std::countr_zero(static_cast<std::uint64_t>(integer));
    return {integer >> zeros, exponent - 53 + zeros};  // an arithmetic shift of zeros: exact
}

/// First every number is shown to it; then it turns them into integers whose sums stay below 2^125.
class common_grid {
  public:
    static constexpr int sum_bits = 125;

    void show(double x) {
        if (x == 0) return;
        lowest_ = std::min(lowest_, as_odd(x).exponent);
        highest_ = std::max(highest_, std::ilogb(x) + 1);
    }

    /// Fixes the quantum for sums of `count` of the numbers.
    void settle(std::size_t count) {
        if (lowest_ > highest_) lowest_ = highest_ = 0;  // nothing but zeros
        const int top = highest_ + static_cast<int>(std::bit_width(count));
        exact_ = top - lowest_ <= sum_bits;
        exponent_ = exact_ ? lowest_ : top - sum_bits;
    }

    [[nodiscard]] bool is_exact() const noexcept { return exact_; }
    [[nodiscard]] int exponent() const noexcept { return exponent_; }

    /// To the quantum below, or above, or the nearest (halves upward); exact where is_exact().
    [[nodiscard]] int128 floor(double x) const {
        const odd_number n = as_odd(x);
        const int shift = n.exponent - exponent_;
        if (shift >= 0) return static_cast<int128>(n.integer) * (int128{1} << shift);
        return shift <= -63 ? (n.integer < 0 ? -1 : 0) : n.integer >> -shift;
    }
    [[nodiscard]] int128 ceil(double x) const { return -floor(-x); }
    [[nodiscard]] int128 nearest(double x) const {
        const odd_number n = as_odd(x);
        const int shift = n.exponent - exponent_;
        if (shift >= 0) return floor(x);
        return shift < -62 ? 0 : ((n.integer >> (-shift - 1)) + 1) >> 1;
    }

    /// The number that an integer stands for, rounded once.
    [[nodiscard]] double value(int128 n) const { return std::ldexp(static_cast<double>(n), exponent_); }

    /// The largest integer whose value, rounded to binary64, is at most x >= 0; `most` where that is larger.
    [[nodiscard]] int128 last_rounded_to(double x, int128 most) const {
        if (x >= value(most)) return most;
        int128 out = floor(x);
        if (x == 0) return out;
        // Half a unit in x's last place still rounds down to x, the midpoint itself where x is even.
        int exponent = 0;
        const auto integer = static_cast<std::int64_t>(std::ldexp(std::frexp(x, &exponent), 53));
        const int half = exponent - 54 - exponent_;
        if (half >= 0) out += (int128{1} << half) - (integer % 2 == 0 ? 0 : 1);
        return std::min(out, most);
    }

  private:
    int lowest_ = std::numeric_limits<int>::max();
    int highest_ = std::numeric_limits<int>::min();
    int exponent_ = 0;
    bool exact_ = true;
};

}  // namespace halfulp::detail
