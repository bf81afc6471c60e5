// What calls of BLAS and LAPACK share: xtensor-blas' declarations of them, and checks of sizes.
#pragma once

// First: it says that there is a BLAS to call, and xblas.hpp declares its functions before it would look.
#include <xtensor-blas/xblas_config.hpp>
#ifndef HAVE_CBLAS
#error "without this every product is xtensor-blas' own loop"
#endif

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <xtensor-blas/xblas.hpp>
#include <xtensor-blas/xlapack.hpp>

#include "halfulp/matrices/matrix.hpp"

namespace halfulp::detail {

using xt::blas_index_t;

inline blas_index_t blas_size(std::size_t n) {
    if (n > static_cast<std::size_t>(std::numeric_limits<blas_index_t>::max())) {
        throw std::invalid_argument("a side of a matrix is " + std::to_string(n) + ", more than BLAS can count");
    }
    return static_cast<blas_index_t>(n);
}

/// A leading dimension is at least 1, also of matrices without elements.
inline blas_index_t leading(std::size_t n) { return n == 0 ? 1 : blas_size(n); }

inline std::string shape_text(const matrix& a) {
    return "(" + std::to_string(rows_of(a)) + ", " + std::to_string(columns_of(a)) + ")";
}

/// LAPACK may run for ever on a NaN.
inline void require_finite(const matrix& a) {
    for (const double x : a) {
        if (!std::isfinite(x))
            throw std::invalid_argument("the matrix holds " + std::to_string(x) + ", allowed: finite numbers");
    }
}

inline void require_square(const matrix& a) {
    if (rows_of(a) != columns_of(a)) {
        throw std::invalid_argument("the matrix has shape " + shape_text(a) + ", allowed: as many rows as columns");
    }
}

inline void require_success(const char* routine, blas_index_t info) {
    if (info != 0) {
        throw std::runtime_error(std::string("LAPACK's ") + routine +
                                 " did not converge (info = " + std::to_string(info) + ")");
    }
}

}  // namespace halfulp::detail
