#include "halfulp/formats/fixed_name.hpp"

#include <charconv>
#include <stdexcept>

namespace halfulp {
namespace {

constexpr int widest = 64;

/// A decimal integer of one to three digits without leading zeros at the start of `text`, which it leaves behind.
std::optional<int> take_integer(std::string_view& text) {
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
    if (digits == 0 || digits > 3 || (digits > 1 && text[0] == '0')) return std::nullopt;
    int value = 0;
    std::from_chars(text.data(), text.data() + digits, value);
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, std::string_view word) {
    if (!text.starts_with(word)) return false;
    text.remove_prefix(word.size());
    return true;
}

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
    const bool is_unsigned = text.starts_with("uint");
    if (is_unsigned || text.starts_with("int")) {
        text.remove_prefix(is_unsigned ? 4 : 3);
        const std::optional<int> width = take_integer(text);
        const bool symmetric = width && !is_unsigned && take(text, "s");
        if (!width || !text.empty()) return std::nullopt;
        return checked(*width, 0, !is_unsigned, symmetric);
    }
    if (!take(text, "q")) return std::nullopt;
    const std::optional<int> whole = take_integer(text);
    if (!whole || !take(text, ".")) return std::nullopt;
    const std::optional<int> fraction = take_integer(text);
    const bool symmetric = fraction && take(text, "s");
    if (!fraction || !text.empty()) return std::nullopt;
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
