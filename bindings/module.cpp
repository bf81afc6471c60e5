#include "bindings.hpp"

PYBIND11_MODULE(_core, m) {
    m.doc() = "The compiled part of halfulp. Its names are not public: use the package.";
    m.attr("version") = std::to_string(HALFULP_VERSION_MAJOR) + "." + std::to_string(HALFULP_VERSION_MINOR) + "." +
                        std::to_string(HALFULP_VERSION_PATCH);
    halfulp::python::bind_formats(m);
    halfulp::python::bind_rounding(m);
    halfulp::python::bind_codecs(m);
    halfulp::python::bind_blocks(m);
    halfulp::python::bind_kernels(m);
    halfulp::python::bind_lowbit(m);
    halfulp::python::bind_direct(m);
    halfulp::python::bind_analysis(m);
    halfulp::python::bind_allocation(m);
    halfulp::python::bind_codebooks(m);
    halfulp::python::bind_error(m);
    halfulp::python::bind_ggml(m);
    halfulp::python::bind_complex(m);
    halfulp::python::bind_arithmetic(m);
    halfulp::python::bind_matrix_units(m);
}
