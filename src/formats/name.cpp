#include "halfulp/formats/name.hpp"

#include <optional>
#include <stdexcept>
#include <vector>

#include "halfulp/formats/registry.hpp"
#include "halfulp/formats/shape.hpp"
#include "known_names.hpp"
#include "reader.hpp"

namespace halfulp {
namespace {

using detail::reader;

/// e<E>m<M>[b<BIAS>][f|fn|fnuz][u][_nosub]; nothing where the text is not of this form at all.
std::optional<float_format> parse_shape(std::string_view text) {
    reader in(text);
    if (!in.take("e")) return std::nullopt;
    const auto exponent_bits = in.take_integer();
    if (!exponent_bits || !in.take("m")) return std::nullopt;
    const auto mantissa_bits = in.take_integer();
    if (!mantissa_bits) return std::nullopt;
    std::optional<std::int32_t> bias;
    if (in.take("b")) {
        bias = in.take_integer(true);
        if (!bias) return std::nullopt;
    }
    const specials special_codes = in.take("fnuz") ? specials::fnuz
                                   : in.take("fn") ? specials::fn
                                   : in.take("f")  ? specials::finite
                                                   : specials::ieee;
    const bool is_signed = !in.take("u");
    const bool has_subnormals = !in.take("_nosub");
    if (!in.at_end()) return std::nullopt;
    return make_float_format(*exponent_bits, *mantissa_bits, bias.value_or(default_bias(*exponent_bits, special_codes)),
                             special_codes, is_signed, has_subnormals);
}

/// Binary<K>p<P>{s|u}{e|f}.
std::optional<float_format> parse_p3109(std::string_view text) {
    reader in(text);
    if (!in.take("Binary")) return std::nullopt;
    const auto width = in.take_integer();
    if (!width || !in.take("p")) return std::nullopt;
    const auto precision = in.take_integer();
    if (!precision) return std::nullopt;
    const bool is_signed = in.take("s");
    if (!is_signed && !in.take("u")) return std::nullopt;
    const bool extended = in.take("e");
    if (!extended && !in.take("f")) return std::nullopt;
    if (!in.at_end()) return std::nullopt;
    return make_p3109(*width, *precision, is_signed, extended);
}

std::vector<std::string_view> all_names() {
    std::vector<std::string_view> names;
    for (const registered_format& row : registry) {
        names.push_back(row.name);
        for (const std::string_view alias : row.aliases) {
            if (!alias.empty()) names.push_back(alias);
        }
    }
    for (const char* family : {"Binary8p4se", "Binary8p3se", "Binary4p2sf", "Binary8p1uf"}) names.emplace_back(family);
    return names;
}

[[noreturn]] void refuse(std::string_view text) {
    if (is_reserved_format_name(text)) {
        throw std::invalid_argument("format " + quoted(text) +
                                    " is a known name that this version does not build yet: see halfulp.formats()");
    }
    std::string hint = suggestion(text, all_names());
    if (text == "E4M3" || text == "fp8" || text == "FP8") {
        hint = " (did you mean 'e4m3fn' (OCP, largest 448) or 'e4m3' (IEEE-like, largest 240)?)";
    } else if (looks_like_scheme(text)) {
        hint = " (this is a scheme: give it to scheme, quantize or fake_quantize)";
    }
    throw std::invalid_argument("format " + quoted(text) + " is not a known name" + hint +
                                "; expected a registered name such as 'e4m3fn' or 'nf4', 'Binary<K>p<P>{s|u}{e|f}', "
                                "'e<E>m<M>[b<BIAS>][f|fn|fnuz][u][_nosub]', 'int<W>', 'uint<W>', 'q<I>.<F>', "
                                "'posit<N>_<ES>', 'nf<K>', 'dynamic<K>', 'pot<W>', 'apot<W>' or 'sqrt2pot<W>'");
}

/// Does the plain spelling of this shape belong to a published format of other values (e2m1fn has no NaN)?
bool spelling_is_taken(const std::string& spelling, const float_format& format) {
    const registered_format* row = find_registered(spelling);
    return row != nullptr && !(row->format == format);
}

}  // namespace

float_format parse_float_format(std::string_view text) {
    if (const registered_format* row = find_registered(text)) return row->format;
    try {
        if (const auto shape = parse_shape(text)) return *shape;
        if (const auto shape = parse_p3109(text)) return *shape;
    } catch (const std::invalid_argument& error) {
        throw std::invalid_argument("format " + quoted(text) + ": " + error.what());
    }
    refuse(text);
}

std::string to_string(const float_format& format) {
    for (const registered_format& row : registry) {
        if (row.format == format) return std::string(row.name);
    }
    if (format.is_p3109()) {
        return "Binary" + std::to_string(format.bits()) + "p" + std::to_string(format.precision()) +
               (format.is_signed ? "s" : "u") + (format.has_infinity() ? "e" : "f");
    }
    const std::string shape = "e" + std::to_string(format.exponent_bits) + "m" + std::to_string(format.mantissa_bits);
    std::string letters = format.specials == specials::finite ? "f"
                          : format.specials == specials::fn   ? "fn"
                          : format.specials == specials::fnuz ? "fnuz"
                                                              : "";
    if (!format.is_signed) letters += "u";
    if (!format.has_subnormals) letters += "_nosub";
    const bool plain = format.bias == default_bias(format.exponent_bits, format.specials) &&
                       !spelling_is_taken(shape + letters, format);
    return plain ? shape + letters : shape + "b" + std::to_string(format.bias) + letters;
}

}  // namespace halfulp
