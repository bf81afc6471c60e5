// One element under the scales of its group: the exact quotient projected into the element format, and the exact product back.
// Host and device code share it: no allocation, no exception.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "halfulp/blocks/exact_ratio.hpp"
#include "halfulp/blocks/scale.hpp"
#include "halfulp/codecs/any_projector.hpp"

namespace halfulp {

/// The product of all scales over one group, filled by include() for each level.
struct group_scales {
    bool is_nan = false;
    bool is_infinite = false;
    bool is_zero = false;
    bool negative = false;
    compact_product product{};
    std::array<dyadic, max_scale_levels> factors{};
    std::size_t count = 0;

    [[nodiscard]] constexpr std::span<const dyadic> all() const noexcept { return {factors.data(), count}; }

    constexpr void include(const float_format& format, std::uint64_t code) noexcept {
        if (format.is_nan(code)) {
            is_nan = true;
        } else if (format.is_infinity(code)) {
            is_infinite = true;
            negative = negative != ((code & format.sign_mask()) != 0);
        } else {
            const dyadic value = format.finite_value(code);
            negative = negative != value.negative;
            if (value.significand == 0) {
                is_zero = true;
            } else {
                product.multiply(value);
                factors[count++] = value;
            }
        }
        is_nan = is_nan || (is_infinite && is_zero);
    }
};

/// How many significant bits the numbers have that a mode compares with: members, less one bit than midpoints.
constexpr int decision_precision(const float_format& element) noexcept { return element.precision(); }
inline int decision_precision(const format& element) noexcept {
    if (const float_format* is = element.as_float()) return is->precision();
    if (const codebook* table = element.as_codebook()) return table->midpoint_bits() - 1;
    return element.bits();
}

/// How many significant bits values have.
inline int value_precision(const format& element) noexcept {
    if (const float_format* is = element.as_float()) return is->precision();
    const codebook* table = element.as_codebook();
    return table == nullptr ? element.bits() : table->value_bits();
}

/// Divides elements by the scales of their group and projects them. `Projector` is any_projector for elements that need not be floats.
template <carrier T, class Projector = projector>
class scaled_encoder {
  public:
    /// `how.overflow` is what the scheme says, sat_finite. `has_levels`: without any, infinities saturate as operands do.
    template <class Element>
    constexpr scaled_encoder(const Element& element, const projection& how, bool has_levels) noexcept
        : projector_(element, how),
          has_levels_(has_levels),
          may_divide_(!is_stochastic(how.rounding)),
          precision_(decision_precision(element)) {}

    [[nodiscard]] constexpr const Projector& how() const noexcept { return projector_; }

    /// Does one binary64 division decide under these scales? The same for a whole group, so asked once.
    [[nodiscard]] constexpr bool divides_in_binary64(const group_scales& scales) const noexcept {
        constexpr int bits = carrier_traits<T>::format.precision();
        return may_divide_ && binary64_division_decides(bits, scales.product, precision_);
    }

    /// `quick` is divides_in_binary64(scales).
    [[nodiscard]] constexpr projected operator()(T x, const group_scales& scales, bool quick,
                                                 std::uint32_t random) const noexcept {
        constexpr float_format from = carrier_traits<T>::format;
        const std::uint64_t bits = to_bits(x);
        const bool negative = (bits & from.sign_mask()) != 0;
        const std::uint64_t magnitude = bits & from.magnitude_mask();
        if (scales.is_nan) return projector_.zero(false);
        if (magnitude >= from.infinity_magnitude()) {
            if (!has_levels_ && magnitude == from.infinity_magnitude()) return projector_.infinity(negative);
            return projector_.nan_result(negative);
        }
        if (scales.is_zero) return projector_.zero(false);
        const dyadic value = from.magnitude_value(magnitude);
        if (scales.product.fits && scales.product.significand == 1) {
            return projector_.finite(negative, value.significand, value.exponent - scales.product.exponent, false,
                                     random);
        }
        if (value.significand == 0) return projector_.finite(negative, std::uint64_t{0}, 0, false, random);
        if (quick) {
            const dyadic q = binary64_quotient(value, scales.product);
            return projector_.finite(negative, q.significand, q.exponent, false, random);
        }
        const extended q = exact_quotient(value, scales.all());
        return projector_.finite(negative, q.significand, q.exponent, q.sticky, random);
    }

  private:
    Projector projector_;
    bool has_levels_;
    bool may_divide_;
    int precision_;
};

/// The exact product of an element and its scales, rounded once to the carrier (nearest-even, overflow to infinity).
template <carrier T>
class scaled_decoder {
  public:
    constexpr scaled_decoder() noexcept : to_carrier_(carrier_traits<T>::format, {}) {}

    [[nodiscard]] constexpr T operator()(const projected& element, const group_scales& scales) const noexcept {
        constexpr float_format own = carrier_traits<T>::format;  // a copy: codec.hpp says why
        const bool negative = element.negative != scales.negative;
        const bool element_is_zero = element.kind == number_class::finite && element.significand == 0;
        if (scales.is_nan || element.kind == number_class::nan ||
            (element.kind == number_class::infinity && scales.is_zero) || (element_is_zero && scales.is_infinite)) {
            return from_bits<T>(own.nan_code());
        }
        if (element.kind == number_class::infinity || scales.is_infinite)
            return to_value<T>(to_carrier_.infinity(negative));
        if (element_is_zero || scales.is_zero) return to_value<T>(to_carrier_.zero(negative));
        const compact_product& product = scales.product;
        if (product.fits && bit_length(element.significand) + bit_length(product.significand) <= 64) {
            return to_value<T>(to_carrier_.finite(negative, element.significand * product.significand,
                                                  element.exponent + product.exponent, false, 0));
        }
        std::array<dyadic, max_factors> factors{};
        std::size_t count = 0;
        factors[count++] = {false, element.significand, element.exponent};
        for (const dyadic& factor : scales.all()) factors[count++] = factor;
        const extended exact = exact_product(std::span<const dyadic>(factors.data(), count));
        return to_value<T>(to_carrier_.finite(negative, exact.significand, exact.exponent, exact.sticky, 0));
    }

  private:
    projector to_carrier_;
};

/// The number that an element's code stands for.
constexpr projected projected_from_code(std::uint64_t code, const float_format& format) noexcept {
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

}  // namespace halfulp
