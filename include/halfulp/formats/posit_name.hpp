// The text grammar of posits.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "halfulp/formats/posit_format.hpp"

namespace halfulp {

/// posit<N>_<ES>. Nothing where the text is of another form; throws std::invalid_argument where it is of this one and no format is like
/// that.
std::optional<posit_format> parse_posit_format(std::string_view text);

/// The name; parse_posit_format gives the same format back.
std::string to_string(const posit_format& format);

/// Throws std::invalid_argument naming the limit that a format breaks.
void validate(const posit_format& format);

}  // namespace halfulp
