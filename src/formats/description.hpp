// What the descriptions of formats are made of.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "halfulp/formats/name.hpp"

namespace halfulp::detail {

/// Keys and values of a YAML block.
using description = std::vector<std::pair<std::string, std::string>>;

inline std::string to_text(const description& lines) {
    std::string text;
    for (const auto& [key, value] : lines) text += key + ": " + value + "\n";
    return text;
}

/// The number in decimal where that is short and exact enough to read, after the exact hexadecimal.
inline std::string number(const dyadic& value) {
    std::string text = to_hex(value);
    const int top = value.exponent + bit_length(value.significand);
    if (value.significand != 0 && top < 1000 && top > -1000) {
        double approximate = static_cast<double>(value.significand);
        for (int i = 0; i < value.exponent; ++i) approximate *= 2;
        for (int i = 0; i > value.exponent; --i) approximate /= 2;
        std::array<char, 32> buffer{};
        std::snprintf(buffer.data(), buffer.size(), "%.6g", approximate);
        text += "  # ";
        text += value.negative ? "-" : "";
        text += buffer.data();
    }
    return text;
}

inline std::string hex_code(std::uint64_t code, int bits) {
    std::array<char, 72> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "0x%0*llX", (bits + 3) / 4, static_cast<unsigned long long>(code));
    return buffer.data();
}

inline std::string yes_or_no(bool b) { return b ? "yes" : "no"; }

}  // namespace halfulp::detail
