// Exact sums of any number of terms of any formats: a fixed-point number as long as the terms at hand need (Kulisch's long accumulator).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "halfulp/arithmetic/operand.hpp"

namespace halfulp {

/// The sum of numbers (no NaN), infinities among them. An exact sum of zero is -0 where all terms are negative, or where `negative_zero` and not all
/// are positive; else +0.
class long_sum {
  public:
    [[nodiscard]] exact_result operator()(std::span<const exact_result> terms, bool negative_zero) {
        bool up = false;
        bool down = false;
        bool all_negative = true;
        bool all_positive = true;
        std::int32_t lowest = INT32_MAX;
        std::int32_t highest = INT32_MIN;
        for (const exact_result& t : terms) {
            if (t.kind == number_class::infinity) (t.negative ? down : up) = true;
            (t.negative ? all_positive : all_negative) = false;
            if (t.kind != number_class::finite || t.significand == 0) continue;
            lowest = std::min(lowest, t.exponent);
            highest = std::max(highest, t.exponent + detail::bit_length_of(t.significand));
        }
        if (up && down) return exact_result::nan(flag::invalid);
        if (up || down) return exact_result::infinity(down);
        const exact_result zero = exact_result::zero(all_negative || (!all_positive && negative_zero));
        if (lowest > highest) return zero;
        // 64 bits for carries of up to 2^62 terms and the sign, and a limb that no term's last part reaches beyond.
        bottom_ = lowest;
        limbs_.assign(static_cast<std::size_t>(highest - lowest) / 64 + 4, 0);
        for (const exact_result& t : terms) {
            if (t.kind == number_class::finite && t.significand != 0) add(t);
        }
        return leading(zero);
    }

  private:
    void add(const exact_result& t) noexcept {
        const auto shift = static_cast<std::uint32_t>(t.exponent - bottom_);
        const int bit = static_cast<int>(shift % 64);
        const auto low = static_cast<std::uint64_t>(t.significand);
        const auto high = static_cast<std::uint64_t>(t.significand >> 64);
        const std::uint64_t parts[3] = {low << bit, bit == 0 ? high : (high << bit) | (low >> (64 - bit)),
                                        bit == 0 ? 0 : high >> (64 - bit)};
        std::uint64_t carry = 0;
        std::size_t i = shift / 64;
        for (std::size_t part = 0; i < limbs_.size() && (part < 3 || carry != 0); ++i, ++part) {
            const std::uint64_t x = part < 3 ? parts[part] : 0;
            const uint128 sum = t.negative ? uint128{limbs_[i]} - x - carry : uint128{limbs_[i]} + x + carry;
            limbs_[i] = static_cast<std::uint64_t>(sum);
            carry = static_cast<std::uint64_t>(sum >> 64) != 0 ? 1 : 0;
        }
    }

    /// The leading 128 bits, and whether anything follows.
    [[nodiscard]] exact_result leading(const exact_result& zero) noexcept {
        const bool negative = limbs_.back() >> 63 != 0;
        if (negative) {
            std::uint64_t carry = 1;
            for (std::uint64_t& limb : limbs_) {
                limb = ~limb + carry;
                carry = carry != 0 && limb == 0 ? 1 : 0;
            }
        }
        std::size_t top = limbs_.size();
        while (top != 0 && limbs_[top - 1] == 0) --top;
        if (top == 0) return zero;
        const auto at = [&](std::size_t i) { return i < limbs_.size() ? limbs_[i] : 0; };
        const auto bits = static_cast<std::int32_t>((top - 1) * 64) + bit_length(limbs_[top - 1]);
        const std::int32_t drop = std::max(bits - 128, 0);
        const auto word = static_cast<std::size_t>(drop / 64);
        const int bit = drop % 64;
        uint128 kept = (uint128{at(word + 1)} << 64) | at(word);
        bool sticky = false;
        if (bit != 0) {
            sticky = (at(word) & low_ones(bit)) != 0;
            kept = (kept >> bit) | (uint128{at(word + 2)} << (128 - bit));
        }
        for (std::size_t i = 0; i < word; ++i) sticky = sticky || limbs_[i] != 0;
        return exact_result::number(negative, kept, bottom_ + drop, sticky);
    }

    std::int32_t bottom_ = 0;
    std::vector<std::uint64_t> limbs_;
};

}  // namespace halfulp
