// The exact sum of up to three numbers, however far apart: what add, sub, fma and FAA (fused add-add) need.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "halfulp/arithmetic/operand.hpp"
#include "halfulp/blocks/exact_ratio.hpp"

namespace halfulp::detail {

/// ±significand × 2^exponent, and where `sticky` less than one last bit more in magnitude.
struct term {
    bool negative = false;
    bool sticky = false;
    uint128 significand = 0;
    std::int32_t exponent = 0;

    [[nodiscard]] constexpr bool is_zero() const noexcept { return significand == 0; }
    /// One above the exponent of the leading bit.
    [[nodiscard]] constexpr std::int32_t top() const noexcept { return exponent + bit_length_of(significand); }
};

/// A two's complement number of 512 bits whose bit 0 weighs 2^bottom.
class sum_window {
  public:
    constexpr explicit sum_window(std::int32_t bottom) noexcept : bottom_(bottom) {}

    /// Adds a number; true where a part of it lies below the window, which then is left out (magnitudes are cut off).
    constexpr bool add(const term& x) noexcept {
        uint128 kept = x.significand;
        std::int32_t shift = x.exponent - bottom_;
        bool cut = x.sticky;
        if (shift < 0) {
            cut = cut || shift <= -128 || (kept & ((uint128{1} << -shift) - 1)) != 0;
            kept = shift <= -128 ? 0 : kept >> -shift;
            shift = 0;
        }
        wide_integer placed;
        place(placed, static_cast<std::uint64_t>(kept), shift);
        place(placed, static_cast<std::uint64_t>(kept >> 64), shift + 64);
        x.negative ? subtract(placed) : accumulate(placed);
        return cut;
    }

    [[nodiscard]] constexpr bool negative() const noexcept { return limbs_.back() >> 63 != 0; }
    [[nodiscard]] constexpr bool is_zero() const noexcept {
        for (const std::uint64_t limb : limbs_) {
            if (limb != 0) return false;
        }
        return true;
    }

    /// The sum, which is not zero, and less than one last bit of the window more with the sign of `rest` where there is one.
    [[nodiscard]] constexpr term result(bool has_rest, bool rest_negative) const noexcept {
        wide_integer magnitude;
        magnitude.limbs = limbs_;
        if (negative()) negate(magnitude.limbs);
        // A rest that points back: one last bit less, and the rest's complement above that.
        if (has_rest && rest_negative != negative()) {
            for (std::uint64_t& limb : magnitude.limbs) {
                if (limb-- != 0) break;
            }
        }
        const extended leading = magnitude.leading();
        return {negative(), leading.sticky || has_rest, leading.significand, leading.exponent + bottom_};
    }

  private:
    using limb_array = std::array<std::uint64_t, 8>;

    /// Sets the bits of a value; what they need of the window is there.
    static constexpr void place(wide_integer& to, std::uint64_t value, std::int32_t shift) noexcept {
        if (value == 0) return;
        const auto word = static_cast<std::size_t>(shift / 64);
        const int bit = shift % 64;
        to.limbs[word] |= value << bit;
        if (bit != 0 && value >> (64 - bit) != 0) to.limbs[word + 1] |= value >> (64 - bit);
    }
    constexpr void accumulate(const wide_integer& x) noexcept {
        std::uint64_t carry = 0;
        for (std::size_t i = 0; i < limbs_.size(); ++i) {
            const uint128 t = uint128{limbs_[i]} + x.limbs[i] + carry;
            limbs_[i] = static_cast<std::uint64_t>(t);
            carry = static_cast<std::uint64_t>(t >> 64);
        }
    }
    constexpr void subtract(const wide_integer& x) noexcept {
        std::uint64_t borrow = 0;
        for (std::size_t i = 0; i < limbs_.size(); ++i) {
            const uint128 t = uint128{limbs_[i]} - x.limbs[i] - borrow;
            limbs_[i] = static_cast<std::uint64_t>(t);
            borrow = (t >> 64) != 0 ? 1 : 0;
        }
    }
    static constexpr void negate(limb_array& limbs) noexcept {
        std::uint64_t carry = 1;
        for (std::uint64_t& limb : limbs) {
            limb = ~limb + carry;
            carry = carry != 0 && limb == 0 ? 1 : 0;
        }
    }

    std::int32_t bottom_;
    limb_array limbs_{};
};

/// The sum of numbers other than zero, sorted by top() downward; no number at all is zero. Only the last one may be sticky, and only
/// where it lies more than `near_bits` below the others.
///
/// The window's top is the first number's, its bottom 480 bits lower. A second number whose top is within near_bits = 200 bits fits (its 128
/// bits end at 328), and if it cancels the first in part, what is left is at least 2^-328 of the window: 152 bits remain below. A
/// number further down cannot cancel, so only its sign and the bits inside the window matter. The third number is exact in the window or lies
/// below its bottom in part, and then cannot bring what is left of the others to zero; where they leave nothing, it is the sum.
constexpr term sum_of_sorted(const term* x, std::size_t count) noexcept {
    constexpr std::int32_t near_bits = 200;
    if (count == 0) return {};
    if (count == 1) return x[0];
    if (count == 3 && x[1].top() < x[0].top() - near_bits) {
        const std::array<term, 2> two{x[0], sum_of_sorted(x + 1, 2)};
        return sum_of_sorted(two.data(), two[1].is_zero() ? 1 : 2);
    }
    const std::int32_t bottom = x[0].top() - 480;
    sum_window window(bottom);
    window.add(x[0]);
    if (count == 2) {
        const bool cut = window.add(x[1]);
        return window.is_zero() && !cut ? term{} : window.result(cut, x[1].negative);
    }
    window.add(x[1]);
    if (window.is_zero()) return x[2];
    const bool cut = window.add(x[2]);
    return window.is_zero() && !cut ? term{} : window.result(cut, x[2].negative);
}

/// Is a sum of exact numbers within one word of 128 bits, the lower one's last bit for its unit?
constexpr bool fits_word(const term& high, const term& low) noexcept {
    return !high.sticky && !low.sticky && high.exponent - low.exponent + bit_length_of(high.significand) <= 126 &&
           bit_length_of(low.significand) <= 126;
}
/// That sum: what the window gives, sooner.
constexpr term sum_in_word(const term& high, const term& low) noexcept {
    const uint128 x = high.significand << (high.exponent - low.exponent);
    const uint128 y = low.significand;
    if (high.negative == low.negative) return {high.negative, false, x + y, low.exponent};
    return x >= y ? term{high.negative, false, x - y, low.exponent} : term{low.negative, false, y - x, low.exponent};
}

/// The sum of two or three numbers. Exactly zero is a term that is zero.
template <std::size_t N>
constexpr term sum_of(std::array<term, N> x) noexcept {
    if constexpr (N == 2) {
        const bool swapped = x[0].exponent < x[1].exponent;
        const term& high = x[swapped ? 1 : 0];
        const term& low = x[swapped ? 0 : 1];
        if (fits_word(high, low)) return sum_in_word(high, low);
    }
    std::size_t count = 0;
    for (const term& t : x) {
        if (!t.is_zero()) x[count++] = t;
    }
    for (std::size_t i = 1; i < count; ++i) {
        for (std::size_t j = i; j > 0 && x[j].top() > x[j - 1].top(); --j) std::swap(x[j], x[j - 1]);
    }
    return sum_of_sorted(x.data(), count);
}

}  // namespace halfulp::detail
