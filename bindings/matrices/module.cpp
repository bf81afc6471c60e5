#include "matrix_arrays.hpp"

PYBIND11_MODULE(_matrices, m) {
    m.doc() = "The compiled part of halfulp that needs linear algebra. Its names are not public: use the package.";
}
