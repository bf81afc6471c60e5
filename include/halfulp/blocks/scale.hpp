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

/// A scale as stored and as meant.
struct group_scale {
    std::uint64_t code = 0;
    dyadic value{};
    bool is_nan = false;
    bool rounded_to_zero = false;  ///< the group's largest magnitude is positive and the scale is zero
};

/// How the scales of a level are found, worked out once per scheme.
class scale_rule {
  public:
    /// Level `level` of the scheme. `rounding`: null for the recipe's own.
    scale_rule(const scheme& s, std::size_t level, const rounding_mode* rounding, int random_bits)
        : format_(s.levels[level].format),
          by_exponent_(is_power_of_two_scale(format_) && rounding == nullptr),
          projector_(format_, {.rounding = rounding == nullptr ? rounding_mode::nearest_ties_to_even : *rounding,
                               .overflow = overflow_policy::sat_finite,
                               .random_bits = static_cast<std::uint8_t>(random_bits)}) {
        reach_[reach_count_++] = s.element.magnitude_value(s.element.max_magnitude());
        for (std::size_t inner = 0; inner < level; ++inner) {
            const float_format& f = s.levels[inner].format;
            reach_[reach_count_++] = f.magnitude_value(f.max_magnitude());
        }
        const extended product = exact_product(std::span(reach_).first(reach_count_));
        reach_exponent_ = product.exponent + detail::bit_length_of(product.significand) - 1;
    }

    [[nodiscard]] const float_format& format() const noexcept { return format_; }

    /// The scale of a group with the largest finite magnitude `amax`, inside groups whose scales are `outer`.
    [[nodiscard]] group_scale scale(const dyadic& amax, std::span<const dyadic> outer, bool has_nonfinite, std::uint32_t random) const noexcept {
        if (has_nonfinite && format_.has_nan()) return {format_.nan_code(), {}, true, false};
        if (amax.significand == 0) return from_projected(projector_.zero(false));
        if (by_exponent_) {
            // OCP MX v1.0, 6.3: the exponent of amax minus that of the largest magnitude inside, from bits, no logarithm.
            const std::int32_t wanted = amax.exponent + bit_length(amax.significand) - 1 - reach_exponent_;
            const std::int32_t e = wanted < format_.emin() ? format_.emin() : wanted > format_.emax() ? format_.emax() : wanted;
            return {static_cast<std::uint64_t>(e - format_.emin()), {false, 1, e}, false, false};
        }
        std::array<dyadic, max_factors> divisors = reach_;
        std::size_t count = reach_count_;
        for (const dyadic& o : outer) {
            if (o.significand == 0) return from_projected(projector_.zero(false));
            divisors[count++] = o;
        }
        const extended q = exact_quotient(amax, std::span(divisors).first(count));
        group_scale out = from_projected(projector_.finite(false, q.significand, q.exponent, q.sticky, random));
        out.rounded_to_zero = out.value.significand == 0;
        return out;
    }

  private:
    [[nodiscard]] group_scale from_projected(const projected& x) const noexcept {
        return {to_code(x, projector_.grid), {false, x.significand, x.exponent}, false, false};
    }

    float_format format_;
    bool by_exponent_;
    projector projector_;
    std::array<dyadic, max_factors> reach_{};
    std::size_t reach_count_ = 0;
    std::int32_t reach_exponent_ = 0;
};

}  // namespace halfulp
