// The scalar definition of decode, encode and round for posits.
#pragma once

#include <cstdint>

#include "halfulp/codecs/codec.hpp"
#include "halfulp/rounding/project_posit.hpp"

namespace halfulp {

/// The code of x, in the low bits. `random` holds R below 2^N. Total: wrap and unbounded act as the native policy.
template <carrier T>
constexpr std::uint64_t encode(T x, const posit_format& format, const projection& how = {},
                               std::uint32_t random = 0) noexcept {
    return to_code(project_value(x, posit_projector(format, how), random), format);
}

namespace detail {

/// A posit's number or NaR in a carrier, to nearest even where that does not hold it.
template <carrier T>
constexpr T posit_in_carrier(const projected& x) noexcept {
    constexpr float_format own = carrier_traits<T>::format;
    constexpr projector to_carrier(own, projection{});
    if (x.kind == number_class::nan) return from_bits<T>(own.nan_code());
    return to_value<T>(to_carrier.finite(x.negative, x.significand, x.exponent, false, 0));
}

}  // namespace detail

/// The value of a code, rounded to nearest even (overflow to infinity) where T cannot hold it; NaR is NaN. Bits of `code` above the
/// format's width are ignored.
template <carrier T>
constexpr T decode(std::uint64_t code, const posit_format& format) noexcept {
    return detail::posit_in_carrier<T>(projected_from_code(code, format));
}

/// The posit that x rounds to, as a value of x's carrier, to nearest even where that does not hold it (`holds`). round = decode ∘ encode.
template <carrier T>
constexpr T round(T x, const posit_format& format, const projection& how = {}, std::uint32_t random = 0) noexcept {
    return detail::posit_in_carrier<T>(project_value(x, posit_projector(format, how), random));
}

/// Does the carrier hold every posit of the format exactly?
constexpr bool holds(const float_format& carrier_format, const posit_format& format) noexcept {
    // The longest significands follow 1, where the regime has two bits. No member has a bit below minpos: a regime of one bit less
    // raises the exponent by 2^ES >= 1 and lengthens the fraction by one bit at most. And minpos = 1 / maxpos is there where maxpos is.
    return format.width - 3 - format.exponent_bits <= carrier_format.mantissa_bits &&
           format.max_exponent() <= carrier_format.emax();
}

}  // namespace halfulp
