// Every format with a name of its own, of any kind: the float registry, the named codebooks, and well-known members of the families. What is
// not listed here is reached by the text grammar all the same.
#pragma once

#include <string>
#include <vector>

#include "halfulp/formats/format.hpp"

namespace halfulp {

struct catalog_row {
    std::string name;
    std::vector<std::string> aliases;
    format is;
    std::string source;
};

/// Floats first, then integers, fixed point, posits, codebooks; the same order on every call.
std::vector<catalog_row> catalog();

}  // namespace halfulp
