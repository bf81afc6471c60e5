#include "halfulp/formats/format.hpp"

#include <optional>

#include "halfulp/formats/codebooks.hpp"
#include "halfulp/formats/fixed_name.hpp"
#include "halfulp/formats/name.hpp"
#include "halfulp/formats/posit_name.hpp"
#include "halfulp/formats/registry.hpp"
#include "halfulp/formats/shape.hpp"
#include "known_names.hpp"

namespace halfulp {

int format::bits() const {
    return visit([](const auto& is) { return is.bits(); });
}

std::uint64_t format::max_code() const {
    if (const codebook* table = as_codebook()) return table->size() - 1;
    return low_ones(bits());
}

bool format::has_signed_codes() const noexcept {
    const fixed_format* fixed = as_fixed();
    return fixed != nullptr && fixed->is_signed;
}

bool format::is_signed() const {
    if (const float_format* is = as_float()) return is->is_signed;
    if (const fixed_format* is = as_fixed()) return is->is_signed;
    const codebook* table = as_codebook();
    return table == nullptr || table->is_signed();
}

bool format::has_infinity() const {
    if (const float_format* is = as_float()) return is->has_infinity();
    const codebook* table = as_codebook();
    return table != nullptr && table->specials().has_value();
}

bool format::has_nan() const {
    if (const float_format* is = as_float()) return is->has_nan();
    if (as_posit() != nullptr) return true;
    const codebook* table = as_codebook();
    return table != nullptr && table->specials().has_value();
}

bool format::has_zero() const {
    if (const float_format* is = as_float()) return is->has_zero();
    const codebook* table = as_codebook();
    return table == nullptr || table->has_zero();
}

bool format::has_negative_zero() const {
    if (const float_format* is = as_float()) return is->has_negative_zero();
    const codebook* table = as_codebook();
    return table != nullptr && table->has_negative_zero();
}

dyadic format::largest_magnitude() const {
    if (const codebook* table = as_codebook()) return table->largest_magnitude();
    if (const fixed_format* fixed = as_fixed()) return {false, fixed->largest(), -std::int32_t{fixed->fraction_bits}};
    if (const posit_format* posit = as_posit()) return {false, 1, (posit->width - 2) << posit->exponent_bits};
    return as_float()->magnitude_value(as_float()->max_magnitude());
}

dyadic format::scale_target() const { return as_posit() != nullptr ? dyadic{false, 1, 0} : largest_magnitude(); }

format parse_format(std::string_view text) {
    if (const registered_format* row = find_registered(text)) return row->format;
    try {
        if (const auto table = find_codebook(text)) return table;
        if (const auto fixed = parse_fixed_format(text)) return *fixed;
        if (const auto posit = parse_posit_format(text)) return *posit;
    } catch (const std::invalid_argument& error) {
        throw std::invalid_argument("format " + quoted(text) + ": " + error.what());
    }
    return parse_float_format(text);
}

std::string to_string(const format& f) {
    if (const codebook* table = f.as_codebook()) return table->name();
    if (const fixed_format* fixed = f.as_fixed()) return to_string(*fixed);
    if (const posit_format* posit = f.as_posit()) return to_string(*posit);
    return to_string(*f.as_float());
}

void validate(const format& f) {
    if (const fixed_format* fixed = f.as_fixed()) validate(*fixed);
    if (const posit_format* posit = f.as_posit()) validate(*posit);
    if (const float_format* is = f.as_float()) validate(*is);
}

}  // namespace halfulp
