#include "halfulp/formats/posit_name.hpp"

#include <stdexcept>

#include "reader.hpp"

namespace halfulp {
namespace {

void check(int width, int exponent_bits) {
    const auto reject = [](const char* what, int value, const char* allowed) {
        throw std::invalid_argument(std::string(what) + " is " + std::to_string(value) + ", allowed: " + allowed);
    };
    if (width < 2 || width > 64) reject("the width of a posit", width, "2 to 64 bits");
    if (exponent_bits > 8) reject("exponent_bits of a posit", exponent_bits, "0 to 8");
}

}  // namespace

void validate(const posit_format& format) { check(format.width, format.exponent_bits); }

std::optional<posit_format> parse_posit_format(std::string_view text) {
    detail::reader in(text);
    if (!in.take("posit")) return std::nullopt;
    const std::optional<int> width = in.take_integer(false, 3);
    if (!width || !in.take("_")) return std::nullopt;
    const std::optional<int> exponent_bits = in.take_integer(false, 3);
    if (!exponent_bits || !in.at_end()) return std::nullopt;
    check(*width, *exponent_bits);  // before the numbers are squeezed into their small fields
    return posit_format{static_cast<std::uint8_t>(*width), static_cast<std::uint8_t>(*exponent_bits)};
}

std::string to_string(const posit_format& format) {
    return "posit" + std::to_string(format.width) + "_" + std::to_string(format.exponent_bits);
}

}  // namespace halfulp
