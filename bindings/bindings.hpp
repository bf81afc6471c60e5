// What the parts of the Python module share.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "halfulp/halfulp.hpp"

namespace halfulp::python {

namespace py = pybind11;

void bind_formats(py::module_& m);
void bind_rounding(py::module_& m);
void bind_codecs(py::module_& m);
void bind_blocks(py::module_& m);
void bind_kernels(py::module_& m);
void bind_lowbit(py::module_& m);
void bind_direct(py::module_& m);
void bind_arithmetic(py::module_& m);
void bind_matrix_units(py::module_& m);
void bind_analysis(py::module_& m);
void bind_allocation(py::module_& m);
void bind_codebooks(py::module_& m);
void bind_error(py::module_& m);
void bind_complex(py::module_& m);
void bind_ggml(py::module_& m);

/// A C-contiguous array's elements. The Python layer has brought every array into this form; a wrong one is a fault of ours.
template <class T>
std::span<const T> input(const py::array& a) {
    if (a.itemsize() != static_cast<py::ssize_t>(sizeof(T)) || (a.flags() & py::array::c_style) == 0) {
        throw std::logic_error("internal: an array of another layout than the binding expects");
    }
    return {static_cast<const T*>(a.data()), static_cast<std::size_t>(a.size())};
}

template <class T>
std::span<T> output(py::array& a) {
    const std::span<const T> checked = input<T>(a);
    return {static_cast<T*>(a.mutable_data()), checked.size()};
}

/// Calls f(T{}) with the carrier of this name; 16-bit carriers travel as uint16 arrays.
template <class F>
decltype(auto) with_carrier(std::string_view name, F&& f) {
    if (name == "binary16") return f(float16{});
    if (name == "bfloat16") return f(bfloat16{});
    if (name == "binary32") return f(float{});
    if (name == "binary64") return f(double{});
    throw std::logic_error("internal: no such carrier");
}

/// Calls f(C{}) with the code type of this width in bytes.
template <class F>
decltype(auto) with_code(py::ssize_t bytes, F&& f) {
    switch (bytes) {
        case 1: return f(std::uint8_t{});
        case 2: return f(std::uint16_t{});
        case 4: return f(std::uint32_t{});
        case 8: return f(std::uint64_t{});
        default: throw std::logic_error("internal: no such code width");
    }
}

/// Randomness out of None, a (seed, stream, offset) tuple, or a uint32 array holding R.
struct python_randomness {
    py::object keep;  ///< the array that `value` points into
    randomness value;
    explicit python_randomness(const py::object& source);
};

/// The options of a call that quantizes.
quantize_options to_options(const projection& how, const std::optional<std::string>& scale_rounding,
                            const randomness& random, int threads, std::span<const double> importance = {});

}  // namespace halfulp::python
