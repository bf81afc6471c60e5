#include "known_names.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <numeric>

namespace halfulp {
namespace {

/// Names and families of names; '#' stands for a decimal number, '@' for a hexadecimal one.
constexpr std::array<std::string_view, 1> reserved{"pm1_pmi"};

bool matches(std::string_view pattern, std::string_view text) {
    for (const char c : pattern) {
        if (c == '#' || c == '@') {
            const std::size_t end = text.find_first_not_of(c == '#' ? "0123456789" : "0123456789abcdef");
            const std::size_t length = end == std::string_view::npos ? text.size() : end;
            if (length == 0) return false;
            text.remove_prefix(length);
        } else {
            if (text.empty() || text[0] != c) return false;
            text.remove_prefix(1);
        }
    }
    return text.empty();
}

std::string lowered(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

/// Levenshtein's distance.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0u : 1u)});
            diagonal = above;
        }
    }
    return row.back();
}

}  // namespace

bool is_reserved_format_name(std::string_view text) {
    return std::any_of(reserved.begin(), reserved.end(),
                       [text](std::string_view pattern) { return matches(pattern, text); });
}

bool looks_like_scheme(std::string_view text) {
    // Exact names and what they share; which of them exist is for the schemes' own parser to say.
    for (const std::string_view start :
         {"mxfp", "mxint", "mx4", "mx6", "mx9", "msfp", "nvfp4", "nf4_", "int4_g", "b1.58"}) {
        if (text.starts_with(start)) return true;
    }
    return text.find('/') != std::string_view::npos;
}

std::string quoted(std::string_view text) {
    constexpr std::size_t most = 80;
    if (text.size() <= most) return "'" + std::string(text) + "'";
    std::size_t end = most;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return "'" + std::string(text.substr(0, end)) + "…'";
}

std::string suggestion(std::string_view text, const std::vector<std::string_view>& candidates) {
    if (text.empty() || text.size() > 64) return "";
    const std::string wanted = lowered(text);
    std::string_view best;
    std::size_t best_distance = wanted.size() < 5 ? 2 : 3;  // one typing error in a short name, two in a long one
    for (const std::string_view candidate : candidates) {
        const std::size_t distance = edit_distance(wanted, lowered(candidate));
        if (distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best.empty() ? "" : " (did you mean '" + std::string(best) + "'?)";
}

}  // namespace halfulp
