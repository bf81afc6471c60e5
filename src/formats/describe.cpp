#include <string>
#include <utility>
#include <vector>

#include "description.hpp"
#include "halfulp/formats/name.hpp"
#include "halfulp/formats/registry.hpp"

namespace halfulp {
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
    detail::description lines;
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
    lines.emplace_back("signed", detail::yes_or_no(format.is_signed));
    lines.emplace_back("zero", !format.has_zero() ? "none" : format.has_negative_zero() ? "+0 and -0" : "+0");
    lines.emplace_back("subnormals",
                       detail::yes_or_no(format.low() == low_binade::subnormals && format.mantissa_bits > 0));
    lines.emplace_back("infinity",
                       format.has_infinity() ? detail::hex_code(format.infinity_magnitude(), format.bits()) : "none");
    lines.emplace_back("nan", format.has_nan() ? detail::hex_code(format.nan_code(), format.bits()) : "none");
    lines.emplace_back("max", detail::number(format.magnitude_value(format.max_magnitude())));
    lines.emplace_back("min_normal", detail::number(format.magnitude_value(format.min_normal_magnitude())));
    if (format.min_positive_magnitude() < format.min_normal_magnitude()) {
        lines.emplace_back("min_subnormal", detail::number(format.magnitude_value(format.min_positive_magnitude())));
    }
    lines.emplace_back("epsilon", detail::number({false, 1, -std::int32_t{format.mantissa_bits}}));
    return detail::to_text(lines);
}

}  // namespace halfulp
