#include "halfulp/blocks/scheme.hpp"

#include <array>
#include <charconv>
#include <optional>
#include <stdexcept>

#include "../formats/known_names.hpp"
#include "halfulp/blocks/exact_ratio.hpp"
#include "halfulp/formats/name.hpp"
#include "halfulp/formats/shape.hpp"

namespace halfulp {
namespace {

constexpr std::array<published_scheme, 6> published{{
    {"mxfp8_e4m3", "e4m3fn/32:e8m0fnu", "OCP MX v1.0"},
    {"mxfp8_e5m2", "e5m2/32:e8m0fnu", "OCP MX v1.0"},
    {"mxfp6_e3m2", "e3m2fn/32:e8m0fnu", "OCP MX v1.0"},
    {"mxfp6_e2m3", "e2m3fn/32:e8m0fnu", "OCP MX v1.0"},
    {"mxfp4", "e2m1fn/32:e8m0fnu", "OCP MX v1.0"},
    {"nvfp4", "e2m1fn/16:e4m3fn/tensor:binary32", "NVIDIA NVFP4: Transformer Engine, TensorRT Model Optimizer"},
}};

// Known to the grammar, built by later versions.
constexpr std::array<std::string_view, 6> reserved_schemes{"mxint8",    "nf4_64", "nf4_64_dq256",
                                                           "int4_g128", "b1.58",  "int4_g64"};
constexpr std::array<std::string_view, 6> reserved_options{"zero_point", "hadamard",     "search",
                                                           "flat",       "double_quant", "recipe"};
// The recipe that a scheme has anyway may be written out.
constexpr std::array<std::string_view, 2> default_recipes{"ocp_floor", "nvfp4_exact"};

[[noreturn]] void refuse(std::string_view whole, const std::string& why) {
    throw std::invalid_argument("scheme " + quoted(whole) + ": " + why);
}

scale_group parse_group(std::string_view whole, std::string_view text) {
    if (text == "tensor") return {0};
    const std::size_t cross = text.find('x');
    const auto is_number = [](std::string_view word) {
        return !word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos;
    };
    const bool is_tile =
        cross != std::string_view::npos && is_number(text.substr(0, cross)) && is_number(text.substr(cross + 1));
    if (text == "channel" || is_tile) {
        refuse(whole, "group " + quoted(text) +
                          " is known (channels and tiles) but this version does not build it yet; it builds a length "
                          "such as 32, and 'tensor'");
    }
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (error != std::errc{} || end != text.data() + text.size() || length == 0 || length > max_group_length ||
        text[0] == '0') {
        refuse(whole, "group is " + quoted(text) +
                          ", allowed: a length from 1 to 2^32 - 1, 'tensor' ('channel' and 'RxC' in a later version)");
    }
    return {length};
}

float_format parse_part(std::string_view whole, std::string_view text) {
    try {
        return parse_float_format(text);
    } catch (const std::invalid_argument& error) {
        refuse(whole, error.what());
    }
}

void check_options(std::string_view whole, std::string_view options, const scheme& s) {
    while (!options.empty()) {
        const std::size_t comma = options.find(',');
        const std::string_view option = options.substr(0, comma);
        options = comma == std::string_view::npos ? std::string_view{} : options.substr(comma + 1);
        const std::string_view name = option.substr(0, option.find('='));
        bool known = false;
        for (const std::string_view reserved : reserved_options) known = known || reserved == name;
        if (!known) {
            refuse(whole, "option " + quoted(name) + " is not known" +
                              suggestion(name, {reserved_options.begin(), reserved_options.end()}) +
                              "; expected recipe=…, zero_point, hadamard=…, search=…, flat, double_quant");
        }
        const bool is_mx = s.levels.size() == 1 && is_power_of_two_scale(s.levels[0].format);
        const std::string_view value =
            option.size() > name.size() ? option.substr(name.size() + 1) : std::string_view{};
        if (name == "recipe" &&
            ((value == default_recipes[0] && is_mx) || (value == default_recipes[1] && s.levels.size() == 2)))
            continue;
        refuse(whole,
               "option " + quoted(option) +
                   " is known but this version does not build it yet; it builds the default recipe of each scheme");
    }
    if (whole.ends_with('@') || whole.ends_with(',')) refuse(whole, "an option's name is missing at the end");
}

const published_scheme* find_published(std::string_view name) {
    for (const published_scheme& row : published) {
        if (row.name == name) return &row;
    }
    return nullptr;
}

std::string to_plain_text(const scheme& s) {
    std::string text = to_string(s.element);
    for (const scale_level& level : s.levels) {
        text += "/" + (level.group.is_tensor() ? std::string("tensor") : std::to_string(level.group.length)) + ":" +
                to_string(level.format);
    }
    return text;
}

}  // namespace

void validate(const scheme& s) {
    validate(s.element);
    for (const scale_level& level : s.levels) {
        validate(level.format);
        if (level.group.length > max_group_length) {
            throw std::invalid_argument("group is " + std::to_string(level.group.length) +
                                        ", allowed: 1 to 2^32 - 1, or 0 for the whole tensor");
        }
    }
    if (s.levels.size() > max_scale_levels) {
        throw std::invalid_argument("the scheme has " + std::to_string(s.levels.size()) +
                                    " levels of scales, allowed: at most " + std::to_string(max_scale_levels));
    }
    for (std::size_t i = 0; i + 1 < s.levels.size(); ++i) {
        if (is_power_of_two_scale(s.levels[i].format)) {
            throw std::invalid_argument(
                "level " + std::to_string(i + 1) + " has power-of-two scales (" + to_string(s.levels[i].format) +
                "), which take no outer level unless a recipe says how; allowed: end there, or another scale format");
        }
    }
}

scheme parse_scheme(std::string_view whole) {
    const std::size_t at = whole.find('@');
    std::string_view text = whole.substr(0, at);
    for (const std::string_view name : reserved_schemes) {
        if (text == name)
            refuse(whole,
                   "a known name that this version does not build yet; it builds float elements and float scales: see "
                   "halfulp.schemes()");
    }
    std::string expanded;
    if (const published_scheme* row = find_published(text)) {
        expanded = row->text;
        text = expanded;
    }
    std::vector<std::string_view> parts;
    for (std::size_t start = 0;;) {
        const std::size_t slash = text.find('/', start);
        parts.push_back(text.substr(start, slash - start));
        if (slash == std::string_view::npos) break;
        start = slash + 1;
    }
    if (parts.size() == 1) {  // a name: an unknown one may be a published scheme's misspelled
        std::vector<std::string_view> names;
        for (const published_scheme& row : published) names.push_back(row.name);
        const std::string hint = suggestion(text, names);
        scheme s;
        try {
            s.element = parse_float_format(text);
        } catch (const std::invalid_argument& error) {
            refuse(whole, hint.empty() ? error.what() : "not a known scheme or format" + hint);
        }
        if (at != std::string_view::npos) check_options(whole, whole.substr(at + 1), s);
        return s;
    }
    scheme s{parse_part(whole, parts[0]), {}};
    for (std::size_t i = 1; i < parts.size(); ++i) {
        const std::size_t colon = parts[i].find(':');
        if (colon == std::string_view::npos)
            refuse(whole, "level " + quoted(parts[i]) +
                              " has no ':', expected '/' group ':' format, as in 'e2m1fn/32:e8m0fnu'");
        s.levels.push_back(
            {parse_group(whole, parts[i].substr(0, colon)), parse_part(whole, parts[i].substr(colon + 1))});
    }
    try {
        validate(s);
    } catch (const std::invalid_argument& error) {
        refuse(whole, error.what());
    }
    if (at != std::string_view::npos) check_options(whole, whole.substr(at + 1), s);
    return s;
}

std::string to_string(const scheme& s) {
    const std::string plain = to_plain_text(s);
    for (const published_scheme& row : published) {
        if (row.text == plain) return std::string(row.name);
    }
    return plain;
}

double bits_per_element(const scheme& s) {
    double bits = s.element.bits();
    double elements_per_scale = 1;
    for (const scale_level& level : s.levels) {
        if (level.group.is_tensor()) break;
        elements_per_scale *= static_cast<double>(level.group.length);
        bits += level.format.bits() / elements_per_scale;
    }
    return bits;
}

std::vector<published_scheme> published_schemes() { return {published.begin(), published.end()}; }

}  // namespace halfulp
