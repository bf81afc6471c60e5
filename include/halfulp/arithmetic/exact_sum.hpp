// Sums without rounding: a fixed-point number wide enough for every binary64 number (Kulisch's long accumulator), and its quotients.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "halfulp/blocks/exact_ratio.hpp"
#include "halfulp/codecs/carrier.hpp"

namespace halfulp {

/// The exact sum of up to 2^64 numbers significand × 2^exponent with 64-bit significands and exponents from -1140 to 1024: every carrier's.
class exact_sum {
  public:
    static constexpr std::int32_t lowest = -1152;  ///< weight of the accumulator's bit 0
    static constexpr std::size_t limb_count = 36;

    /// Adds ±significand × 2^exponent.
    constexpr void add(bool negative, std::uint64_t significand, std::int32_t exponent) noexcept {
        const auto shift = static_cast<std::uint32_t>(exponent - lowest);
        const std::size_t word = shift / 64;
        const int bit = static_cast<int>(shift % 64);
        const std::uint64_t low = significand << bit;
        const std::uint64_t high = bit == 0 ? 0 : significand >> (64 - bit);
        negative ? subtract(word, low, high) : accumulate(word, low, high);
    }

    /// Adds a finite number, or its magnitude.
    template <carrier T>
    constexpr void add(T x) noexcept {
        const dyadic value = carrier_traits<T>::format.finite_value(to_bits(x));
        add(value.negative, value.significand, value.exponent);
    }
    template <carrier T>
    constexpr void add_magnitude(T x) noexcept {
        const dyadic value =
            carrier_traits<T>::format.magnitude_value(to_bits(x) & carrier_traits<T>::format.magnitude_mask());
        add(false, value.significand, value.exponent);
    }

    /// Adds the magnitudes of finite numbers, 24-bit significands first by their exponents.
    template <carrier T>
    void add_magnitudes(std::span<const T> x) noexcept {
        constexpr float_format own = carrier_traits<T>::format;
        if constexpr (own.mantissa_bits > 23) {
            for (const T value : x) add_magnitude(value);
        } else {
            // 2^40 significands of 24 bits fit a bin, so no span overflows one.
            std::array<std::uint64_t, (std::size_t{1} << own.exponent_bits)> bins{};
            for (const T value : x) {
                const std::uint64_t magnitude = to_bits(value) & own.magnitude_mask();
                const std::uint64_t field = magnitude >> own.mantissa_bits;
                bins[field] +=
                    (magnitude & low_ones(own.mantissa_bits)) | (std::uint64_t{field != 0} << own.mantissa_bits);
            }
            for (std::size_t field = 0; field < bins.size(); ++field) {
                const auto binade = static_cast<std::int32_t>(field == 0 ? 1 : field);
                if (bins[field] != 0) add(false, bins[field], binade - own.bias - own.mantissa_bits);
            }
        }
    }

    constexpr void add(const exact_sum& other) noexcept {
        std::uint64_t carry = 0;
        for (std::size_t i = 0; i < limb_count; ++i) {
            const uint128 t = uint128{limbs_[i]} + other.limbs_[i] + carry;
            limbs_[i] = static_cast<std::uint64_t>(t);
            carry = static_cast<std::uint64_t>(t >> 64);
        }
    }

    [[nodiscard]] constexpr bool negative() const noexcept { return limbs_[limb_count - 1] >> 63 != 0; }
    [[nodiscard]] constexpr bool is_zero() const noexcept {
        return std::all_of(limbs_.begin(), limbs_.end(), [](std::uint64_t limb) { return limb == 0; });
    }

    /// |sum| ÷ n as 128 leading bits, and whether anything follows them. n is not 0; a sum of zero gives zero.
    [[nodiscard]] constexpr extended quotient(std::uint64_t n) const noexcept {
        const std::array<std::uint64_t, limb_count> magnitude = magnitude_limbs();
        std::size_t top = limb_count;
        while (top != 0 && magnitude[top - 1] == 0) --top;
        if (top == 0) return {0, 0, false};
        // Long division of the leading limbs, with zeros below the lowest: the first quotient limb may be zero, three more hold 128 bits.
        std::array<std::uint64_t, 4> q{};
        std::uint64_t rest = 0;
        for (std::size_t i = 0; i < q.size(); ++i) {
            const uint128 t = (uint128{rest} << 64) | (i < top ? magnitude[top - 1 - i] : 0);
            q[i] = static_cast<std::uint64_t>(t / n);
            rest = static_cast<std::uint64_t>(t % n);
        }
        bool sticky = rest != 0;
        for (std::size_t i = q.size(); i < top; ++i) sticky = sticky || magnitude[top - 1 - i] != 0;
        const std::size_t first = q[0] != 0 ? 0 : 1;  // n has 64 bits, so the second is not zero then
        const int spare = 64 - bit_length(q[first]);
        std::uint64_t high = q[first];
        std::uint64_t low = q[first + 1];
        if (spare != 0) {
            high = (high << spare) | (low >> (64 - spare));
            low = (low << spare) | (q[first + 2] >> (64 - spare));
            sticky = sticky || (q[first + 2] << spare) != 0;
        } else {
            sticky = sticky || q[first + 2] != 0;
        }
        if (first == 0) sticky = sticky || q[3] != 0;
        const auto exponent =
            lowest + (static_cast<std::int32_t>(top) - static_cast<std::int32_t>(first) - 2) * 64 - spare;
        return {(uint128{high} << 64) | low, exponent, sticky};
    }

    /// The sum times a factor of at most 20 bits.
    [[nodiscard]] constexpr exact_sum times(std::uint32_t factor) const noexcept {
        exact_sum out;
        out.limbs_ = magnitude_limbs();
        std::uint64_t carry = 0;
        for (std::uint64_t& limb : out.limbs_) {
            const uint128 t = uint128{limb} * factor + carry;
            limb = static_cast<std::uint64_t>(t);
            carry = static_cast<std::uint64_t>(t >> 64);
        }
        return negative() ? exact_sum{}.minus(out) : out;
    }
    [[nodiscard]] constexpr exact_sum minus(const exact_sum& other) const noexcept {
        exact_sum out = *this;
        std::uint64_t borrow = 0;
        for (std::size_t i = 0; i < limb_count; ++i) {
            const uint128 t = uint128{out.limbs_[i]} - other.limbs_[i] - borrow;
            out.limbs_[i] = static_cast<std::uint64_t>(t);
            borrow = (t >> 64) != 0 ? 1 : 0;
        }
        return out;
    }

    /// The first 64 bits of (part × factor) ÷ this sum as a binary fraction, what follows jammed into the last one. Both are positive, the
    /// part's product less than the sum.
    [[nodiscard]] constexpr std::uint64_t fraction_of(const dyadic& part, std::uint64_t factor) const noexcept {
        exact_sum rest;
        const uint128 product = uint128{part.significand} * factor;
        rest.add(false, static_cast<std::uint64_t>(product), part.exponent);
        rest.add(false, static_cast<std::uint64_t>(product >> 64), part.exponent + 64);
        std::size_t first = 0;  // below it both are zero
        while (first + 1 < limb_count && limbs_[first] == 0 && rest.limbs_[first] == 0) ++first;
        std::size_t last = limb_count - 1;
        while (last > first && limbs_[last] == 0) --last;
        if (last + 1 < limb_count) ++last;  // room for twice the rest
        std::uint64_t quotient = 0;
        for (int i = 0; i < 64; ++i) {
            for (std::size_t j = last; j > first; --j)
                rest.limbs_[j] = (rest.limbs_[j] << 1) | (rest.limbs_[j - 1] >> 63);
            rest.limbs_[first] <<= 1;
            std::size_t j = last;
            while (j > first && rest.limbs_[j] == limbs_[j]) --j;
            quotient <<= 1;
            if (rest.limbs_[j] >= limbs_[j]) {
                rest = rest.minus(*this);
                quotient |= 1;
            }
        }
        return quotient | std::uint64_t{!rest.is_zero()};
    }

    /// The limbs of |sum|, the lowest first, bit 0 weighing 2^lowest.
    [[nodiscard]] constexpr std::array<std::uint64_t, limb_count> magnitude_limbs() const noexcept {
        std::array<std::uint64_t, limb_count> out = limbs_;
        if (!negative()) return out;
        std::uint64_t carry = 1;
        for (std::uint64_t& limb : out) {
            limb = ~limb + carry;
            carry = carry != 0 && limb == 0 ? 1 : 0;
        }
        return out;
    }

  private:
    constexpr void accumulate(std::size_t word, std::uint64_t low, std::uint64_t high) noexcept {
        uint128 t = uint128{limbs_[word]} + low;
        limbs_[word] = static_cast<std::uint64_t>(t);
        t = uint128{limbs_[word + 1]} + high + static_cast<std::uint64_t>(t >> 64);
        limbs_[word + 1] = static_cast<std::uint64_t>(t);
        for (std::size_t i = word + 2; (t >> 64) != 0 && i < limb_count; ++i) {
            t = uint128{limbs_[i]} + 1;
            limbs_[i] = static_cast<std::uint64_t>(t);
        }
    }
    constexpr void subtract(std::size_t word, std::uint64_t low, std::uint64_t high) noexcept {
        uint128 t = uint128{limbs_[word]} - low;
        limbs_[word] = static_cast<std::uint64_t>(t);
        t = uint128{limbs_[word + 1]} - high - ((t >> 64) != 0 ? 1 : 0);
        limbs_[word + 1] = static_cast<std::uint64_t>(t);
        for (std::size_t i = word + 2; (t >> 64) != 0 && i < limb_count; ++i) {
            t = uint128{limbs_[i]} - 1;
            limbs_[i] = static_cast<std::uint64_t>(t);
        }
    }

    std::array<std::uint64_t, limb_count> limbs_{};
};

}  // namespace halfulp
