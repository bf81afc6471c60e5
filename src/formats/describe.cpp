#include <array>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "halfulp/formats/name.hpp"
#include "halfulp/formats/registry.hpp"

namespace halfulp {
namespace {

/// The number in decimal where that is short and exact enough to read, after the exact hexadecimal.
std::string number(const dyadic& value) {
    std::string text = to_hex(value);
    const int top = value.exponent + bit_length(value.significand);
    if (value.significand != 0 && top < 1000 && top > -1000) {
        double approximate = static_cast<double>(value.significand);
        for (int i = 0; i < value.exponent; ++i) approximate *= 2;
        for (int i = 0; i > value.exponent; --i) approximate /= 2;
        std::array<char, 32> buffer{};
        std::snprintf(buffer.data(), buffer.size(), "%.6g", approximate);
        text += "  # ";
        text += buffer.data();
    }
    return text;
}

std::string hex_code(std::uint64_t code, int bits) {
    std::array<char, 24> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "0x%0*llX", (bits + 3) / 4, static_cast<unsigned long long>(code));
    return buffer.data();
}

std::string yes_or_no(bool b) { return b ? "yes" : "no"; }

}  // namespace

std::string to_hex(const dyadic& value) {
    if (value.significand == 0) return value.negative ? "-0x0p+0" : "0x0p+0";
    const int top = bit_length(value.significand) - 1;
    // The fraction after the leading one, in whole hexadecimal digits, without trailing zeros.
    const std::uint64_t fraction = top == 0 ? 0 : value.significand << (64 - top);
    std::string digits;
    for (std::uint64_t rest = fraction; rest != 0; rest <<= 4) digits += "0123456789abcdef"[rest >> 60];
    const int exponent = value.exponent + top;
    return std::string(value.negative ? "-" : "") + "0x1" + (digits.empty() ? "" : "." + digits) + "p" +
           (exponent < 0 ? "" : "+") + std::to_string(exponent);
}

std::string describe(const float_format& format) {
    std::string aliases;
    std::string source;
    for (const registered_format& row : registry) {
        if (!(row.format == format)) continue;
        for (const std::string_view alias : row.aliases) {
            if (!alias.empty()) aliases += (aliases.empty() ? "" : ", ") + std::string(alias);
        }
        source = row.source;
    }
    std::vector<std::pair<std::string, std::string>> lines;
    lines.emplace_back("name", to_string(format));
    if (!aliases.empty()) lines.emplace_back("aliases", "[" + aliases + "]");
    if (!source.empty()) lines.emplace_back("source", "\"" + source + "\"");
    lines.emplace_back("bits", std::to_string(format.bits()) + "  # sign " + std::to_string(int{format.is_signed}) +
                                   ", exponent " + std::to_string(format.exponent_bits) + ", fraction " +
                                   std::to_string(format.mantissa_bits));
    lines.emplace_back("precision", std::to_string(format.precision()));
    lines.emplace_back("bias", std::to_string(format.bias));
    lines.emplace_back("emin", std::to_string(format.emin()));
    lines.emplace_back("emax", std::to_string(format.emax()));
    lines.emplace_back("signed", yes_or_no(format.is_signed));
    lines.emplace_back("zero", !format.has_zero() ? "none" : format.has_negative_zero() ? "+0 and -0" : "+0");
    lines.emplace_back("subnormals", yes_or_no(format.low() == low_binade::subnormals && format.mantissa_bits > 0));
    lines.emplace_back("infinity",
                       format.has_infinity() ? hex_code(format.infinity_magnitude(), format.bits()) : "none");
    lines.emplace_back("nan", format.has_nan() ? hex_code(format.nan_code(), format.bits()) : "none");
    lines.emplace_back("max", number(format.magnitude_value(format.max_magnitude())));
    lines.emplace_back("min_normal", number(format.magnitude_value(format.min_normal_magnitude())));
    if (format.min_positive_magnitude() < format.min_normal_magnitude()) {
        lines.emplace_back("min_subnormal", number(format.magnitude_value(format.min_positive_magnitude())));
    }
    lines.emplace_back("epsilon", number({false, 1, -std::int32_t{format.mantissa_bits}}));
    std::string text;
    for (const auto& [key, value] : lines) text += key + ": " + value + "\n";
    return text;
}

}  // namespace halfulp
