// The scalar definition of decode, encode and round. Every faster path is tested to give the same bits as these three.
//
// Constants of class type are copied into local constexpr variables before anything takes their address (a member function,
// a reference): in device code nvcc gives a namespace's or a class's constexpr object no address and says nothing.
#pragma once

#include <cstdint>

#include "halfulp/codecs/carrier.hpp"
#include "halfulp/rounding/project.hpp"

namespace halfulp {

/// Projects a carrier's value, taken exactly, by a projector of any kind of format.
template <carrier T, class Projector>
constexpr projected project_value(T x, const Projector& how, std::uint32_t random = 0) noexcept {
    constexpr float_format from = carrier_traits<T>::format;
    const std::uint64_t bits = to_bits(x);
    const bool negative = (bits & from.sign_mask()) != 0;
    const std::uint64_t magnitude = bits & from.magnitude_mask();
    if (magnitude >= from.infinity_magnitude())
        return magnitude == from.infinity_magnitude() ? how.infinity(negative) : how.nan_result(negative);
    const dyadic value = from.magnitude_value(magnitude);
    return how.finite(negative, value.significand, value.exponent, false, random);
}

namespace detail {

/// A projector whose numbers are rounded to binary32 first, nearest even.
struct by_way_of_binary32 {
    const projector& how;

    [[nodiscard]] constexpr projected nan_result(bool negative) const noexcept { return how.nan_result(negative); }
    [[nodiscard]] constexpr projected infinity(bool negative) const noexcept { return how.infinity(negative); }
    [[nodiscard]] constexpr projected finite(bool negative, std::uint64_t significand, std::int32_t exponent,
                                             bool sticky, std::uint32_t random) const noexcept {
        constexpr projector to_binary32(binary32_format, projection{});
        const projected narrow = to_binary32.finite(negative, significand, exponent, sticky, 0);
        if (narrow.kind == number_class::infinity) return how.infinity(negative);
        return how.finite(negative, narrow.significand, narrow.exponent, false, random);
    }
};

}  // namespace detail

/// The same for floats, where a preset may ask for binary32 on the way.
template <carrier T>
constexpr projected project(T x, const projector& how, std::uint32_t random = 0) noexcept {
    constexpr float_format from = carrier_traits<T>::format;
    if constexpr (from.precision() > binary32_format.precision()) {
        if (how.through_binary32) return project_value(x, detail::by_way_of_binary32{how}, random);
    }
    return project_value(x, how, random);
}

/// The code of a projected number.
constexpr std::uint64_t to_code(const projected& x, const float_grid& grid) noexcept {
    if (x.kind == number_class::nan) return grid.nan_code;
    const std::uint64_t sign = x.negative ? grid.sign_mask : 0;
    if (x.kind == number_class::infinity) return sign | (grid.max_magnitude + 1);
    return sign | grid.magnitude_code(x.significand, x.exponent);
}

/// A projected number as a value: exact wherever the carrier holds the format's values, ±∞ beyond the carrier's range.
template <carrier T>
constexpr T to_value(const projected& x) noexcept {
    constexpr float_grid grid = carrier_grid<T>;
    return from_bits<T>(to_code(x, grid));
}

/// The code of x. `random` holds R below 2^N, N = how.random_bits from 1 to 32. Total: where NaN is called for and the format has none,
/// nan_policy::raise and nan_policy::keep act as to_max; overflow_policy::wrap and unbounded act as sat_finite.
template <carrier T>
constexpr std::uint64_t encode(T x, const float_format& format, const projection& how = {},
                               std::uint32_t random = 0) noexcept {
    projection bounded = how;
    if (bounded.overflow == overflow_policy::unbounded) bounded.overflow = overflow_policy::sat_finite;
    const projector projector_(format, bounded);
    return to_code(project(x, projector_, random), projector_.grid);
}

/// The value of a code, rounded to nearest even (ties included, overflow to infinity) where T cannot hold it.
/// Bits of `code` above the format's width are ignored.
template <carrier T>
constexpr T decode(std::uint64_t code, const float_format& format) noexcept {
    code &= format.code_mask();
    const bool negative = (code & format.sign_mask()) != 0;
    constexpr float_format to = carrier_traits<T>::format;
    if (format.is_nan(code)) return from_bits<T>(to.nan_code());
    constexpr projector to_carrier(to, projection{});
    if (format.is_infinity(code)) return to_value<T>(to_carrier.infinity(negative));
    const dyadic value = format.finite_value(code);
    return to_value<T>(to_carrier.finite(value.negative, value.significand, value.exponent, false, 0));
}

/// The member of the format that x rounds to, as a value of x's carrier, which has to hold the format's values (`holds`).
/// round = decode ∘ encode, but for overflow_policy::unbounded and nan_policy::keep, which have no codes.
template <carrier T>
constexpr T round(T x, const float_format& format, const projection& how = {}, std::uint32_t random = 0) noexcept {
    const projected out = project(x, projector(format, how), random);
    constexpr float_format own = carrier_traits<T>::format;
    if (out.missing_nan && how.nan == nan_policy::keep) return from_bits<T>(own.nan_code());
    return to_value<T>(out);
}

/// How many of the 2^N random integers R send x to its neighbour away from zero (the grid continues above the largest
/// member): the exact probability times 2^N. 0 for members, zeros, infinities and NaN; deterministic modes give 0 or 2^N.
template <carrier T>
constexpr std::uint64_t count_away(T x, const float_format& format, rounding_mode mode, int random_bits) noexcept {
    constexpr float_format from = carrier_traits<T>::format;
    const std::uint64_t bits = to_bits(x);
    const std::uint64_t magnitude = bits & from.magnitude_mask();
    if (magnitude == 0 || magnitude >= from.infinity_magnitude()) return 0;
    const dyadic value = from.magnitude_value(magnitude);
    const float_grid grid(format);
    const rounding_position at = locate(value.significand, value.exponent, false, grid, false);
    // Below the smallest member of a format without zero there is one neighbour only, the one away from zero.
    if (at.lower.significand == at.upper.significand && at.lower.exponent == at.upper.exponent)
        return std::uint64_t{1} << random_bits;
    return count_away(mode, (bits & from.sign_mask()) != 0, at.lower_is_odd, at.fraction, random_bits);
}

}  // namespace halfulp
