#include "halfulp/blocks/scheme.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <stdexcept>

#include "../formats/known_names.hpp"
#include "halfulp/blocks/exact_ratio.hpp"
#include "halfulp/formats/codebooks.hpp"
#include "halfulp/formats/name.hpp"
#include "halfulp/formats/registry.hpp"
#include "halfulp/formats/shape.hpp"

namespace halfulp {
namespace {

constexpr std::array<published_scheme, 17> published{{
    {"mxfp8_e4m3", "e4m3fn/32:e8m0fnu", "OCP MX v1.0"},
    {"mxfp8_e5m2", "e5m2/32:e8m0fnu", "OCP MX v1.0"},
    {"mxfp6_e3m2", "e3m2fn/32:e8m0fnu", "OCP MX v1.0"},
    {"mxfp6_e2m3", "e2m3fn/32:e8m0fnu", "OCP MX v1.0"},
    {"mxfp4", "e2m1fn/32:e8m0fnu", "OCP MX v1.0"},
    {"mxint8", "q2.6s/32:e8m0fnu", "OCP MX v1.0"},
    {"nvfp4", "e2m1fn/16:e4m3fn/tensor:binary32", "NVIDIA NVFP4: Transformer Engine, TensorRT Model Optimizer"},
    // One exponent bit and its subnormals are a sign and a magnitude without a hidden bit.
    {"mx9", "e1m6b1f/2:microexponent/8:e8m0fnu", "shared microexponents, arXiv 2302.08007"},
    {"mx6", "e1m3b1f/2:microexponent/8:e8m0fnu", "shared microexponents, arXiv 2302.08007"},
    {"mx4", "e1m1b1f/2:microexponent/8:e8m0fnu", "shared microexponents, arXiv 2302.08007"},
    {"msfp16", "e1m6b1f/16:e8m0fnu", "Microsoft Floating Point, Darvish Rouhani et al., NeurIPS 2020"},
    {"msfp12", "e1m2b1f/16:e8m0fnu", "Microsoft Floating Point, Darvish Rouhani et al., NeurIPS 2020"},
    {"nf4_64", "nf4/64:binary32@flat", "QLoRA, arXiv 2305.14314; bitsandbytes"},
    {"nf4_64_dq256", "nf4/64:dynamic8/256:binary32@double_quant,flat", "QLoRA, arXiv 2305.14314; bitsandbytes"},
    {"int4_g128", "int4s/128:binary16", "symmetric weights in groups of 128: GPTQ, AWQ"},
    {"int4_g64", "int4s/64:binary16", "symmetric weights in groups of 64"},
    {"b1.58", "ternary/tensor:binary32", "BitNet b1.58, arXiv 2402.17764"},
}};

// Known to the grammar, built by later versions.
constexpr std::array<std::string_view, 8> built_options{"recipe", "search",     "hadamard",     "signs",
                                                        "flat",   "zero_point", "double_quant", "percentile"};
constexpr std::string_view expected_options =
    "recipe=…, search=mse, hadamard=…, signs=…, percentile=…, flat, zero_point, double_quant";

[[noreturn]] void refuse(std::string_view whole, const std::string& why) {
    throw std::invalid_argument("scheme " + quoted(whole) + ": " + why);
}

/// A length of a group: 1 to 2^32 - 1, without zeros in front; 0 where the text is none.
std::uint64_t group_length(std::string_view text) {
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    const bool sound = error == std::errc{} && end == text.data() + text.size() && length <= max_group_length;
    return sound && text[0] != '0' ? length : 0;
}

scale_group parse_group(std::string_view whole, std::string_view text) {
    if (text == "tensor") return {};
    if (text == "channel") return {.channel = true};
    const std::size_t cross = text.find('x');
    const std::uint64_t length = group_length(text.substr(cross == std::string_view::npos ? 0 : cross + 1));
    const std::uint64_t rows = cross == std::string_view::npos ? 0 : group_length(text.substr(0, cross));
    if (length == 0 || (cross != std::string_view::npos && rows == 0)) {
        refuse(whole, "group is " + quoted(text) +
                          ", allowed: a length from 1 to 2^32 - 1, a tile such as 32x32, 'channel', 'tensor'");
    }
    return {length, rows};
}

format parse_element(std::string_view whole, std::string_view text) {
    try {
        return parse_format(text);
    } catch (const std::invalid_argument& error) {
        refuse(whole, error.what());
    }
}

scale_level parse_scale(std::string_view whole, const scale_group& group, std::string_view text) {
    try {
        const format f = parse_format(text);
        if (const float_format* is = f.as_float()) return {group, *is};
        if (f.as_codebook() != nullptr) return {group, named("binary32"), find_codebook(text)};
        refuse(whole, "a scale's format is " + quoted(text) +
                          ", allowed: float formats, and with double_quant a codebook such as dynamic8");
    } catch (const std::invalid_argument& error) {
        refuse(whole, error.what());
    }
}

std::string recipe_names(recipe_shape shape) {
    std::string names;
    for (const recipe_row& row : recipes) {
        if (row.shape == shape) names += (names.empty() ? "" : ", ") + std::string(row.name);
    }
    return names;
}

recipe parse_recipe(std::string_view whole, std::string_view name, const scheme& s) {
    const std::optional<recipe_shape> shape = shape_for_recipes(s);
    const recipe_row* row = find_recipe(name);
    if (shape && find_recipe(name, *shape) != nullptr) return find_recipe(name, *shape)->id;
    if (!shape) {
        refuse(whole,
               "recipe is " + quoted(name) +
                   ", allowed: none; recipes are for one level of power-of-two scales such as e8m0fnu, for "
                   "e2m1fn/N:e4m3fn/tensor:binary32, and for ternary and binary elements with one level of scales");
    }
    std::vector<std::string_view> names;
    for (const recipe_row& known : recipes) names.push_back(known.name);
    refuse(whole, "recipe is " + quoted(name) + (row == nullptr ? suggestion(name, names) : "") +
                      ", allowed for this scheme: " + recipe_names(*shape));
}

std::uint64_t parse_number(std::string_view whole, std::string_view option, std::string_view value,
                           const std::string& allowed) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool padded = value.size() > 1 && value[0] == '0';
    if (value.empty() || error != std::errc{} || end != value.data() + value.size() || padded)
        refuse(whole, std::string(option) + " is " + quoted(value) + ", allowed: " + allowed);
    return number;
}

/// A percentage above 0 and at most 100 with up to four decimals, in units of 1/10000; written in one way only.
std::uint32_t parse_percentile(std::string_view whole, std::string_view value) {
    const std::size_t point = value.find('.');
    const std::string_view decimals = point == std::string_view::npos ? std::string_view{} : value.substr(point + 1);
    const auto digits = [](std::string_view text) {
        return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
    };
    const std::string_view units = value.substr(0, point);
    const bool sound =
        digits(units) && units.size() <= 3 && (units.size() == 1 || units[0] != '0') &&
        (point == std::string_view::npos || (digits(decimals) && decimals.size() <= 4 && !decimals.ends_with('0')));
    std::uint32_t number = 0;
    if (sound) {
        for (const char c : units) number = number * 10 + static_cast<std::uint32_t>(c - '0');
        for (std::size_t i = 0; i < 4; ++i)
            number = number * 10 + (i < decimals.size() ? static_cast<std::uint32_t>(decimals[i] - '0') : 0);
    }
    if (number == 0 || number > 1000000) {
        refuse(whole,
               "percentile is " + quoted(value) +
                   ", allowed: a percentage from 0.0001 to 100 with at most four decimals and no zero at its end");
    }
    return number;
}

std::string percentile_text(std::uint32_t percentile) {
    std::string text = std::to_string(percentile / 10000);
    std::string decimals = std::to_string(10000 + percentile % 10000).substr(1);
    while (decimals.ends_with('0')) decimals.erase(decimals.end() - 1);
    return decimals.empty() ? text : text + "." + decimals;
}

void take_option(std::string_view whole, std::string_view name, std::string_view value, scheme& s) {
    if (name == "search") {
        if (value != "mse") refuse(whole, "search is " + quoted(value) + ", allowed: mse");
        s.search = scale_search::mse;
    } else if (name == "hadamard") {
        const std::string allowed = "a power of two from 2 to " + std::to_string(max_hadamard);
        const std::uint64_t length = parse_number(whole, name, value, allowed);
        if (length < 2 || length > max_hadamard || (length & (length - 1)) != 0)
            refuse(whole, "hadamard is " + quoted(value) + ", allowed: " + allowed);
        s.hadamard = static_cast<std::uint32_t>(length);
    } else if (name == "signs") {
        s.signs = parse_number(whole, name, value, "a seed from 0 to 2^64 - 1");
    } else if (name == "percentile") {
        s.percentile = parse_percentile(whole, value);
    } else {
        if (!value.empty()) refuse(whole, std::string(name) + " is " + quoted(value) + ", allowed: no value");
        (name == "flat" ? s.flat : name == "zero_point" ? s.zero_point : s.double_quant) = true;
    }
}

void parse_options(std::string_view whole, std::string_view options, scheme& s, std::vector<std::string_view>& taken) {
    if (options.empty() || options.ends_with(',')) refuse(whole, "an option's name is missing at the end");
    std::optional<std::string_view> recipe_name;
    while (!options.empty()) {
        const std::size_t comma = options.find(',');
        const std::string_view option = options.substr(0, comma);
        options = comma == std::string_view::npos ? std::string_view{} : options.substr(comma + 1);
        const std::size_t equals = option.find('=');
        const std::string_view name = option.substr(0, equals);
        const auto is = [name](std::string_view known) { return known == name; };
        if (std::ranges::none_of(built_options, is)) {
            refuse(whole, "option " + quoted(name) + " is not known" +
                              suggestion(name, {built_options.begin(), built_options.end()}) + "; expected " +
                              std::string(expected_options));
        }
        if (std::ranges::any_of(taken, is)) refuse(whole, "option " + quoted(name) + " stands there twice");
        taken.push_back(name);
        const std::string_view value =
            equals == std::string_view::npos ? std::string_view{} : option.substr(equals + 1);
        if (name == "recipe") {
            recipe_name = value;
        } else {
            take_option(whole, name, value, s);
        }
    }
    // Which recipes there are depends on the other options.
    if (recipe_name) s.scale_recipe = parse_recipe(whole, *recipe_name, s);
    if (s.signs != 0 && s.hadamard == 0) refuse(whole, "signs is given without hadamard, whose signs it draws");
}

const published_scheme* find_published(std::string_view name) {
    for (const published_scheme& row : published) {
        if (row.name == name) return &row;
    }
    return nullptr;
}

std::string to_text(const scale_group& group) {
    if (group.channel) return "channel";
    if (group.is_tensor()) return "tensor";
    return (group.is_tile() ? std::to_string(group.rows) + "x" : "") + std::to_string(group.length);
}

std::string levels_text(const scheme& s) {
    std::string text = to_string(s.element);
    for (const scale_level& level : s.levels)
        text += "/" + to_text(level.group) + ":" + (level.stored ? level.stored->name() : to_string(level.format));
    return text;
}

/// Without what a published name says already.
std::string options_text(const scheme& s, bool without_flat = false, bool without_double_quant = false) {
    std::string text;
    const auto add = [&](const std::string& option) { text += (text.empty() ? "@" : ",") + option; };
    if (s.scale_recipe != recipe::standard) {
        const std::optional<recipe_shape> shape = shape_for_recipes(s);
        const recipe_row* row = shape ? find_recipe(s.scale_recipe, *shape) : nullptr;
        if (row != nullptr) add("recipe=" + std::string(row->name));
    }
    if (s.search == scale_search::mse) add("search=mse");
    if (s.hadamard != 0) add("hadamard=" + std::to_string(s.hadamard));
    if (s.signs != 0) add("signs=" + std::to_string(s.signs));
    if (s.double_quant && !without_double_quant) add("double_quant");
    if (s.percentile != 0) add("percentile=" + percentile_text(s.percentile));
    if (s.zero_point) add("zero_point");
    if (s.flat && !without_flat) add("flat");
    return text;
}

}  // namespace

std::optional<recipe_shape> shape_for_recipes(const scheme& s) {
    constexpr float_format e2m1fn = find_registered("e2m1fn")->format;
    constexpr float_format e4m3fn = find_registered("e4m3fn")->format;
    if (s.levels.size() == 1 && is_power_of_two_scale(s.levels[0].format)) return recipe_shape::power_of_two;
    if (s.element == format(e2m1fn) && s.levels.size() == 2 && s.levels[0].format == e4m3fn &&
        !s.levels[0].group.is_tensor() && s.levels[1].group.is_tensor() &&
        s.levels[1].format == find_registered("binary32")->format)
        return recipe_shape::nvfp4;
    if (s.zero_point) return recipe_shape::affine;
    if (const codebook* table = s.element.as_codebook(); table != nullptr && s.flat && !s.levels.empty() &&
                                                         s.levels[0].format == find_registered("binary32")->format &&
                                                         s.levels.size() == (s.double_quant ? 2u : 1u)) {
        for (const std::string_view name : {"nf4", "af4", "fp4_bnb", "dynamic8"}) {
            if (table->name() == name) return recipe_shape::blockwise;
        }
    }
    if (const codebook* table = s.element.as_codebook(); table != nullptr && s.levels.size() == 1) {
        if (table->name() == "ternary") return recipe_shape::ternary;
        if (table->name() == "pm1") return recipe_shape::binary;
    }
    return std::nullopt;
}

bool scales_are_means(const scheme& s) {
    const std::optional<recipe_shape> shape = shape_for_recipes(s);
    return (shape == recipe_shape::ternary || shape == recipe_shape::binary) && s.scale_recipe != recipe::absmax;
}

namespace {

void validate_group(const scheme& s, std::size_t i) {
    const scale_group& group = s.levels[i].group;
    validate(s.levels[i].format);
    const bool whole = group.length == 0;
    if (group.length > max_group_length || group.rows > max_group_length || (whole && group.rows != 0) ||
        (group.channel && !whole)) {
        throw std::invalid_argument("group is " + (group.is_tile() ? std::to_string(group.rows) + "x" : "") +
                                    std::to_string(group.length) +
                                    ", allowed: 1 to 2^32 - 1, or 0 for the whole tensor and for channels");
    }
    if (i > 0 && group.is_tile()) {
        throw std::invalid_argument("level " + std::to_string(i + 1) + " has the group " + to_text(group) +
                                    ", allowed: tiles on the first level only");
    }
}

void validate_options(const scheme& s) {
    const auto refuse_with = [](const char* option, const std::string& allowed) {
        throw std::invalid_argument(std::string(option) + " is given, allowed: " + allowed);
    };
    const bool stores = std::ranges::any_of(s.levels, [](const scale_level& level) { return level.stored != nullptr; });
    if (s.double_quant || stores) {
        const bool fits = s.levels.size() == 2 && s.levels[0].stored && !s.levels[1].stored &&
                          s.levels[0].group.is_run() && s.levels[1].group.is_run() &&
                          s.levels[1].format == named("binary32");
        if (!s.double_quant) refuse_with("a codebook as a scale's format", "with the option double_quant");
        if (!fits) {
            refuse_with(
                "double_quant",
                "with a codebook as the format of the inner scales and binary32 outside, in groups of a length, "
                "as in nf4/64:dynamic8/256:binary32@double_quant,flat");
        }
    }
    for (const scale_level& level : s.levels) {
        if (s.flat && (level.group.is_tile() || level.group.channel))
            refuse_with("flat", "with groups of a length and 'tensor'; tiles and channels are of the array's own axes");
    }
    if (s.flat && s.hadamard != 0) refuse_with("flat", "without hadamard, which works along an axis");
    if (s.zero_point) {
        const fixed_format* integer = s.element.as_fixed();
        const bool fits = integer != nullptr && integer->fraction_bits == 0 && !integer->symmetric &&
                          integer->width <= 32 && s.levels.size() == 1 && !is_power_of_two_scale(s.levels[0].format) &&
                          s.hadamard == 0;
        if (!fits) {
            refuse_with(
                "zero_point",
                "with integers of 1 to 32 bits that are not symmetric, such as uint4 or int8, under one level of "
                "scales that are no powers of two, without hadamard");
        }
    }
    if (s.percentile != 0 && (s.levels.size() != 1 || scales_are_means(s) || s.percentile > 1000000))
        refuse_with("percentile",
                    "from 0.0001 to 100, with one level of scales that are found from the largest magnitude");
}

}  // namespace

void validate(const scheme& s) {
    validate(s.element);
    for (std::size_t i = 0; i < s.levels.size(); ++i) validate_group(s, i);
    if (s.levels.size() > max_scale_levels) {
        throw std::invalid_argument("the scheme has " + std::to_string(s.levels.size()) +
                                    " levels of scales, allowed: at most " + std::to_string(max_scale_levels));
    }
    for (std::size_t i = 0; i + 1 < s.levels.size(); ++i) {
        if (is_power_of_two_scale(s.levels[i].format) && !is_power_of_two_scale(s.levels[i + 1].format)) {
            throw std::invalid_argument(
                "level " + std::to_string(i + 1) + " has power-of-two scales (" + to_string(s.levels[i].format) +
                "), whose outer level can only hold powers of two as well; allowed: such as e8m0fnu, or end there");
        }
    }
    if (s.scale_recipe != recipe::standard) {
        const std::optional<recipe_shape> shape = shape_for_recipes(s);
        if (!shape || find_recipe(s.scale_recipe, *shape) == nullptr)
            throw std::invalid_argument("the recipe is for schemes of another shape");
    }
    if (s.search != scale_search::none && s.levels.empty())
        throw std::invalid_argument("search is mse, allowed: with at least one level of scales");
    if (s.search != scale_search::none && (is_binary32(s.scale_recipe) || is_four_over_six(s.scale_recipe)))
        throw std::invalid_argument(
            "search is mse, allowed: with recipes that find scales exactly and do not choose between scales "
            "themselves");
    validate_options(s);
    if (!s.levels.empty() && !s.zero_point && s.element.scale_target().significand == 0)
        throw std::invalid_argument("the element " + to_string(s.element) +
                                    " has no number above zero that scales could be found from, allowed: without "
                                    "scales, or with the option zero_point");
    if (s.search != scale_search::none && scales_are_means(s))
        throw std::invalid_argument(
            "search is mse, allowed: with scales that are found from the largest magnitude; here "
            "they are means (recipe=absmax has the others)");
    if (s.hadamard == 1 || s.hadamard > max_hadamard || (s.hadamard & (s.hadamard - 1)) != 0)
        throw std::invalid_argument("hadamard is " + std::to_string(s.hadamard) +
                                    ", allowed: 0 for none, or a power of two from 2 to " +
                                    std::to_string(max_hadamard));
}

namespace {

const scheme& check(std::string_view whole, const scheme& s) {
    try {
        validate(s);
    } catch (const std::invalid_argument& error) {
        refuse(whole, error.what());
    }
    return s;
}

}  // namespace

scheme parse_scheme(std::string_view whole) {
    const std::size_t at = whole.find('@');
    std::string_view text = whole.substr(0, at);
    std::string_view own_options;  // a published scheme's
    if (const published_scheme* row = find_published(text)) {
        text = row->text.substr(0, row->text.find('@'));
        own_options = row->text.substr(std::min(row->text.size(), text.size() + 1));
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
            s.element = parse_format(text);
        } catch (const std::invalid_argument& error) {
            refuse(whole, hint.empty() ? error.what() : "not a known scheme or format" + hint);
        }
        std::vector<std::string_view> taken;
        if (at != std::string_view::npos) parse_options(whole, whole.substr(at + 1), s, taken);
        return check(whole, s);
    }
    scheme s{.element = parse_element(whole, parts[0]), .levels = {}};
    for (std::size_t i = 1; i < parts.size(); ++i) {
        const std::size_t colon = parts[i].find(':');
        if (colon == std::string_view::npos)
            refuse(whole, "level " + quoted(parts[i]) +
                              " has no ':', expected '/' group ':' format, as in 'e2m1fn/32:e8m0fnu'");
        s.levels.push_back(
            parse_scale(whole, parse_group(whole, parts[i].substr(0, colon)), parts[i].substr(colon + 1)));
    }
    if (at != std::string_view::npos || !own_options.empty()) {
        std::vector<std::string_view> taken;
        if (!own_options.empty()) parse_options(whole, own_options, s, taken);
        if (at != std::string_view::npos) parse_options(whole, whole.substr(at + 1), s, taken);
    }
    return check(whole, s);
}

std::string to_string(const scheme& s) {
    const std::string plain = levels_text(s);
    for (const published_scheme& row : published) {
        const std::size_t at = row.text.find('@');
        if (row.text.substr(0, at) != plain) continue;
        // What the name says already is not said again.
        const std::string_view said = at == std::string_view::npos ? std::string_view{} : row.text.substr(at + 1);
        const bool says_flat = said.ends_with("flat");
        if (says_flat && !s.flat) continue;
        return std::string(row.name) + options_text(s, says_flat, said.starts_with("double_quant"));
    }
    return plain + options_text(s);
}

double bits_per_element(const scheme& s) {
    double bits = s.element.bits();
    double elements_per_scale = 1;
    for (const scale_level& level : s.levels) {
        if (!level.group.is_run() && !level.group.is_tile()) break;
        elements_per_scale *= static_cast<double>(level.group.length);
        if (level.group.is_tile()) elements_per_scale *= static_cast<double>(level.group.rows);
        bits += (level.bits() + (s.zero_point ? s.element.bits() : 0)) / elements_per_scale;
    }
    return bits;
}

std::vector<published_scheme> published_schemes() { return {published.begin(), published.end()}; }

}  // namespace halfulp
