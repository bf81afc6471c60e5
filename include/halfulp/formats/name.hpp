// The text grammar of float formats, and their description.
#pragma once

#include <string>
#include <string_view>

#include "halfulp/formats/float_format.hpp"

namespace halfulp {

/// The format that a name stands for: a registered name or alias, Binary<K>p<P>{s|u}{e|f}, or
/// e<E>m<M>[b<BIAS>][f|fn|fnuz][u][_nosub]. Throws std::invalid_argument that says what was expected and, where one is
/// near, which name was meant.
float_format parse_float_format(std::string_view text);

/// The canonical name; parse_float_format gives the same format back.
std::string to_string(const float_format& format);

/// A YAML block of everything that there is to know about the format.
std::string describe(const float_format& format);

/// A finite number as C99 hexadecimal text, exact whatever its size ("0x1.cp+8").
std::string to_hex(const dyadic& value);

}  // namespace halfulp
