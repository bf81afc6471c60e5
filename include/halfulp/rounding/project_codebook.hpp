// Projection into a table (the contract's section 2.1): the two neighbours on the real line, the exact place between them.
#pragma once

#include <cstdint>

#include "halfulp/formats/codebook.hpp"
#include "halfulp/rounding/project.hpp"

namespace halfulp {

/// A codebook, which has to outlive it, and a projection. Beyond the ends every mode gives the end member; only a table with infinities
/// overflows. Flushing has no meaning here.
class codebook_projector {
  public:
    codebook_projector(const codebook& table, const projection& how) noexcept
        : table_(&table),
          spec_(spec_of(how, ftz_policy::none)),
          overflow_(how.overflow != overflow_policy::native ? how.overflow
                    : table.specials()                      ? overflow_policy::sat_none
                                                            : overflow_policy::sat_finite),
          nan_(how.nan),
          magnitude_if_unsigned_(how.magnitude_if_unsigned) {}

    [[nodiscard]] const codebook& table() const noexcept { return *table_; }

    [[nodiscard]] projected nan_result(bool = false) const noexcept {
        if (table_->specials()) return {number_class::nan, false, 0, 0, false, false, false};
        const bool to_zero = nan_ == nan_policy::to_zero || nan_ == nan_policy::negated_zero;
        projected out = to_zero ? zero(false) : end(false);
        out.inexact = true;
        out.overflowed = false;
        out.missing_nan = true;
        return out;
    }

    [[nodiscard]] projected infinity(bool negative) const noexcept {
        if (negative && !table_->is_signed() && magnitude_if_unsigned_) negative = false;
        if (overflow_ == overflow_policy::to_nan) {
            projected out = nan_result();
            out.overflowed = true;
            return out;
        }
        const bool stays = table_->specials() && overflow_ != overflow_policy::sat_finite;
        if (stays) return {number_class::infinity, negative, 0, 0, false, true, false};
        return end(negative);
    }

    /// ±0; where there is no zero the smallest magnitude, of two the positive one, whatever the mode.
    [[nodiscard]] projected zero(bool negative) const noexcept {
        return table_->has_zero() ? member({}, negative, false) : nearest_to_zero();
    }

    /// A finite number; `random` holds R. With `sticky` the number is larger than significand × 2^exponent by less than its last bit, and the
    /// significand has at least 122 bits.
    template <class UInt>
    [[nodiscard]] projected finite(bool negative, UInt significand, std::int32_t exponent, bool sticky,
                                   std::uint32_t random) const noexcept {
        if (negative && !table_->is_signed() && magnitude_if_unsigned_) negative = false;
        const auto members = table_->members();
        const position at = locate(negative, significand, exponent, sticky);
        if (at.is_member) return member(members[at.lower].value, negative, false);
        if (at.is_beyond) return beyond(negative, members[at.lower], significand, exponent, sticky, random);
        const bool away = rounds_away(spec_.mode, at.downward, at.base_is_odd, at.fraction, random, spec_.random_bits);
        return member(members[away != at.downward ? at.lower + 1 : at.lower].value, negative, true);
    }

    /// How many of the 2^N random integers R send the number to its neighbour away from zero: the exact probability times 2^N. 0 for members
    /// and beyond the ends.
    [[nodiscard]] std::uint64_t count_away(rounding_mode mode, bool negative, std::uint64_t significand,
                                           std::int32_t exponent, int random_bits) const noexcept {
        const position at = locate(negative, significand, exponent, false);
        if (at.is_member || at.is_beyond) return 0;
        return halfulp::count_away(mode, at.downward, at.base_is_odd, at.fraction, random_bits);
    }

  private:
    [[nodiscard]] projected member(const dyadic& value, bool sign, bool inexact) const noexcept {
        const bool negative = value.significand == 0 ? sign && table_->has_negative_zero() : value.negative;
        return {number_class::finite, negative, value.significand, value.exponent, inexact, false, false};
    }
    /// The smallest magnitude, of two the positive one.
    [[nodiscard]] projected nearest_to_zero() const noexcept {
        const dyadic* least = nullptr;
        for (const codebook_member& m : table_->members()) {
            if (least == nullptr || detail::compare_magnitudes(m.value.significand, m.value.exponent, false,
                                                               least->significand, least->exponent) <= 0)
                least = &m.value;
        }
        return member(*least, false, false);
    }
    [[nodiscard]] projected end(bool negative) const noexcept {
        const auto members = table_->members();
        projected out = member(negative ? members.front().value : members.back().value, negative, true);
        out.overflowed = true;
        return out;
    }

    /// Where a number lies among the members.
    struct position {
        std::size_t lower;  ///< the member itself, the nearest end, or the lower neighbour
        bool is_member;
        bool is_beyond;
        bool downward;  ///< the neighbour away from zero is the lower one
        bool base_is_odd;  ///< of the other one
        fraction64 fraction;  ///< from there
    };

    template <class UInt>
    [[nodiscard]] position locate(bool negative, UInt significand, std::int32_t exponent, bool sticky) const noexcept {
        const auto members = table_->members();
        const int sign = significand == 0 && !sticky ? 0 : negative ? -1 : 1;
        const auto compare = [&](const dyadic& m) {
            const int own = m.significand == 0 ? 0 : m.negative ? -1 : 1;
            if (sign != own || sign == 0) return sign - own;
            return sign * detail::compare_magnitudes(significand, exponent, sticky, m.significand, m.exponent);
        };
        std::size_t below = 0;  // how many members are at or below the number
        for (std::size_t count = members.size(); count != 0;) {
            const std::size_t half = count / 2;
            const bool reached = compare(members[below + half].value) >= 0;
            below += reached ? half + 1 : 0;
            count = reached ? count - half - 1 : half;
        }
        if (below == 0) return {0, false, true, false, false, 0};
        const std::size_t lower = below - 1;
        if (compare(members[lower].value) == 0) return {lower, true, false, false, false, 0};
        if (below == members.size()) return {lower, false, true, false, false, 0};
        const fraction64 up = place(table_->gap(lower), sign < 0, significand, exponent, sticky);
        // "Away from zero" is upward but where both neighbours are at or below zero.
        const dyadic& upper = members[below].value;
        const bool downward = members[lower].value.negative && (upper.negative || upper.significand == 0);
        return {lower,
                false,
                false,
                downward,
                base_is_odd(members[downward ? below : lower], downward),
                downward ? ~up + 1 : up};
    }

    [[nodiscard]] bool base_is_odd(const codebook_member& base, bool downward) const noexcept {
        switch (table_->even()) {
            case even_rule::lower_value: return downward;
            case even_rule::upper_value: return !downward;
            case even_rule::smaller_magnitude: return false;
            case even_rule::integer:
                return base.value.significand != 0 && base.value.exponent <= 0 &&
                       ((base.value.significand >> -base.value.exponent) & 1) != 0;
            case even_rule::code: return (base.code & 1) != 0;
        }
        return false;
    }

    /// A number outside the members, `end` the nearest of them.
    template <class UInt>
    [[nodiscard]] projected beyond(bool negative, const codebook_member& last, UInt significand, std::int32_t exponent,
                                   bool sticky, std::uint32_t random) const noexcept {
        projected out = member(last.value, negative, true);
        out.overflowed = true;
        if (!table_->specials()) return out;
        const dyadic& next = table_->specials()->beyond;
        const int order = detail::compare_magnitudes(significand, exponent, sticky, next.significand, next.exponent);
        bool over = order >= 0;
        if (!over) {
            const fraction64 f = place(table_->outer_gap(), false, significand, exponent, sticky);
            over = rounds_away(spec_.mode, negative, base_is_odd(last, negative), f, random, spec_.random_bits);
        }
        out.overflowed = over;
        if (!over || overflow_ == overflow_policy::sat_finite || overflow_ == overflow_policy::sat_propagate)
            return out;
        if (overflow_ == overflow_policy::to_nan) {
            out = nan_result();
            out.overflowed = true;
            return out;
        }
        const bool points_back =
            spec_.mode == rounding_mode::toward_zero ||
            spec_.mode == (negative ? rounding_mode::toward_positive : rounding_mode::toward_negative) ||
            (spec_.mode == rounding_mode::to_odd && (last.code & 1) != 0);
        if (points_back) return out;
        return {number_class::infinity, negative, 0, 0, true, true, false};
    }

    /// How far the number, which lies in the gap, is from its lower end: (x - lower) / width, by long division, one bit after the other.
    template <class UInt>
    [[nodiscard]] static fraction64 place(const codebook_gap& gap, bool negative, UInt significand,
                                          std::int32_t exponent, bool sticky) noexcept {
        // |x| = (kept + fraction / 2^64) × 2^quantum; more than 120 bits cannot be kept, since x lies in the gap.
        const std::int32_t shift = gap.quantum - exponent;
        constexpr int width = static_cast<int>(sizeof(UInt)) * 8;
        const uint128 wide{significand};
        uint128 kept = 0;
        if (significand != 0) kept = shift <= 0 ? wide << -shift : shift < width ? wide >> shift : 0;
        fraction64 fraction = shift <= 0 ? fraction64{sticky} : detail::split(significand, shift, sticky).fraction;
        if (negative) {  // -(kept + fraction) = -(kept + 1) + (1 - fraction)
            kept = ~kept + (fraction == 0 ? 1 : 0);
            fraction = ~fraction + 1;
        }
        uint128 rest = gap.lower_is_negative ? kept + gap.lower_magnitude : kept - gap.lower_magnitude;
        fraction64 quotient = 0;
        for (int i = 63; i >= 0; --i) {
            rest = (rest << 1) | ((fraction >> i) & 1);
            quotient <<= 1;
            if (rest >= gap.width) {
                rest -= gap.width;
                quotient |= 1;
            }
        }
        return quotient | fraction64{rest != 0};
    }

    const codebook* table_;
    rounding_spec spec_;
    overflow_policy overflow_;
    nan_policy nan_;
    bool magnitude_if_unsigned_;
};

}  // namespace halfulp
