// Exponentials and logarithms of arrays, for fits and other figures that have an error of their own.
#pragma once

#include <cstddef>

namespace halfulp {

/// Functions over arrays of binary64; x may be out. The last bits depend on the backend: about 1 ulp (xsimd), or the C library's
/// with the backend `scalar`. No quantizer uses them.
struct elementary_functions {
    void (*exp)(const double* x, double* out, std::size_t size);
    void (*log)(const double* x, double* out, std::size_t size);
};

/// Those of the active backend (backend.hpp).
elementary_functions active_elementary();

}  // namespace halfulp
