// One element under the product of its scales, by the scalar definition: encoded, and decoded again.
#pragma once

#include <array>

#include "halfulp/blocks/scale.hpp"
#include "halfulp/codecs/codec.hpp"
#include "halfulp/kernels/quantize.hpp"
#include "scheme_layout.hpp"

namespace halfulp::detail {

/// Divides elements by their group's scale and projects them.
template <carrier T>
class element_encoder {
  public:
    element_encoder(const scheme& s, const quantize_options& options)
        : projector_(s.element, {.rounding = options.rounding,
                                 .overflow = overflow_policy::sat_finite,
                                 .nan = options.nan,
                                 .ftz = options.ftz,
                                 .random_bits = static_cast<std::uint8_t>(options.random_bits)}),
          element_(s.element),
          has_levels_(!s.levels.empty()) {}

    void set_scale(const combined_scale& scale) noexcept {
        scale_ = &scale;
        quick_ = !is_stochastic(projector_.spec.mode) &&
                 binary64_division_decides(carrier_traits<T>::format.precision(), scale.product, element_.precision());
    }

    [[nodiscard]] projected operator()(T x, std::uint32_t random) const noexcept {
        constexpr float_format from = carrier_traits<T>::format;
        const std::uint64_t bits = to_bits(x);
        const bool negative = (bits & from.sign_mask()) != 0;
        const std::uint64_t magnitude = bits & from.magnitude_mask();
        if (scale_->is_nan) return projector_.zero(false);
        if (magnitude >= from.infinity_magnitude()) {
            if (!has_levels_ && magnitude == from.infinity_magnitude()) return projector_.infinity(negative);
            return projector_.nan_result(negative);
        }
        if (scale_->is_zero) return projector_.zero(false);
        const dyadic value = from.magnitude_value(magnitude);
        if (scale_->product.fits && scale_->product.significand == 1) {
            return projector_.finite(negative, value.significand, value.exponent - scale_->product.exponent, false,
                                     random);
        }
        if (value.significand == 0) return projector_.finite(negative, std::uint64_t{0}, 0, false, random);
        if (quick_) {
            const dyadic q = binary64_quotient(value, scale_->product);
            return projector_.finite(negative, q.significand, q.exponent, false, random);
        }
        const extended q = exact_quotient(value, scale_->all());
        return projector_.finite(negative, q.significand, q.exponent, q.sticky, random);
    }

  private:
    projector projector_;
    float_format element_;
    bool has_levels_;
    const combined_scale* scale_ = nullptr;
    bool quick_ = false;
};

/// The exact product of an element and its scales, rounded once to the carrier (nearest-even, overflow to infinity).
template <carrier T>
class element_decoder {
  public:
    element_decoder() : to_carrier_(carrier_traits<T>::format, {}) {}

    [[nodiscard]] T operator()(const projected& element, const combined_scale& scale) const noexcept {
        const bool negative = element.negative != scale.negative;
        const bool element_is_zero = element.kind == number_class::finite && element.significand == 0;
        if (scale.is_nan || element.kind == number_class::nan ||
            (element.kind == number_class::infinity && scale.is_zero) || (element_is_zero && scale.is_infinite)) {
            return from_bits<T>(carrier_traits<T>::format.nan_code());
        }
        if (element.kind == number_class::infinity || scale.is_infinite)
            return to_value<T>(to_carrier_.infinity(negative));
        if (element_is_zero || scale.is_zero) return to_value<T>(to_carrier_.zero(negative));
        const compact_product& product = scale.product;
        if (product.fits && bit_length(element.significand) + bit_length(product.significand) <= 64) {
            return to_value<T>(to_carrier_.finite(negative, element.significand * product.significand,
                                                  element.exponent + product.exponent, false, 0));
        }
        std::array<dyadic, max_factors> factors{};
        std::size_t count = 0;
        factors[count++] = {false, element.significand, element.exponent};
        for (const dyadic& factor : scale.all()) factors[count++] = factor;
        const extended exact = exact_product(std::span(factors).first(count));
        return to_value<T>(to_carrier_.finite(negative, exact.significand, exact.exponent, exact.sticky, 0));
    }

  private:
    projector to_carrier_;
};

/// The element that a code stands for.
inline projected decoded(std::uint64_t code, const float_format& format) {
    projected element{number_class::finite, (code & format.sign_mask()) != 0, 0, 0, false, false, false};
    if (format.is_nan(code)) {
        element.kind = number_class::nan;
    } else if (format.is_infinity(code)) {
        element.kind = number_class::infinity;
    } else {
        const dyadic value = format.finite_value(code);
        element.negative = value.negative;
        element.significand = value.significand;
        element.exponent = value.exponent;
    }
    return element;
}

}  // namespace halfulp::detail
