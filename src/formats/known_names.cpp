#include "known_names.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <numeric>

namespace halfulp {
namespace {

constexpr std::array<std::string_view, 8> reserved_names{"hif8", "af4",    "fp4_bnb", "ternary",
                                                         "pm1",  "binary", "pm1_pmi", "b1.58"};

/// Prefixes followed by digits and then by letters of the family's own.
struct reserved_family {
    std::string_view prefix;
    std::string_view tail;  ///< the characters that may follow the first digit
};
constexpr std::array<reserved_family, 10> reserved_families{{
    {"int", "0123456789s"},
    {"uint", "0123456789s"},
    {"q", "0123456789.s"},
    {"posit", "0123456789_"},
    {"nf", "0123456789"},
    {"dynamic", "0123456789u"},
    {"pot", "0123456789"},
    {"apot", "0123456789"},
    {"sqrt2pot", "0123456789"},
    {"table:", "0123456789abcdef"},
}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

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
    if (std::find(reserved_names.begin(), reserved_names.end(), text) != reserved_names.end()) return true;
    return std::any_of(reserved_families.begin(), reserved_families.end(), [text](const reserved_family& family) {
        if (!text.starts_with(family.prefix) || text.size() == family.prefix.size()) return false;
        const std::string_view tail = text.substr(family.prefix.size());
        return (is_digit(tail[0]) || family.prefix == "table:") &&
               tail.find_first_not_of(family.tail) == std::string_view::npos;
    });
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
