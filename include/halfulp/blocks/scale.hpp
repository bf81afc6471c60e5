// The scale of one group: which member of the scale format a recipe picks. Exact throughout: every quotient is formed
// exactly and rounded once.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "halfulp/blocks/exact_ratio.hpp"
#include "halfulp/blocks/scheme.hpp"
#include "halfulp/codecs/codec.hpp"

namespace halfulp {

/// x ÷ divisor by one binary64 division of significands; see binary64_division_decides().
constexpr dyadic binary64_quotient(const dyadic& x, const compact_product& divisor) noexcept {
    const double quotient = static_cast<double>(x.significand) / static_cast<double>(divisor.significand);
    constexpr float_format binary64 = binary64_format;  // a copy: codec.hpp says why
    const dyadic q = binary64.magnitude_value(to_bits(quotient));
    return {false, q.significand, q.exponent + x.exponent - divisor.exponent};
}

/// A scale as stored and as meant.
struct group_scale {
    std::uint64_t code = 0;
    dyadic value{};
    bool rounded_to_zero = false;  ///< the group's largest magnitude is positive and the scale is zero
};

/// The exponents k of scales 2^k, by recipe (recipe.hpp): from bits, no logarithm.
class exponent_rule {
  public:
    constexpr exponent_rule() = default;
    /// `reach`: the largest magnitude that all levels inside can make.
    exponent_rule(recipe r, const format& element, const extended& reach)
        : recipe_(r),
          largest_(element.scale_target()),
          largest_exponent_(reach.exponent + detail::bit_length_of(reach.significand) - 1),
          mantissa_bits_(element.as_float() != nullptr ? element.as_float()->mantissa_bits
                                                       : bit_length(largest_.significand) - 1),
          inverse_(to_binary32(exact_quotient({false, 1, 0}, std::span<const dyadic>(&largest_, 1)))) {}

    /// Is there a rule of this kind? The others round a quotient.
    [[nodiscard]] static constexpr bool covers(recipe r) noexcept {
        return r != recipe::nearest && r != recipe::p3109_maxabs;
    }

    /// k before it is held to the scale format. amax is not zero.
    [[nodiscard]] constexpr std::int32_t operator()(const dyadic& amax) const noexcept {
        const int bits = bit_length(amax.significand);
        const std::int32_t floor = amax.exponent + bits - 1 - largest_exponent_;
        switch (recipe_) {
            case recipe::ceil: return floor + ((amax.significand & (amax.significand - 1)) != 0);
            case recipe::even: return floor + near_two(amax.significand);
            case recipe::quark: {
                const dyadic top = to_binary32({amax.significand, amax.exponent, false});
                if (top.negative) return beyond;
                if (top.significand == 0) return of_zeros();
                const std::int32_t e = top.exponent + bit_length(top.significand) - 1 + near_two(top.significand);
                return e > 127 ? beyond : e - largest_exponent_;
            }
            case recipe::rceil: return floor + above_largest(amax.significand, bits);
            case recipe::rceil_fp32: return rounded_up(amax);
            case recipe::microxcaling_log2:
            case recipe::llama_cpp: return logarithm(amax) - largest_exponent_;
            default: return floor;
        }
    }

    /// quark: zeros count as 2^-126.
    [[nodiscard]] constexpr std::int32_t of_zeros() const noexcept { return -126 - largest_exponent_; }

  private:
    static constexpr std::int32_t beyond = 1 << 24;  ///< of ∞: held to the largest scale

    /// Does half a unit in an element's last place take the significand in [1, 2) to 2?
    [[nodiscard]] constexpr bool near_two(std::uint64_t significand) const noexcept {
        const int bits = bit_length(significand);
        if (bits < mantissa_bits_ + 2) return false;  // it is a multiple of twice as much below 2
        const std::uint64_t below_two = (std::uint64_t{2} << (bits - 1)) - significand;
        return below_two <= std::uint64_t{1} << (bits - 2 - mantissa_bits_);
    }

    /// Is the significand in [1, 2) of amax above that of the largest magnitude?
    [[nodiscard]] constexpr bool above_largest(std::uint64_t significand, int bits) const noexcept {
        const int largest_bits = bit_length(largest_.significand);
        return uint128{significand} << (largest_bits - 1) > uint128{largest_.significand} << (bits - 1);
    }

    static constexpr dyadic to_binary32(const extended& x) noexcept {
        constexpr projector to(binary32_format, projection{});
        const projected out = to.finite(false, x.significand, x.exponent, x.sticky, 0);
        return {out.kind == number_class::infinity, out.significand, out.exponent};  // "negative" marks an infinity
    }

    [[nodiscard]] constexpr std::int32_t rounded_up(const dyadic& amax) const noexcept {
        const dyadic top = to_binary32({amax.significand, amax.exponent, false});
        if (top.negative) return beyond;
        const std::array<dyadic, 2> factors{top, inverse_};
        const dyadic t = to_binary32(exact_product(factors));
        if (t.negative) return beyond;
        if (t.significand == 0) return -150;
        return t.exponent + bit_length(t.significand) - 1 + ((t.significand & (t.significand - 1)) != 0);
    }

    /// floor(RN32(log2(RN32(amax)))). Just below 2^n the logarithm n - δ rounds to n where δ is at most half the spacing of binary32
    /// there, h = 2^(j - 24) with 2^j < n <= 2^(j + 1), or 2^j <= -n < 2^(j + 1); at n = 0 numbers are dense. With amax = 2^n (1 - d 2^-24)
    /// that is d <= 2^24 (1 - 2^-h) = 2^j ln 2, but for less than a millionth of it, and no 2^j ln 2 is that close above an integer.
    [[nodiscard]] static constexpr std::int32_t logarithm(const dyadic& amax) noexcept {
        const dyadic x = to_binary32({amax.significand, amax.exponent, false});
        if (x.negative) return beyond;
        if (x.significand == 0) return -150;
        const int bits = bit_length(x.significand);
        const std::int32_t n = x.exponent + bits;
        const std::uint64_t d = (std::uint64_t{1} << 24) - (x.significand << (24 - bits));
        const int j = bit_length(static_cast<std::uint64_t>(n > 0 ? n - 1 : -n)) - 1;
        constexpr std::uint64_t ln2 = 2977044471;  // 2^32 ln 2, cut
        const std::uint64_t reach = j < 0 ? 0 : ln2 << j >> 32;
        return n - (n == 0 || d > reach);
    }

    recipe recipe_ = recipe::standard;
    dyadic largest_{};  ///< element
    std::int32_t largest_exponent_ = 0;
    int mantissa_bits_ = 0;
    dyadic inverse_{};  ///< of the largest element, in binary32
};

/// How the scales of a level are found, worked out once per scheme.
class scale_rule {
  public:
    /// Level `level` of the scheme. `rounding`: null for the recipe's own.
    scale_rule(const scheme& s, std::size_t level, const rounding_mode* rounding, int random_bits)
        : format_(s.levels[level].format),
          by_exponent_(is_power_of_two_scale(format_) && rounding == nullptr && exponent_rule::covers(s.scale_recipe)),
          projector_(format_, {.rounding = rounding == nullptr ? rounding_mode::nearest_ties_to_even : *rounding,
                               .overflow = overflow_policy::sat_finite,
                               .random_bits = static_cast<std::uint8_t>(random_bits)}),
          zero_(projector_.zero(false)) {
        if (s.scale_recipe != recipe::p3109_maxabs || rounding != nullptr) add_reach(s.element.scale_target());
        for (std::size_t inner = 0; inner < level; ++inner) {
            const float_format& f = s.levels[inner].format;
            // arXiv 2512.02010: a scale of at most 256, so that one and a half times as much is still an E4M3 number.
            add_reach(is_four_over_six(s.scale_recipe) ? dyadic{false, 1, 8} : f.magnitude_value(f.max_magnitude()));
        }
        exponent_ = exponent_rule(s.scale_recipe, s.element, exact_product(std::span(reach_).first(reach_count_)));
        if (s.scale_recipe == recipe::quark && rounding == nullptr)
            zero_ = projector_.finite(false, std::uint64_t{1}, exponent_.of_zeros(), false, 0);
    }

    /// The rule for the second candidate of four_over_six: the block's maximum becomes 4 instead of the largest element.
    [[nodiscard]] static scale_rule to_four(const scheme& s) {
        scale_rule rule(s, 0, nullptr, 32);
        rule.reach_ = {};
        rule.reach_count_ = 0;
        rule.compact_reach_ = {};
        rule.add_reach({false, 1, 2});
        return rule;
    }

    /// The scale of a group with the largest finite magnitude `amax`, inside groups whose scales are `outer`.
    [[nodiscard]] constexpr group_scale scale(const dyadic& amax, std::span<const dyadic> outer, bool has_nonfinite,
                                              std::uint32_t random) const noexcept {
        if (has_nonfinite && format_.has_nan()) return {format_.nan_code(), {}, false};
        if (amax.significand == 0) return from_projected(zero_);
        if (by_exponent_) {
            std::int32_t k = exponent_(amax);
            for (const dyadic& o : outer)
                k -= o.exponent + bit_length(o.significand) - 1;  // powers of two, by validate()
            return of_exponent(k);
        }
        std::array<dyadic, max_factors> divisors = reach_;
        std::size_t count = reach_count_;
        compact_product divisor = compact_reach_;
        for (const dyadic& o : outer) {
            if (o.significand == 0) return from_projected(projector_.zero(false));
            divisors[count++] = o;
            divisor.multiply(o);
        }
        group_scale out;
        if (!is_stochastic(projector_.spec.mode) &&
            binary64_division_decides(bit_length(amax.significand), divisor, format_.precision())) {
            const dyadic q = binary64_quotient(amax, divisor);
            out = from_projected(projector_.finite(false, q.significand, q.exponent, false, 0));
        } else {
            const extended q = exact_quotient(amax, std::span(divisors).first(count));
            out = from_projected(projector_.finite(false, q.significand, q.exponent, q.sticky, random));
        }
        out.rounded_to_zero = out.value.significand == 0;
        return out;
    }

    /// The scale 2^k, held to the format's exponents.
    [[nodiscard]] constexpr group_scale of_exponent(std::int32_t k) const noexcept {
        const std::int32_t e = k < format_.emin() ? format_.emin() : k > format_.emax() ? format_.emax() : k;
        return {static_cast<std::uint64_t>(e - format_.emin()), {false, 1, e}, false};
    }

    /// A scale times `numerator` / 2^`shift`, rounded to nearest even.
    [[nodiscard]] constexpr group_scale fraction_of(const dyadic& scale, std::uint64_t numerator,
                                                    int shift) const noexcept {
        const std::array<dyadic, 2> factors{scale, {false, numerator, -shift}};
        const extended product = exact_product(factors);
        return from_projected(projector_.finite(false, product.significand, product.exponent, product.sticky, 0));
    }

  private:
    constexpr void add_reach(const dyadic& largest) {
        reach_[reach_count_] = largest;
        compact_reach_.multiply(reach_[reach_count_++]);
    }

    [[nodiscard]] constexpr group_scale from_projected(const projected& x) const noexcept {
        return {to_code(x, projector_.grid), {false, x.significand, x.exponent}, false};
    }

    float_format format_;
    bool by_exponent_;
    projector projector_;
    projected zero_;  ///< what a group of zeros has
    exponent_rule exponent_;
    std::array<dyadic, max_factors> reach_{};
    std::size_t reach_count_ = 0;
    compact_product compact_reach_;
};

}  // namespace halfulp
