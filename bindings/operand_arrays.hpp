// Arrays of operands out of Python.
#pragma once

#include <string_view>
#include <vector>

#include "bindings.hpp"
#include "halfulp/kernels/calculate.hpp"

namespace halfulp::python {

/// The kind of an array of a carrier, of "int64" numbers, or of codes of this width.
inline element_kind kind_named(std::string_view name, py::ssize_t bytes) {
    if (name == "binary16") return element_kind::binary16;
    if (name == "bfloat16") return element_kind::bfloat16;
    if (name == "binary32") return element_kind::binary32;
    if (name == "binary64") return element_kind::binary64;
    if (name == "int64") return element_kind::int64;
    return bytes == 1   ? element_kind::code8
           : bytes == 2 ? element_kind::code16
           : bytes == 4 ? element_kind::code32
                        : element_kind::code64;
}

/// Operands out of (array, carrier | "codes" | "int64", format or None) tuples; `formats` keeps what they point to.
inline std::vector<operand_array> operands_of(const py::list& given, std::vector<format>& formats) {
    std::vector<operand_array> out;
    formats.reserve(given.size());
    for (const py::handle item : given) {
        const auto t = item.cast<py::tuple>();
        const auto array = t[0].cast<py::array>();
        if ((array.flags() & py::array::c_style) == 0) throw std::logic_error("internal: an operand is not contiguous");
        const format* of = nullptr;
        if (!t[2].is_none()) {
            formats.push_back(t[2].cast<format>());
            of = &formats.back();
        }
        out.push_back({array.data(), static_cast<std::size_t>(array.size()),
                       kind_named(t[1].cast<std::string>(), array.itemsize()), of});
    }
    return out;
}

/// Where results of a kind go.
inline result_array result_in(py::array& out, std::string_view kind) {
    return {out.mutable_data(), static_cast<std::size_t>(out.size()), kind_named(kind, out.itemsize())};
}

inline std::span<std::uint8_t> flags_in(py::object& flags) {
    if (flags.is_none()) return {};
    auto array = flags.cast<py::array>();
    return output<std::uint8_t>(array);
}

}  // namespace halfulp::python
