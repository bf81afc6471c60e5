#include "description.hpp"
#include "halfulp/formats/format.hpp"

namespace halfulp {
namespace {

using detail::description;
using detail::number;

void add_shape(description& lines, const fixed_format& f) {
    lines.emplace_back("kind", f.fraction_bits == 0 ? "integer" : "fixed point");
    lines.emplace_back("bits", std::to_string(f.width) + "  # sign " + std::to_string(int{f.is_signed}) + ", integer " +
                                   std::to_string(f.width - f.fraction_bits - int{f.is_signed}) + ", fraction " +
                                   std::to_string(f.fraction_bits));
    lines.emplace_back("signed", detail::yes_or_no(f.is_signed));
    lines.emplace_back("symmetric", detail::yes_or_no(f.symmetric));
    lines.emplace_back("min",
                       number({f.largest_negative() != 0, f.largest_negative(), -std::int32_t{f.fraction_bits}}));
    lines.emplace_back("max", number({false, f.largest(), -std::int32_t{f.fraction_bits}}));
    lines.emplace_back("step", number({false, 1, -std::int32_t{f.fraction_bits}}));
    lines.emplace_back("codes", f.is_signed ? "two's complement" : "the number of steps");
}

void add_shape(description& lines, const posit_format& f) {
    const std::int32_t most = (f.width - 2) << f.exponent_bits;
    lines.emplace_back("kind", "posit");
    lines.emplace_back("bits", std::to_string(f.width) + "  # exponent bits " + std::to_string(f.exponent_bits));
    lines.emplace_back("source", "\"Posit Standard 2022, exponent bits " + std::to_string(f.exponent_bits) + "\"");
    lines.emplace_back("zero", "+0");
    lines.emplace_back("nan", detail::hex_code(f.nan_code(), f.width) + "  # NaR");
    lines.emplace_back("max", number({false, 1, most}));
    lines.emplace_back("min_positive", number({false, 1, -most}));
}

const char* meaning(even_rule rule) {
    switch (rule) {
        case even_rule::lower_value: return "the lower value";
        case even_rule::upper_value: return "the upper value";
        case even_rule::smaller_magnitude: return "the smaller magnitude";
        case even_rule::integer: return "the even integer";
        case even_rule::code: return "the even code";
    }
    return "";
}

void add_shape(description& lines, const codebook& table) {
    lines.emplace_back("kind", "codebook");
    lines.emplace_back("source", "\"" + table.source() + "\"");
    lines.emplace_back("bits", std::to_string(table.bits()));
    lines.emplace_back("codes", std::to_string(table.size()));
    lines.emplace_back("signed", detail::yes_or_no(table.is_signed()));
    lines.emplace_back("zero", !table.has_zero() ? "none" : table.has_negative_zero() ? "+0 and -0" : "+0");
    lines.emplace_back("tie", meaning(table.even()));
    const auto& specials = table.specials();
    lines.emplace_back("infinity", specials ? detail::hex_code(specials->infinity_code, table.bits()) : "none");
    lines.emplace_back("nan", specials ? detail::hex_code(specials->nan_code, table.bits()) : "none");
    lines.emplace_back("min", number(table.members().front().value));
    lines.emplace_back("max", number(table.members().back().value));
}

}  // namespace

std::string describe(const format& f) {
    if (const float_format* is = f.as_float()) return describe(*is);
    description lines;
    lines.emplace_back("name", to_string(f));
    if (const codebook* table = f.as_codebook()) add_shape(lines, *table);
    if (const fixed_format* fixed = f.as_fixed()) add_shape(lines, *fixed);
    if (const posit_format* posit = f.as_posit()) add_shape(lines, *posit);
    return detail::to_text(lines);
}

}  // namespace halfulp
