// Which float shapes exist, and how to make one by its numbers.
#pragma once

#include <cstdint>

#include "halfulp/formats/float_format.hpp"

namespace halfulp {

inline constexpr int max_exponent_bits = 19;
inline constexpr int max_format_bits = 64;
inline constexpr std::int32_t bias_limit = std::int32_t{1} << 19;  ///< |bias| stays below it

/// The bias that a shape has unless told otherwise: 2^(E-1) - 1, and one more for `fnuz`. 0 for an
/// exponent width that no format has: make_float_format then refuses the width itself.
constexpr std::int32_t default_bias(int exponent_bits, specials special_codes) noexcept {
    if (exponent_bits < 1 || exponent_bits > max_exponent_bits) return 0;
    const std::int32_t half = std::int32_t{1} << (exponent_bits - 1);
    return special_codes == specials::fnuz ? half : half - 1;
}

/// Throws std::invalid_argument naming the limit that a shape breaks.
void validate(const float_format& format);

/// Brings a shape to the one spelling of each set of values: without a fraction field there are no subnormals to switch off (but for
/// the flag's other meaning, see float_format).
constexpr float_format normalized(float_format format) noexcept {
    const bool other_meaning = format.specials == specials::finite && !format.is_signed;
    if (format.mantissa_bits == 0 && !other_meaning) format.has_subnormals = true;
    return format;
}

/// One's own float shape, checked.
float_format make_float_format(int exponent_bits, int mantissa_bits, std::int32_t bias, specials special_codes,
                               bool is_signed, bool has_subnormals);

/// Binary<width>p<precision>{s|u}{e|f} of IEEE P3109 (Interim Report v4.0), checked.
float_format make_p3109(int width, int precision, bool is_signed, bool extended);

}  // namespace halfulp
