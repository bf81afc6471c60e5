// Row-major memory is the transpose to LAPACK, here the same matrix with its triangles exchanged: our upper one is LAPACK's lower
// one, and LAPACK's columns of vectors are our rows.
#include "halfulp/matrices/symmetric_eigen.hpp"

#include <vector>

#include "lapack.hpp"

namespace halfulp {
namespace {

using detail::blas_index_t;

void check(const matrix& a) {
    detail::require_square(a);
    detail::require_finite(a);
}

/// a's memory takes the vectors where they are asked for ('V').
vector divide_and_conquer(char vectors, matrix& a) {
    const std::size_t n = rows_of(a);
    vector values = xt::zeros<double>({n});
    if (n == 0) return values;
    const blas_index_t size = detail::blas_size(n);
    double work_size = 0;
    blas_index_t index_size = 0;
    cxxlapack::syevd<blas_index_t>(vectors, 'L', size, a.data(), size, values.data(), &work_size, -1, &index_size, -1);
    std::vector<double> work(static_cast<std::size_t>(work_size));
    std::vector<blas_index_t> indices(static_cast<std::size_t>(index_size));
    detail::require_success(
        "dsyevd", cxxlapack::syevd<blas_index_t>(vectors, 'L', size, a.data(), size, values.data(), work.data(),
                                                 static_cast<blas_index_t>(work.size()), indices.data(), index_size));
    return values;
}

}  // namespace

symmetric_eigen eigen_of(matrix a) {
    check(a);
    vector values = divide_and_conquer('V', a);
    return {std::move(values), std::move(a)};
}

vector eigenvalues_of(matrix a) {
    check(a);
    return divide_and_conquer('N', a);
}

symmetric_eigen largest_eigen_of(matrix a, std::size_t count) {
    check(a);
    const std::size_t n = rows_of(a);
    if (count > n) {
        throw std::invalid_argument("count is " + std::to_string(count) + ", allowed: 0 to " + std::to_string(n));
    }
    symmetric_eigen out{xt::zeros<double>({count}), xt::zeros<double>({count, n})};
    if (count == 0) return out;
    const blas_index_t size = detail::blas_size(n);
    const blas_index_t first = detail::blas_size(n - count + 1);
    std::vector<double> values(n);
    std::vector<blas_index_t> support(2 * count);
    blas_index_t found = 0;
    double work_size = 0;
    blas_index_t index_size = 0;
    const auto call = [&](double* work, blas_index_t work_count, blas_index_t* indices, blas_index_t index_count) {
        return cxxlapack::syevr<blas_index_t>('V', 'I', 'L', size, a.data(), size, 0.0, 0.0, first, size, 0.0, found,
                                              values.data(), out.vectors.data(), size, support.data(), work, work_count,
                                              indices, index_count);
    };
    call(&work_size, -1, &index_size, -1);
    std::vector<double> work(static_cast<std::size_t>(work_size));
    std::vector<blas_index_t> indices(static_cast<std::size_t>(index_size));
    detail::require_success("dsyevr",
                            call(work.data(), static_cast<blas_index_t>(work.size()), indices.data(), index_size));
    if (static_cast<std::size_t>(found) != count) throw std::runtime_error("LAPACK's dsyevr found too few eigenvalues");
    std::copy_n(values.begin(), count, out.values.begin());
    return out;
}

}  // namespace halfulp
