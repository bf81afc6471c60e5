// Matrices to and from NumPy arrays of float64.
#pragma once

#include <memory>
#include <utility>

#include "../bindings.hpp"
#include "halfulp/matrices/matrix.hpp"

namespace halfulp::python {

void bind_reconstruct_moments(py::module_& m);
void bind_reconstruct(py::module_& m);
void bind_methods(py::module_& m);
void bind_sharpness(py::module_& m);
void bind_sharpness_spectrum(py::module_& m);

/// A copy: what LAPACK works on is overwritten. The Python layer has brought every array into this form; another is a fault of ours.
inline matrix to_matrix(const py::array& a) {
    if (a.ndim() != 2) throw std::logic_error("internal: an array of another shape than the binding expects");
    const std::span<const double> elements = input<double>(a);
    matrix out = matrix::from_shape({static_cast<std::size_t>(a.shape(0)), static_cast<std::size_t>(a.shape(1))});
    std::copy(elements.begin(), elements.end(), out.begin());
    return out;
}

inline vector to_vector(const py::array& a) {
    const std::span<const double> elements = input<double>(a);
    vector out = vector::from_shape({elements.size()});
    std::copy(elements.begin(), elements.end(), out.begin());
    return out;
}

/// The tensor's memory goes over to the array.
template <class Tensor>
py::array_t<double> to_array(Tensor&& tensor) {
    auto owned = std::make_unique<std::decay_t<Tensor>>(std::forward<Tensor>(tensor));
    double* const data = owned->data();
    const std::vector<py::ssize_t> shape(owned->shape().begin(), owned->shape().end());
    const py::capsule owner(owned.release(), [](void* p) { delete static_cast<std::decay_t<Tensor>*>(p); });
    return py::array_t<double>(shape, data, owner);
}

}  // namespace halfulp::python
