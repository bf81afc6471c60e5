// The C interface's structs and numbers as the library's own types, checked.
#pragma once

#include <cstring>
#include <span>

#include "guarded.hpp"
#include "halfulp/kernels/calculate.hpp"

struct halfulp_format {
    halfulp::format is;
};

namespace halfulp::c {

/// A struct of a caller that may know later fields than the library does: these have to be 0. A null pointer is a struct of zeros.
template <class Struct>
Struct known_part(const Struct* from, const char* name) {
    Struct out{};
    if (from == nullptr) return out;
    const std::size_t size = from->size;
    const auto refuse = [&](const std::string& found) {
        throw std::invalid_argument(std::string(name) + found + ", allowed: sizeof the struct, here " +
                                    std::to_string(sizeof(Struct)) + ", or more with zeros behind it");
    };
    if (size < sizeof(Struct)) refuse(".size is " + std::to_string(size));
    std::memcpy(&out, from, sizeof(Struct));
    const auto* bytes = reinterpret_cast<const unsigned char*>(from);
    for (std::size_t i = sizeof(Struct); i < size; ++i) {
        if (bytes[i] != 0) refuse(".size is " + std::to_string(size) + " with fields that this library does not know");
    }
    return out;
}

/// A number of a C enumeration as one of ours, which has the same order.
template <class Enum>
Enum one_of(std::int32_t number, Enum last, const char* name) {
    const auto count = static_cast<std::int32_t>(last);
    if (number < 0 || number > count)
        throw std::invalid_argument(std::string(name) + " is " + std::to_string(number) + ", allowed: 0 to " +
                                    std::to_string(count));
    return static_cast<Enum>(number);
}

operation operation_of(int number);
rounding_mode rounding_of(int number);
projection projection_of(const halfulp_projection* from);
array_arithmetic_options options_of(const halfulp_options* from);

}  // namespace halfulp::c
