// Numbers in messages.
#pragma once

#include <array>
#include <charconv>
#include <string>

namespace halfulp::detail {

/// As few digits as read back the same number.
inline std::string shown(double x) {
    std::array<char, 40> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), x).ptr;
    return {text.data(), end};
}

}  // namespace halfulp::detail
