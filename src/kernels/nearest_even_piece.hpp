// The common case of fake_quantize, in binary64 arithmetic that a compiler vectorizes: float32 in and out, nearest-even, gradual
// underflow. Tested to give the bits of the scalar definition; whatever does not fit is left to it.
//
// q = |x| / d is formed by one division (why that decides: exact_ratio.hpp). With e = max(exponent of q, emin), adding and
// subtracting c = 2^(e - M + 52) rounds q to a multiple of 2^(e - M): q + c lies in [c, 2c), where binary64's last bit is worth just
// that, and c itself is an even multiple, so ties go to the even significand (M >= 1; precision 1 has another parity).
// The product with d has at most 53 bits, so it is exact, and its conversion to float32 is the one rounding of the result.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "scheme_layout.hpp"

namespace halfulp::detail {

class nearest_even_piece {
  public:
    nearest_even_piece(const scheme& s, const quantize_options& options)
        : negative_zero_(s.element.has_negative_zero()), precision_(s.element.precision()) {
        const float_format& f = s.element;
        const bool moderate =
            f.emin() - f.mantissa_bits > -400 && f.emax() < 400;  // far from binary64's ends, whatever the scale
        usable_ = options.rounding == rounding_mode::nearest_ties_to_even && options.ftz == ftz_policy::none &&
                  f.is_signed && f.low() == low_binade::subnormals && f.mantissa_bits >= 1 && f.mantissa_bits <= 23 &&
                  moderate;
        if (!usable_) return;
        const dyadic largest = f.magnitude_value(f.max_magnitude());
        largest_ = std::ldexp(static_cast<double>(largest.significand), largest.exponent);
        smallest_normal_ = std::ldexp(1.0, f.emin());
        to_adder_ = std::ldexp(1.0, 52 - f.mantissa_bits);
    }

    /// Does the whole piece and returns true, or nothing and false. The caller has set the default floating-point environment.
    bool operator()(std::span<const float> x, std::span<float> out, const piece& at,
                    const std::vector<combined_scale>& lanes, std::uint64_t& saturated) const;

  private:
    bool usable_ = false;
    bool negative_zero_;
    int precision_;
    double largest_ = 0;
    double smallest_normal_ = 0;
    double to_adder_ = 0;

    /// Is this scale one that binary64 takes? Then `d` is it.
    [[nodiscard]] bool takes(const combined_scale& scale, double& d) const noexcept {
        if (scale.is_nan || scale.is_zero || scale.is_infinite || scale.negative) return false;
        if (!binary64_division_decides(24, scale.product, precision_)) return false;
        if (scale.product.exponent < -400 || scale.product.exponent > 400) return false;
        d = std::ldexp(static_cast<double>(scale.product.significand), scale.product.exponent);
        return true;
    }

    /// One element; counts it where it saturates.
    [[nodiscard]] float one(float x, double d, std::uint64_t& saturated) const noexcept {
        const double q = std::fabs(static_cast<double>(x)) / d;
        const double power = std::bit_cast<double>(std::bit_cast<std::uint64_t>(q) & 0x7FF0000000000000u);
        const double c = (power > smallest_normal_ ? power : smallest_normal_) * to_adder_;
        const double rounded = (q + c) - c;
        const bool over = rounded > largest_;
        saturated += over;
        const auto y = static_cast<float>((over ? largest_ : rounded) * d);
        const bool signless = rounded == 0 && !negative_zero_;
        const std::uint32_t sign = signless ? 0 : std::bit_cast<std::uint32_t>(x) & 0x80000000u;
        return std::bit_cast<float>(std::bit_cast<std::uint32_t>(y) | sign);
    }
};

inline bool nearest_even_piece::operator()(std::span<const float> x, std::span<float> out, const piece& at,
                                           const std::vector<combined_scale>& lanes, std::uint64_t& saturated) const {
    if (!usable_) return false;
    std::array<double, scheme_layout::lane_block> d;
    for (std::size_t k = 0; k < lanes.size(); ++k) {
        if (!takes(lanes[k], d[k])) return false;
    }
    std::uint32_t largest_bits = 0;  // of a magnitude: NaN and infinity are the largest
    for (std::uint64_t j = 0; j < at.count; ++j) {
        const float* row = x.data() + at.first + j * at.stride;
        for (std::uint64_t k = 0; k < at.lanes; ++k) {
            const std::uint32_t bits = std::bit_cast<std::uint32_t>(row[k]) & 0x7FFFFFFFu;
            largest_bits = bits > largest_bits ? bits : largest_bits;
        }
    }
    if (largest_bits >= 0x7F800000u) return false;
    std::uint64_t over = 0;
    if (at.lanes == 1 && at.stride == 1) {
        const float* from = x.data() + at.first;
        float* to = out.data() + at.first;
        const double scale = d[0];
        for (std::uint64_t j = 0; j < at.count; ++j) to[j] = one(from[j], scale, over);
    } else {
        for (std::uint64_t j = 0; j < at.count; ++j) {
            const float* from = x.data() + at.first + j * at.stride;
            float* to = out.data() + at.first + j * at.stride;
            for (std::uint64_t k = 0; k < at.lanes; ++k) to[k] = one(from[k], d[k], over);
        }
    }
    saturated += over;
    return true;
}

}  // namespace halfulp::detail
