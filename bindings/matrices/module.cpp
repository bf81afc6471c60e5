#include "matrix_arrays.hpp"

PYBIND11_MODULE(_matrices, m) {
    m.doc() = "The compiled part of halfulp that needs linear algebra. Its names are not public: use the package.";
    halfulp::python::bind_reconstruct_moments(m);
    halfulp::python::bind_reconstruct(m);
    halfulp::python::bind_methods(m);
    halfulp::python::bind_sharpness(m);
    halfulp::python::bind_sharpness_spectrum(m);
}
