// Our lower triangle is LAPACK's upper one (row-major memory is the transpose to it): its factor Uᵀ U is our L Lᵀ.
#include "halfulp/matrices/cholesky.hpp"

#include "lapack.hpp"

namespace halfulp {
namespace {

matrix solve(const matrix& factor, cxxblas::Transpose turn, matrix b) {
    detail::require_square(factor);
    if (rows_of(factor) != rows_of(b)) {
        throw std::invalid_argument("b has shape " + detail::shape_text(b) +
                                    ", allowed: " + std::to_string(rows_of(factor)) + " rows, as the factor has");
    }
    if (b.size() == 0) return b;
    cxxblas::trsm(cxxblas::RowMajor, cxxblas::Left, cxxblas::Lower, turn, cxxblas::NonUnit,
                  detail::blas_size(rows_of(b)), detail::blas_size(columns_of(b)), 1.0, factor.data(),
                  detail::blas_size(rows_of(factor)), b.data(), detail::blas_size(columns_of(b)));
    return b;
}

}  // namespace

std::optional<matrix> cholesky_of(matrix a) {
    detail::require_square(a);
    detail::require_finite(a);
    const std::size_t n = rows_of(a);
    if (n == 0) return a;
    const detail::blas_index_t size = detail::blas_size(n);
    if (cxxlapack::potrf<detail::blas_index_t>('U', size, a.data(), size) != 0) return std::nullopt;
    for (std::size_t i = 0; i < n; ++i) std::fill(&a(i, i) + 1, &a(i, 0) + n, 0.0);
    return a;
}

matrix inverse_from_cholesky(matrix factor) {
    detail::require_square(factor);
    const std::size_t n = rows_of(factor);
    if (n == 0) return factor;
    const detail::blas_index_t size = detail::blas_size(n);
    detail::require_success("dpotri", cxxlapack::potri<detail::blas_index_t>('U', size, factor.data(), size));
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < i; ++j) factor(j, i) = factor(i, j);
    }
    return factor;
}

matrix solve_lower(const matrix& factor, matrix b) { return solve(factor, cxxblas::NoTrans, std::move(b)); }

matrix solve_lower_transposed(const matrix& factor, matrix b) { return solve(factor, cxxblas::Trans, std::move(b)); }

}  // namespace halfulp
