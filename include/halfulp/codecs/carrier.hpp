// The carriers: array types that values travel in. Each is itself a float format, so taking a number apart and putting one
// together needs no code of its own.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>

#include "halfulp/core/storage.hpp"
#include "halfulp/formats/float_grid.hpp"

namespace halfulp {

inline constexpr float_format binary16_format{15, 5, 10};
inline constexpr float_format bfloat16_format{127, 8, 7};
inline constexpr float_format binary32_format{127, 8, 23};
inline constexpr float_format binary64_format{1023, 11, 52};

template <class T>
struct carrier_traits;
template <>
struct carrier_traits<float16> {
    using bits_type = std::uint16_t;
    static constexpr float_format format = binary16_format;
};
template <>
struct carrier_traits<bfloat16> {
    using bits_type = std::uint16_t;
    static constexpr float_format format = bfloat16_format;
};
template <>
struct carrier_traits<float> {
    using bits_type = std::uint32_t;
    static constexpr float_format format = binary32_format;
};
template <>
struct carrier_traits<double> {
    using bits_type = std::uint64_t;
    static constexpr float_format format = binary64_format;
};

/// float16, bfloat16, float or double.
template <class T>
concept carrier = requires { typename carrier_traits<T>::bits_type; };

template <carrier T>
inline constexpr float_grid carrier_grid{carrier_traits<T>::format};

template <carrier T>
constexpr std::uint64_t to_bits(T x) noexcept {
    return std::bit_cast<typename carrier_traits<T>::bits_type>(x);
}

template <carrier T>
constexpr T from_bits(std::uint64_t bits) noexcept {
    return std::bit_cast<T>(static_cast<typename carrier_traits<T>::bits_type>(bits));
}

/// Does the carrier hold every finite member of the format exactly?
constexpr bool holds(const float_format& carrier_format, const float_format& format) noexcept {
    const dyadic largest = format.magnitude_value(format.max_magnitude());
    const dyadic smallest = format.magnitude_value(format.min_positive_magnitude());
    // The last bit of the smallest members: that of a subnormal or of the lowest normal binade.
    const bool power_of_two_only = format.mantissa_bits == 0;
    const int lowest_bit = power_of_two_only ? smallest.exponent : format.emin() - format.mantissa_bits;
    const int carrier_lowest_bit = carrier_format.emin() - carrier_format.mantissa_bits;
    const int top = largest.exponent + bit_length(largest.significand) - 1;
    return format.precision() <= carrier_format.precision() && lowest_bit >= carrier_lowest_bit &&
           top <= carrier_format.emax();
}

}  // namespace halfulp
