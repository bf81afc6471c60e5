#include "halfulp/formats/fixed_name.hpp"

#include <stdexcept>

#include "reader.hpp"

namespace halfulp {
namespace {

constexpr int widest = 64;

/// A number of at most three digits: no width has more, and what has is no name.
std::optional<int> take_bits(detail::reader& in) { return in.take_integer(false, 3); }

[[noreturn]] void reject(const std::string& what, int value, const std::string& allowed) {
    throw std::invalid_argument(what + " is " + std::to_string(value) + ", allowed: " + allowed);
}

fixed_format checked(int width, int fraction_bits, bool is_signed, bool symmetric) {
    // Before the numbers are squeezed into their small fields.
    if (width < 1 || width > widest) reject("the width", width, "1 to " + std::to_string(widest) + " bits in all");
    const fixed_format format{static_cast<std::uint8_t>(width), static_cast<std::uint8_t>(fraction_bits), is_signed,
                              symmetric};
    validate(format);
    return format;
}

}  // namespace

void validate(const fixed_format& format) {
    if (format.width < 1 || format.width > widest)
        reject("the width", format.width, "1 to " + std::to_string(widest) + " bits in all");
    const int most = format.width - (format.is_signed ? 1 : 0);
    if (format.fraction_bits > most) {
        reject("fraction_bits", format.fraction_bits,
               "0 to " + std::to_string(most) + (format.is_signed ? " (one bit is the sign's)" : ""));
    }
    if (format.symmetric && (!format.is_signed || format.width < 2))
        reject("the width of a symmetric format", format.width, "2 or more, signed");
}

std::optional<fixed_format> parse_fixed_format(std::string_view text) {
    detail::reader in(text);
    const bool is_unsigned = in.take("uint");
    if (is_unsigned || in.take("int")) {
        const std::optional<int> width = take_bits(in);
        const bool symmetric = !is_unsigned && in.take("s");
        if (!width || !in.at_end()) return std::nullopt;
        return checked(*width, 0, !is_unsigned, symmetric);
    }
    if (!in.take("q")) return std::nullopt;
    const std::optional<int> whole = take_bits(in);
    if (!whole || !in.take(".")) return std::nullopt;
    const std::optional<int> fraction = take_bits(in);
    const bool symmetric = in.take("s");
    if (!fraction || !in.at_end()) return std::nullopt;
    if (*whole < 1) reject("the number of integer bits", *whole, "1 or more (the sign is one of them)");
    return checked(*whole + *fraction, *fraction, true, symmetric);
}

std::string to_string(const fixed_format& format) {
    const std::string tail = format.symmetric ? "s" : "";
    if (format.fraction_bits == 0) return (format.is_signed ? "int" : "uint") + std::to_string(format.width) + tail;
    return "q" + std::to_string(format.width - format.fraction_bits) + "." + std::to_string(format.fraction_bits) +
           tail;
}

}  // namespace halfulp
