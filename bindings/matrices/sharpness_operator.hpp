// Python functions as operators of the sharpness layer.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "halfulp/sharpness/linear_operator.hpp"
#include "matrix_arrays.hpp"

namespace halfulp::python {

inline py::array_t<double> array_of(std::span<const double> from) {
    return py::array_t<double>(static_cast<py::ssize_t>(from.size()), from.data());
}

/// Calls back into Python, which may run while the interpreter's lock is not held. The Python layer makes sure of a
/// float64 array of the right length; another is a fault of ours.
inline void call_into(const py::function& f, std::span<const double> x, std::span<double> y) {
    const py::gil_scoped_acquire acquire;
    const auto result = f(array_of(x)).cast<py::array>();
    const std::span<const double> numbers = input<double>(result);
    if (numbers.size() != y.size()) throw std::logic_error("internal: an array of another length than was asked for");
    std::copy(numbers.begin(), numbers.end(), y.begin());
}

/// `f` has to outlive the operator.
inline linear_operator operator_of(const py::function& f, std::size_t size) {
    return {size, [&f](std::span<const double> x, std::span<double> y) { call_into(f, x, y); }};
}

}  // namespace halfulp::python
