// Rows in row-major memory are columns to LAPACK, so its QR factorization of columns is one of our rows.
#include "halfulp/matrices/orthonormal.hpp"

#include <vector>

#include "lapack.hpp"

namespace halfulp {

matrix orthonormal_rows(matrix a) {
    using detail::blas_index_t;
    if (rows_of(a) > columns_of(a)) {
        throw std::invalid_argument("a has shape " + detail::shape_text(a) +
                                    ", allowed: at most as many rows as columns");
    }
    detail::require_finite(a);
    if (a.size() == 0) return a;
    const blas_index_t m = detail::blas_size(columns_of(a));
    const blas_index_t n = detail::blas_size(rows_of(a));
    std::vector<double> reflectors(rows_of(a));
    std::vector<double> work;
    // First without room to work in, which asks how much is best.
    const auto run = [&](const char* name, auto&& call) {
        double best = 0;
        call(&best, blas_index_t{-1});
        work.resize(static_cast<std::size_t>(best));
        detail::require_success(name, call(work.data(), static_cast<blas_index_t>(work.size())));
    };
    run("dgeqrf", [&](double* room, blas_index_t size) {
        return cxxlapack::geqrf<blas_index_t>(m, n, a.data(), m, reflectors.data(), room, size);
    });
    run("dorgqr", [&](double* room, blas_index_t size) {
        return cxxlapack::orgqr<blas_index_t>(m, n, n, a.data(), m, reflectors.data(), room, size);
    });
    return a;
}

double squared_norm(const matrix& a) {
    double sum = 0;
    for (std::size_t i = 0; i < rows_of(a); ++i) {
        double row = 0;
        for (std::size_t j = 0; j < columns_of(a); ++j) row += a(i, j) * a(i, j);
        sum += row;
    }
    return sum;
}

void subtract_product(const matrix& a, const matrix& b, matrix& from) {
    if (columns_of(a) != rows_of(b) || rows_of(a) != rows_of(from) || columns_of(b) != columns_of(from)) {
        throw std::invalid_argument("a has shape " + detail::shape_text(a) + ", b " + detail::shape_text(b) +
                                    ", from " + detail::shape_text(from) + ": the sizes do not fit");
    }
    if (from.size() == 0 || columns_of(a) == 0) return;
    cxxblas::gemm(cxxblas::RowMajor, cxxblas::NoTrans, cxxblas::NoTrans, detail::blas_size(rows_of(a)),
                  detail::blas_size(columns_of(b)), detail::blas_size(columns_of(a)), -1.0, a.data(),
                  detail::leading(columns_of(a)), b.data(), detail::leading(columns_of(b)), 1.0, from.data(),
                  detail::leading(columns_of(from)));
}

}  // namespace halfulp
