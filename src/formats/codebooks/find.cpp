// The list of codebooks and the way from a name to a table.
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "../reader.hpp"
#include "halfulp/formats/codebooks.hpp"
#include "tables.hpp"

namespace halfulp {
namespace {

constexpr std::array<named_codebook, 14> rows{{
    {"nf4", {""}, [] { return detail::make_normal_float(4); }, detail::nf4_source, "NormalFloat, 4 bits"},
    {"nf3", {""}, [] { return detail::make_normal_float(3); }, detail::normal_float_source, "NormalFloat, 3 bits"},
    {"nf2", {""}, [] { return detail::make_normal_float(2); }, detail::normal_float_source, "NormalFloat, 2 bits"},
    {"af4", {""}, detail::make_af4, detail::af4_source, "AbnormalFloat, 4 bits, least absolute error"},
    {"fp4_bnb", {""}, detail::make_fp4_bnb, detail::fp4_bnb_source, "bitsandbytes' FP4, in its order of codes"},
    {"iq4_nl", {""}, detail::make_iq4_nl, detail::iq4_nl_source, "llama.cpp's IQ4_NL, integers -127 to 113"},
    {"dynamic8", {""}, [] { return detail::make_dynamic(8); }, detail::dynamic_source, "dynamic map, signed"},
    {"dynamic8u",
     {""},
     [] { return detail::make_unsigned_dynamic(8); },
     detail::dynamic_source,
     "dynamic map, unsigned"},
    {"pot4", {""}, [] { return detail::make_powers_of_two(4); }, detail::pot_source, "0 and ±2^-i, i = 0 to 6"},
    {"apot4",
     {""},
     [] { return detail::make_additive_powers_of_two(4); },
     detail::apot_source,
     "sums of powers of two"},
    {"sqrt2pot4",
     {""},
     [] { return detail::make_powers_of_square_root_of_two(4); },
     detail::sqrt2pot_source,
     "0 and ±2^(-i/2), i = 0 to 6"},
    {"ternary", {""}, detail::make_ternary, detail::ternary_source, "-1, 0, 1"},
    {"pm1", {"binary"}, detail::make_pm1, detail::pm1_source, "-1, 1; 0 is 1"},
    {"hif8", {""}, detail::make_hifloat8, detail::hifloat8_source, "HiFloat8, tapered, with NaN and infinities"},
}};

constexpr std::array<codebook_family, 6> families{{
    {"nf", "", 2, 8, detail::make_normal_float, detail::normal_float_source, "NormalFloat"},
    {"dynamic", "", 2, 8, detail::make_dynamic, detail::dynamic_source, "dynamic map, signed"},
    {"dynamic", "u", 2, 8, detail::make_unsigned_dynamic, detail::dynamic_source, "dynamic map, unsigned"},
    {"pot", "", 2, 8, detail::make_powers_of_two, detail::pot_source, "0 and ±2^-i"},
    {"apot", "", 3, 8, detail::make_additive_powers_of_two, detail::apot_source, "sums of powers of two"},
    {"sqrt2pot", "", 2, 8, detail::make_powers_of_square_root_of_two, detail::sqrt2pot_source, "0 and ±2^(-i/2)"},
}};

/// The number in a member's name; no value where the text is no member's name.
std::optional<int> bits_in(std::string_view text, const codebook_family& family) {
    detail::reader reader(text);
    if (!reader.take(family.prefix)) return std::nullopt;
    const auto bits = reader.take_integer();
    if (!bits || !reader.take(family.suffix) || !reader.at_end()) return std::nullopt;
    return *bits;
}

/// Makes a table once.
std::shared_ptr<const codebook> kept(std::string_view name, const std::function<codebook()>& make) {
    static std::mutex mutex;
    static std::map<std::string, std::shared_ptr<const codebook>, std::less<>> tables;
    const std::lock_guard lock(mutex);
    const auto at = tables.find(name);
    if (at != tables.end()) return at->second;
    auto table = std::make_shared<const codebook>(make());
    tables.emplace(name, table);
    return table;
}

}  // namespace

std::span<const named_codebook> named_codebooks() { return rows; }

std::span<const codebook_family> codebook_families() { return families; }

std::shared_ptr<const codebook> find_codebook(std::string_view name) {
    if (name.starts_with("table:")) return detail::find_own_codebook(name);
    for (const codebook_family& family : families) {
        const std::optional<int> bits = bits_in(name, family);
        if (!bits) continue;
        detail::check_codebook_bits(std::string(family.prefix) + "<bits>" + std::string(family.suffix), *bits,
                                    family.least, family.most);
        return kept(name, [&] { return family.make(*bits); });
    }
    for (const named_codebook& row : rows) {
        if (row.has_name(name)) return kept(row.name, row.make);
    }
    return nullptr;
}

void detail::check_codebook_bits(std::string_view what, int bits, int least, int most) {
    if (bits < least || bits > most) {
        throw std::invalid_argument("bits is " + std::to_string(bits) + ", allowed for " + std::string(what) + ": " +
                                    std::to_string(least) + " to " + std::to_string(most));
    }
}

}  // namespace halfulp
