// The scalar definition of decode, encode and round for integers and fixed point.
#pragma once

#include <cstdint>

#include "halfulp/codecs/codec.hpp"
#include "halfulp/rounding/project_fixed.hpp"

namespace halfulp {

/// The code of x, in the low bits. `random` holds R below 2^N. Total: nan_policy::raise and keep act as to_max, and
/// overflow_policy::unbounded as sat_finite; a symmetric format takes wrap as sat_finite.
template <carrier T>
constexpr std::uint64_t encode(T x, const fixed_format& format, const projection& how = {},
                               std::uint32_t random = 0) noexcept {
    projection bounded = how;
    if (bounded.overflow == overflow_policy::unbounded) bounded.overflow = overflow_policy::sat_finite;
    const projected out = project_value(x, fixed_projector(format, bounded), random);
    return format.code(out.negative, out.significand);
}

/// The value of a code, rounded to nearest even where T cannot hold it. Bits of `code` above the format's width are ignored.
template <carrier T>
constexpr T decode(std::uint64_t code, const fixed_format& format) noexcept {
    constexpr float_format to = carrier_traits<T>::format;
    constexpr projector to_carrier(to, projection{});
    const dyadic value = format.value(code);
    return to_value<T>(to_carrier.finite(value.negative, value.significand, value.exponent, false, 0));
}

/// The member of the format that x rounds to, as a value of x's carrier, to nearest even where that does not hold it (`holds`).
/// round = decode ∘ encode, but for overflow_policy::unbounded and nan_policy::keep, which have no codes.
template <carrier T>
constexpr T round(T x, const fixed_format& format, const projection& how = {}, std::uint32_t random = 0) noexcept {
    const projected out = project_value(x, fixed_projector(format, how), random);
    constexpr float_format own = carrier_traits<T>::format;
    if (out.missing_nan && how.nan == nan_policy::keep) return from_bits<T>(own.nan_code());
    constexpr projector to_carrier(own, projection{});
    if (out.kind == number_class::infinity) return to_value<T>(to_carrier.infinity(out.negative));
    return to_value<T>(to_carrier.finite(out.negative, out.significand, out.exponent, false, 0));
}

/// Does the carrier hold every member of the format exactly?
constexpr bool holds(const float_format& carrier_format, const fixed_format& format) noexcept {
    const int bits = format.width - (format.is_signed ? 1 : 0);
    const int lowest = carrier_format.emin() - carrier_format.mantissa_bits;
    return bits <= carrier_format.precision() && -std::int32_t{format.fraction_bits} >= lowest &&
           bits - format.fraction_bits <= carrier_format.emax() + (format.is_signed && !format.symmetric ? 0 : 1);
}

}  // namespace halfulp
