// Exact quotients and products of scales: 128 leading bits and whether anything follows them. That is more than
// precision + 34 bits for every format of the grammar (precision <= 64), so one rounding of the result is the rounding of
// the exact number, in every mode, stochastic ones with 32 random bits included.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "halfulp/formats/float_format.hpp"

namespace halfulp {

/// significand × 2^exponent, plus less than its last bit when `sticky`.
struct extended {
    uint128 significand;
    std::int32_t exponent;
    bool sticky;
};

inline constexpr std::size_t max_scale_levels = 4;
inline constexpr std::size_t max_factors =
    max_scale_levels + 2;  // all scales, the reach of the levels inside, an element

namespace detail {

/// A non-negative integer of at most 512 bits, least significant limb first: room for max_factors significands of 64 bits.
struct wide_integer {
    std::array<std::uint64_t, 8> limbs{};

    constexpr void multiply(std::uint64_t factor) noexcept {
        std::uint64_t carry = 0;
        for (std::uint64_t& limb : limbs) {
            const uint128 t = uint128{limb} * factor + carry;
            limb = static_cast<std::uint64_t>(t);
            carry = static_cast<std::uint64_t>(t >> 64);
        }
    }

    /// Divides in place and returns the remainder.
    constexpr std::uint64_t divide(std::uint64_t divisor) noexcept {
        std::uint64_t remainder = 0;
        for (std::size_t i = limbs.size(); i-- > 0;) {
            const uint128 t = (uint128{remainder} << 64) | limbs[i];
            limbs[i] = static_cast<std::uint64_t>(t / divisor);
            remainder = static_cast<std::uint64_t>(t % divisor);
        }
        return remainder;
    }

    constexpr void set_shifted(std::uint64_t value, int shift) noexcept {
        const auto word = static_cast<std::size_t>(shift / 64);
        const int bit = shift % 64;
        limbs[word] = value << bit;
        if (bit != 0) limbs[word + 1] = value >> (64 - bit);
    }

    [[nodiscard]] constexpr int bit_count() const noexcept {
        for (std::size_t i = limbs.size(); i-- > 0;) {
            if (limbs[i] != 0) return static_cast<int>(i) * 64 + bit_length(limbs[i]);
        }
        return 0;
    }

    /// The 128 leading bits, exponent of the last of them, and whether a bit below is set.
    [[nodiscard]] constexpr extended leading() const noexcept {
        const int drop = bit_count() - 128;
        if (drop <= 0) return {(uint128{limbs[1]} << 64) | limbs[0], 0, false};
        const auto word = static_cast<std::size_t>(drop / 64);
        const int bit = drop % 64;
        const auto at = [this](std::size_t i) { return i < limbs.size() ? limbs[i] : 0; };
        std::uint64_t low = at(word);
        std::uint64_t high = at(word + 1);
        bool sticky = false;
        if (bit != 0) {
            sticky = (low & low_ones(bit)) != 0;
            low = (low >> bit) | (high << (64 - bit));
            high = (high >> bit) | (at(word + 2) << (64 - bit));
        }
        for (std::size_t i = 0; i < word; ++i) sticky = sticky || limbs[i] != 0;
        return {(uint128{high} << 64) | low, drop, sticky};
    }
};

}  // namespace detail

/// numerator ÷ (product of the divisors), none of which is zero. Signs are ignored.
///
/// Nested floor divisions are one: floor(floor(n / a) / b) = floor(n / (a b)), and the quotient is exact just when every
/// remainder is zero. The numerator is first shifted so that the quotient has between 122 and 128 bits.
constexpr extended exact_quotient(const dyadic& numerator, std::span<const dyadic> divisors) noexcept {
    int divisor_bits = 0;  // the product has more than divisor_bits - divisors.size() bits and at most divisor_bits
    std::int32_t exponent = numerator.exponent;
    for (const dyadic& divisor : divisors) {
        divisor_bits += bit_length(divisor.significand) - 1;
        exponent -= divisor.exponent;
    }
    const int shift = 127 + divisor_bits - bit_length(numerator.significand);
    detail::wide_integer n;
    n.set_shifted(numerator.significand, shift);
    bool sticky = false;
    for (const dyadic& divisor : divisors) sticky = n.divide(divisor.significand) != 0 || sticky;
    extended q = n.leading();
    return {q.significand, exponent - shift + q.exponent, q.sticky || sticky};
}

/// The product of the factors. Signs are ignored.
constexpr extended exact_product(std::span<const dyadic> factors) noexcept {
    detail::wide_integer n;
    n.limbs[0] = 1;
    std::int32_t exponent = 0;
    for (const dyadic& factor : factors) {
        n.multiply(factor.significand);
        exponent += factor.exponent;
    }
    extended p = n.leading();
    return {p.significand, exponent + p.exponent, p.sticky};
}

/// A product of numbers other than zero, kept as one odd significand of at most 64 bits where it fits.
struct compact_product {
    bool fits = true;
    std::uint64_t significand = 1;
    std::int32_t exponent = 0;

    constexpr void multiply(const dyadic& factor) noexcept {
        const std::uint64_t lowest = factor.significand & (~factor.significand + 1);  // the last bit that is set
        const std::int32_t zeros = lowest == 0 ? 0 : bit_length(lowest) - 1;
        const std::uint64_t odd = factor.significand >> zeros;
        fits = fits && bit_length(significand) + bit_length(odd) <= 64;
        significand *= odd;
        exponent += factor.exponent + zeros;
    }
};

/// May X / S be formed by one binary64 division, when a deterministic mode rounds it to `precision` bits?
///
/// A mode decides by comparing the quotient with members and midpoints of a grid, numbers m of at most p + 1 significant bits.
/// Let X < 2^x_bits and S, of b bits, be the integer significands. If X / S = m the division is exact. Otherwise X and m S differ by
/// at least one unit of an integer grid on which X has at most x_bits bits or m S at most p + 1 + b: the relative distance is
/// at least 2^-max(x_bits, p + 1 + b). binary64 division in any rounding direction is off by less than 2^-52 relative, and m
/// itself is a binary64 number, so with both at most 51 the rounded quotient lies strictly on the same side of m. Operands and
/// quotient are normal: neither the caller's rounding mode nor FTZ nor DAZ matters.
constexpr bool binary64_division_decides(int x_bits, const compact_product& divisor, int precision) noexcept {
    return divisor.fits && x_bits <= 51 && precision + 1 + bit_length(divisor.significand) <= 51;
}

}  // namespace halfulp
