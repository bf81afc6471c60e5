// BLAS on parts of row-major memory.
//
// xtensor-blas' configuration comes first: xblas.hpp reads it after its declarations of BLAS, which without it are
// loops of its own.
#pragma once

// clang-format off
#include <xtensor-blas/xblas_config.hpp>
#include "matrices/lapack.hpp"
// clang-format on

namespace halfulp::detail {

/// out -= aᵀ b, where a is (inner, rows), b (inner, columns), out (rows, columns); strides are between rows.
inline void subtract_product(std::size_t rows, std::size_t columns, std::size_t inner, const double* a,
                             std::size_t a_stride, const double* b, std::size_t b_stride, double* out,
                             std::size_t out_stride) {
    if (rows == 0 || columns == 0 || inner == 0) return;
    cxxblas::gemm(cxxblas::RowMajor, cxxblas::Trans, cxxblas::NoTrans, blas_size(rows), blas_size(columns),
                  blas_size(inner), -1.0, a, leading(a_stride), b, leading(b_stride), 1.0, out, leading(out_stride));
}

/// The diagonal of aᵀ h a, summed: h symmetric (n, n), a (n, columns).
inline double trace_of(const matrix& a, const matrix& h) {
    const std::size_t n = rows_of(a);
    const std::size_t columns = columns_of(a);
    if (n == 0 || columns == 0) return 0;
    double sum = 0;
    if (columns < n) {
        matrix ha = xt::zeros<double>({n, columns});
        cxxblas::gemm(cxxblas::RowMajor, cxxblas::NoTrans, cxxblas::NoTrans, blas_size(n), blas_size(columns),
                      blas_size(n), 1.0, h.data(), leading(n), a.data(), leading(columns), 0.0, ha.data(),
                      leading(columns));
        for (std::size_t i = 0; i < a.size(); ++i) sum += a.data()[i] * ha.data()[i];
        return sum;
    }
    matrix aa = xt::zeros<double>({n, n});  // a aᵀ, its upper triangle: half the work
    cxxblas::syrk(cxxblas::RowMajor, cxxblas::Upper, cxxblas::NoTrans, blas_size(n), blas_size(columns), 1.0, a.data(),
                  leading(columns), 0.0, aa.data(), leading(n));
    for (std::size_t i = 0; i < n; ++i) {
        sum += h(i, i) * aa(i, i);
        for (std::size_t j = i + 1; j < n; ++j) sum += (h(i, j) + h(j, i)) * aa(i, j);
    }
    return sum;
}

}  // namespace halfulp::detail
