// The text grammar of integers and fixed point.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "halfulp/formats/fixed_format.hpp"

namespace halfulp {

/// int<W>, int<W>s, uint<W>, q<I>.<F>, q<I>.<F>s: `s` is symmetric, I counts the sign bit. Nothing where the text is of another form; throws
/// std::invalid_argument where it is of this one and no format is like that.
std::optional<fixed_format> parse_fixed_format(std::string_view text);

/// The canonical name; parse_fixed_format gives the same format back. q<I>.0 is int<I>.
std::string to_string(const fixed_format& format);

/// Throws std::invalid_argument naming the limit that a format breaks.
void validate(const fixed_format& format);

}  // namespace halfulp
