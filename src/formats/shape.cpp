#include "halfulp/formats/shape.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace halfulp {
namespace {

[[noreturn]] void reject(const std::string& argument, long value, const std::string& allowed) {
    throw std::invalid_argument(argument + " is " + std::to_string(value) + ", allowed: " + allowed);
}

}  // namespace

void validate(const float_format& format) {
    const int exponent_bits = format.exponent_bits;
    const int mantissa_bits = format.mantissa_bits;
    const bool ieee = format.specials == specials::ieee;
    if (exponent_bits < 1 || exponent_bits > max_exponent_bits) {
        reject("exponent_bits", exponent_bits, "1 to " + std::to_string(max_exponent_bits));
    }
    if (format.bits() > max_format_bits) {
        reject("the total width", format.bits(),
               "at most " + std::to_string(max_format_bits) + " bits (sign + exponent_bits + mantissa_bits)");
    }
    if (std::abs(format.bias) >= bias_limit)
        reject("bias", format.bias, "|bias| < 2^19 = " + std::to_string(bias_limit));
    if (ieee && exponent_bits < 2) {
        reject("exponent_bits", exponent_bits,
               "2 or more where the top exponent means infinity and NaN (use 'f', 'fn' or 'fnuz' for 1)");
    }
    if (ieee && mantissa_bits < 1) {
        reject(
            "mantissa_bits", mantissa_bits,
            "1 or more where the top exponent means infinity and NaN (use 'f', 'fn' or 'fnuz' for 0; E8M0 is e8m0fnu)");
    }
    if (format.specials == specials::fnuz && !format.is_signed) {
        throw std::invalid_argument(
            "specials is 'fnuz' and signed is false, but fnuz puts NaN at the code of negative zero, which an "
            "unsigned format does not have; allowed with signed=false: no letters, 'f', 'fn'");
    }
    if (format.max_magnitude() < format.min_normal_magnitude() ||
        format.magnitude_value(format.max_magnitude()).significand == 0) {
        throw std::invalid_argument("the shape has no finite member but zero: exponent_bits is " +
                                    std::to_string(exponent_bits) + ", mantissa_bits is " +
                                    std::to_string(mantissa_bits) + " and the special codes take the rest");
    }
}

float_format make_float_format(int exponent_bits, int mantissa_bits, std::int32_t bias, specials special_codes,
                               bool is_signed, bool has_subnormals) {
    // Checked here as well, before the numbers are squeezed into their small fields.
    if (exponent_bits < 1 || exponent_bits > max_exponent_bits) {
        reject("exponent_bits", exponent_bits, "1 to " + std::to_string(max_exponent_bits));
    }
    if (mantissa_bits < 0 || mantissa_bits > max_format_bits) reject("mantissa_bits", mantissa_bits, "0 to 63");
    const float_format format =
        normalized({bias, static_cast<std::uint8_t>(exponent_bits), static_cast<std::uint8_t>(mantissa_bits),
                    special_codes, is_signed, has_subnormals || mantissa_bits == 0});
    validate(format);
    return format;
}

float_format make_p3109(int width, int precision, bool is_signed, bool extended) {
    if (width < 3 || width > max_format_bits) reject("the width K of a P3109 format", width, "3 to 64");
    const int most = is_signed ? width - 1 : width;
    if (precision < 1 || precision > most) {
        reject("the precision P of a P3109 format", precision,
               "1 to " + std::to_string(most) + " (K - 1 for signed formats, K for unsigned ones)");
    }
    const int exponent_bits = is_signed ? width - precision : width - precision + 1;
    if (exponent_bits > max_exponent_bits) {
        reject("the exponent width of this P3109 format", exponent_bits,
               "at most " + std::to_string(max_exponent_bits) + " (a larger P or a smaller K)");
    }
    return make_float_format(exponent_bits, precision - 1, std::int32_t{1} << (exponent_bits - 1),
                             extended ? specials::p3109_extended : specials::p3109_finite, is_signed, true);
}

}  // namespace halfulp
