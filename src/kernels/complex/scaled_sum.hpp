// Exact sums of products: a fixed-point number wide enough for products of a long accumulator and a binary64 number.
#pragma once

#include <array>
#include <cstdint>

#include "halfulp/arithmetic/exact_sum.hpp"
#include "halfulp/rounding/project.hpp"

namespace halfulp::detail {

class scaled_sum {
  public:
    /// Adds ±magnitude × 2^exponent × scale. Exponents are at least exact_sum::lowest, those of scales a binary64 number's.
    void add_product(bool negative, std::uint64_t magnitude, std::int32_t exponent, const dyadic& scale) {
        if (magnitude == 0 || scale.significand == 0) return;
        const uint128 product = uint128{magnitude} * scale.significand;
        const auto shift = static_cast<std::uint32_t>(exponent + scale.exponent - lowest);
        const std::size_t word = shift / 64;
        const unsigned bit = shift % 64;
        const std::array<std::uint64_t, 3> limbs{static_cast<std::uint64_t>(product << bit),
                                                 static_cast<std::uint64_t>((product << bit) >> 64),
                                                 bit == 0 ? 0 : static_cast<std::uint64_t>(product >> (128 - bit))};
        add(word, limbs, negative != scale.negative);
    }
    void add_product(const exact_sum& sum, const dyadic& scale) {
        if (scale.significand == 0 || sum.is_zero()) return;
        const auto limbs = sum.magnitude_limbs();
        for (std::size_t i = 0; i < limbs.size(); ++i)
            add_product(sum.negative(), limbs[i], exact_sum::lowest + 64 * static_cast<std::int32_t>(i), scale);
    }

    /// Rounded once, to nearest even.
    template <carrier T>
    [[nodiscard]] T rounded() const {
        const bool negative = limbs_.back() >> 63 != 0;
        auto magnitude = limbs_;
        if (negative) {
            std::uint64_t carry = 1;
            for (std::uint64_t& limb : magnitude) {
                limb = ~limb + carry;
                carry = carry != 0 && limb == 0 ? 1 : 0;
            }
        }
        std::size_t top = magnitude.size() - 1;
        while (top > 0 && magnitude[top] == 0) --top;
        const std::uint64_t low = top > 0 ? magnitude[top - 1] : 0;
        bool sticky = false;
        for (std::size_t i = 0; i + 1 < top; ++i) sticky = sticky || magnitude[i] != 0;
        constexpr projector to_carrier(carrier_traits<T>::format, projection{});
        // At least 65 leading bits and the sticky one, for a carrier of at most 53.
        return to_value<T>(to_carrier.finite(negative, (uint128{magnitude[top]} << 64) | low,
                                             lowest + 64 * (static_cast<std::int32_t>(top) - 1), sticky, 0));
    }

  private:
    static constexpr std::int32_t lowest = 2 * exact_sum::lowest;
    static constexpr std::size_t limb_count = 2 * exact_sum::limb_count + 4;

    void add(std::size_t word, const std::array<std::uint64_t, 3>& part, bool negative) {
        std::uint64_t carry = 0;
        for (std::size_t i = 0; word + i < limb_count && (i < part.size() || carry != 0); ++i) {
            const std::uint64_t term = i < part.size() ? part[i] : 0;
            std::uint64_t& limb = limbs_[word + i];
            const uint128 t = negative ? uint128{limb} - term - carry : uint128{limb} + term + carry;
            limb = static_cast<std::uint64_t>(t);
            carry = static_cast<std::uint64_t>(t >> 64) != 0 ? 1 : 0;
        }
    }

    std::array<std::uint64_t, limb_count> limbs_{};
};

}  // namespace halfulp::detail
