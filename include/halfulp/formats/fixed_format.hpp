// Integers and fixed point: numbers k × 2^-F with k an integer of W bits, two's complement where signed. Plain data.
#pragma once

#include <cstdint>

#include "halfulp/core/bits.hpp"
#include "halfulp/formats/float_format.hpp"

namespace halfulp {

/// An integer is a fixed-point format with F = 0. The stored integer k is the code, cut to `width` bits.
struct fixed_format {
    std::uint8_t width = 8;          ///< W, 1 to 64; the sign bit counts
    std::uint8_t fraction_bits = 0;  ///< F, 0 to W
    bool is_signed = true;
    bool symmetric = false;  ///< `s`: the smallest k is -(2^(W-1) - 1)

    friend constexpr bool operator==(const fixed_format&, const fixed_format&) = default;

    [[nodiscard]] constexpr int bits() const noexcept { return width; }
    [[nodiscard]] constexpr std::uint64_t code_mask() const noexcept { return low_ones(width); }
    [[nodiscard]] constexpr std::uint64_t sign_mask() const noexcept {
        return is_signed ? std::uint64_t{1} << (width - 1) : 0;
    }
    /// The largest k, and the magnitude of the smallest.
    [[nodiscard]] constexpr std::uint64_t largest() const noexcept { return low_ones(width - (is_signed ? 1 : 0)); }
    [[nodiscard]] constexpr std::uint64_t largest_negative() const noexcept {
        return !is_signed ? 0 : largest() + (symmetric ? 0 : 1);
    }

    /// k × 2^-F of a code; bits above the width are ignored. The code -2^(W-1) of a symmetric format has that value too.
    [[nodiscard]] constexpr dyadic value(std::uint64_t code) const noexcept {
        code &= code_mask();
        const bool negative = (code & sign_mask()) != 0;
        return {negative, negative ? (~code + 1) & code_mask() : code, -std::int32_t{fraction_bits}};
    }
    /// The code of ±k, which has to lie in the format.
    [[nodiscard]] constexpr std::uint64_t code(bool negative, std::uint64_t k) const noexcept {
        return (negative ? ~k + 1 : k) & code_mask();
    }
};

}  // namespace halfulp
