#include "halfulp/rounding/name.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include "../formats/known_names.hpp"

namespace halfulp {
namespace {

[[noreturn]] void refuse(const std::string& argument, std::string_view text,
                         const std::vector<std::string_view>& allowed) {
    std::string list;
    for (const std::string_view name : allowed) list += (list.empty() ? "" : ", ") + std::string(name);
    throw std::invalid_argument(argument + " is " + quoted(text) + suggestion(text, allowed) + ", allowed: " + list);
}

/// The enumerator whose place in a list of names the text has.
template <class Enum, std::size_t N>
Enum parse_listed(const std::string& argument, std::string_view text, const std::array<std::string_view, N>& names) {
    for (std::size_t i = 0; i < N; ++i) {
        if (names[i] == text) return static_cast<Enum>(i);
    }
    refuse(argument, text, {names.begin(), names.end()});
}

}  // namespace

rounding_mode parse_rounding(std::string_view text) {
    if (text == "stochastic") return rounding_mode::stochastic_a;
    std::vector<std::string_view> allowed;
    for (const rounding_mode_row& row : rounding_modes) {
        if (text == row.name || (!row.alias.empty() && text == row.alias)) return row.mode;
        allowed.push_back(row.name);
    }
    refuse("rounding", text, allowed);
}

overflow_policy parse_overflow(std::string_view text) {
    return parse_listed<overflow_policy>("overflow", text, overflow_policy_names);
}
nan_policy parse_nan(std::string_view text) { return parse_listed<nan_policy>("nan", text, nan_policy_names); }
ftz_policy parse_ftz(std::string_view text) { return parse_listed<ftz_policy>("ftz", text, ftz_policy_names); }

std::string_view to_string(rounding_mode mode) noexcept { return rounding_modes[static_cast<std::size_t>(mode)].name; }
std::string_view to_string(overflow_policy policy) noexcept {
    return overflow_policy_names[static_cast<std::size_t>(policy)];
}
std::string_view to_string(nan_policy policy) noexcept {
    return policy == nan_policy::negated_zero ? "negated_zero" : nan_policy_names[static_cast<std::size_t>(policy)];
}
std::string_view to_string(ftz_policy policy) noexcept { return ftz_policy_names[static_cast<std::size_t>(policy)]; }

}  // namespace halfulp
