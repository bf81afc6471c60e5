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

/// How the scales of a level are found, worked out once per scheme.
class scale_rule {
  public:
    /// Level `level` of the scheme. `rounding`: null for the recipe's own.
    constexpr scale_rule(const scheme& s, std::size_t level, const rounding_mode* rounding, int random_bits)
        : format_(s.levels[level].format),
          by_exponent_(is_power_of_two_scale(format_) && rounding == nullptr),
          projector_(format_, {.rounding = rounding == nullptr ? rounding_mode::nearest_ties_to_even : *rounding,
                               .overflow = overflow_policy::sat_finite,
                               .random_bits = static_cast<std::uint8_t>(random_bits)}) {
        add_reach(s.element);
        for (std::size_t inner = 0; inner < level; ++inner) add_reach(s.levels[inner].format);
        const extended product = exact_product(std::span(reach_).first(reach_count_));
        reach_exponent_ = product.exponent + detail::bit_length_of(product.significand) - 1;
    }

    /// The scale of a group with the largest finite magnitude `amax`, inside groups whose scales are `outer`.
    [[nodiscard]] constexpr group_scale scale(const dyadic& amax, std::span<const dyadic> outer, bool has_nonfinite,
                                              std::uint32_t random) const noexcept {
        if (has_nonfinite && format_.has_nan()) return {format_.nan_code(), {}, false};
        if (amax.significand == 0) return from_projected(projector_.zero(false));
        if (by_exponent_) {
            // OCP MX v1.0, 6.3: the exponent of amax minus that of the largest magnitude inside, from bits, no logarithm.
            const std::int32_t wanted = amax.exponent + bit_length(amax.significand) - 1 - reach_exponent_;
            const std::int32_t e = wanted < format_.emin()   ? format_.emin()
                                   : wanted > format_.emax() ? format_.emax()
                                                             : wanted;
            return {static_cast<std::uint64_t>(e - format_.emin()), {false, 1, e}, false};
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

  private:
    constexpr void add_reach(const float_format& f) {
        reach_[reach_count_] = f.magnitude_value(f.max_magnitude());
        compact_reach_.multiply(reach_[reach_count_++]);
    }

    [[nodiscard]] constexpr group_scale from_projected(const projected& x) const noexcept {
        return {to_code(x, projector_.grid), {false, x.significand, x.exponent}, false};
    }

    float_format format_;
    bool by_exponent_;
    projector projector_;
    std::array<dyadic, max_factors> reach_{};
    std::size_t reach_count_ = 0;
    compact_product compact_reach_;
    std::int32_t reach_exponent_ = 0;
};

}  // namespace halfulp
