// Row-major memory is the transpose to LAPACK: with aᵀ = V S Uᵀ, its left factor V, column after column, is our right one, row
// after row, and the other way round.
#include "halfulp/matrices/singular_values.hpp"

#include <algorithm>
#include <vector>

#include "lapack.hpp"

namespace halfulp {

singular_value_decomposition decompose(matrix a) {
    using detail::blas_index_t;
    detail::require_finite(a);
    const std::size_t rows = rows_of(a);
    const std::size_t columns = columns_of(a);
    const std::size_t r = std::min(rows, columns);
    singular_value_decomposition out{xt::zeros<double>({rows, r}), xt::zeros<double>({r}),
                                     xt::zeros<double>({r, columns})};
    if (r == 0) return out;
    const blas_index_t m = detail::blas_size(columns);
    const blas_index_t n = detail::blas_size(rows);
    const blas_index_t rank = detail::blas_size(r);
    std::vector<blas_index_t> indices(8 * r);
    double work_size = 0;
    const auto call = [&](double* work, blas_index_t work_count) {
        return cxxlapack::gesdd<blas_index_t>('S', m, n, a.data(), m, out.values.data(), out.right.data(), m,
                                              out.left.data(), rank, work, work_count, indices.data());
    };
    call(&work_size, -1);
    std::vector<double> work(static_cast<std::size_t>(work_size));
    detail::require_success("dgesdd", call(work.data(), static_cast<blas_index_t>(work.size())));
    return out;
}

}  // namespace halfulp
