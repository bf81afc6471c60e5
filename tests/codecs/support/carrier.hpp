// The four carriers as bit patterns. Their values come from the oracle's own decoding of IEEE formats, never from
// arithmetic of the host.
#pragma once

#include <bit>
#include <cstdio>
#include <optional>
#include <string>

#include "halfulp/core/storage.hpp"
#include "oracle/format.hpp"

namespace oracle {

inline halfulp::float_format ieee_like(int exponent_bits, int fraction_bits) {
    halfulp::float_format f;
    f.exponent_bits = static_cast<std::uint8_t>(exponent_bits);
    f.mantissa_bits = static_cast<std::uint8_t>(fraction_bits);
    f.bias = (1 << (exponent_bits - 1)) - 1;
    f.specials = halfulp::specials::ieee;
    return f;
}

template <class T>
struct carrier_traits;
template <>
struct carrier_traits<halfulp::float16> {
    static constexpr int exponent_bits = 5, fraction_bits = 10;
    static constexpr const char* name = "float16";
    static halfulp::float16 from(std::uint64_t b) { return {static_cast<std::uint16_t>(b)}; }
    static std::uint64_t to(halfulp::float16 x) { return x.bits; }
};
template <>
struct carrier_traits<halfulp::bfloat16> {
    static constexpr int exponent_bits = 8, fraction_bits = 7;
    static constexpr const char* name = "bfloat16";
    static halfulp::bfloat16 from(std::uint64_t b) { return {static_cast<std::uint16_t>(b)}; }
    static std::uint64_t to(halfulp::bfloat16 x) { return x.bits; }
};
template <>
struct carrier_traits<float> {
    static constexpr int exponent_bits = 8, fraction_bits = 23;
    static constexpr const char* name = "float32";
    static float from(std::uint64_t b) { return std::bit_cast<float>(static_cast<std::uint32_t>(b)); }
    static std::uint64_t to(float x) { return std::bit_cast<std::uint32_t>(x); }
};
template <>
struct carrier_traits<double> {
    static constexpr int exponent_bits = 11, fraction_bits = 52;
    static constexpr const char* name = "float64";
    static double from(std::uint64_t b) { return std::bit_cast<double>(b); }
    static std::uint64_t to(double x) { return std::bit_cast<std::uint64_t>(x); }
};

template <class T>
struct carrier {
    using traits = carrier_traits<T>;
    static constexpr std::uint64_t sign = std::uint64_t{1} << (traits::exponent_bits + traits::fraction_bits);
    static constexpr std::uint64_t infinity = ((std::uint64_t{1} << traits::exponent_bits) - 1)
                                              << traits::fraction_bits;
    static constexpr std::uint64_t largest = infinity - 1;
    static constexpr std::uint64_t smallest_normal = std::uint64_t{1} << traits::fraction_bits;
    static constexpr std::uint64_t quiet_nan = infinity | (smallest_normal >> 1);

    static const format& as_format() {
        static const format f(ieee_like(traits::exponent_bits, traits::fraction_bits));
        return f;
    }
    static number exact(std::uint64_t bits) { return as_format().decode(bits); }
    static bool is_nan(std::uint64_t bits) { return (bits & (sign - 1)) > infinity; }

    /// The largest carrier number that is not above a magnitude.
    static std::uint64_t floor_bits(const rational& x) {
        if (is_zero(x)) return 0;
        const rung r = as_format().locate_by_formula(x).lower;
        return r > static_cast<rung>(largest) ? largest : static_cast<std::uint64_t>(r);
    }
    /// The bits of a number that the carrier holds exactly; nothing otherwise.
    static std::optional<std::uint64_t> bits_of(const number& x) {
        const std::uint64_t s = x.negative ? sign : 0;
        if (x.is_nan()) return quiet_nan;
        if (!x.is_finite()) return s | infinity;
        if (is_zero(x.magnitude)) return s;
        const gap where = as_format().locate_by_formula(x.magnitude);
        if (where.f.num != 0 || where.lower > static_cast<rung>(largest)) return std::nullopt;
        return s | static_cast<std::uint64_t>(where.lower);
    }
};

/// Bits and hexadecimal floating-point notation of a carrier's number, for messages.
template <class T>
std::string describe(std::uint64_t bits) {
    char text[96];
    const number x = carrier<T>::exact(bits);
    double shown = 0;  // every carrier's number is a double
    if (x.is_nan())
        shown = std::bit_cast<double>(carrier<double>::quiet_nan);
    else
        shown = std::bit_cast<double>(*carrier<double>::bits_of(x));
    std::snprintf(text, sizeof text, "%a (%s bits 0x%llx)", shown, carrier_traits<T>::name,
                  static_cast<unsigned long long>(bits));
    return text;
}

}  // namespace oracle
