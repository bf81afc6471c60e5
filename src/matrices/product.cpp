#include "halfulp/matrices/product.hpp"

#include "lapack.hpp"

namespace halfulp {
namespace {

using detail::leading;
using detail::shape_text;

void require_equal(std::size_t inner_a, std::size_t inner_b, const matrix& a, const matrix& b) {
    if (inner_a != inner_b) {
        throw std::invalid_argument("a has shape " + shape_text(a) + " and b " + shape_text(b) +
                                    ": the inner sizes differ");
    }
}

matrix multiply(const matrix& a, bool turn_a, const matrix& b, bool turn_b) {
    const std::size_t rows = turn_a ? columns_of(a) : rows_of(a);
    const std::size_t inner = turn_a ? rows_of(a) : columns_of(a);
    const std::size_t columns = turn_b ? rows_of(b) : columns_of(b);
    require_equal(inner, turn_b ? columns_of(b) : rows_of(b), a, b);
    matrix out = xt::zeros<double>({rows, columns});
    if (out.size() == 0 || inner == 0) return out;
    cxxblas::gemm(cxxblas::RowMajor, turn_a ? cxxblas::Trans : cxxblas::NoTrans,
                  turn_b ? cxxblas::Trans : cxxblas::NoTrans, detail::blas_size(rows), detail::blas_size(columns),
                  detail::blas_size(inner), 1.0, a.data(), leading(columns_of(a)), b.data(), leading(columns_of(b)),
                  0.0, out.data(), leading(columns));
    return out;
}

void mirror_upper(matrix& a) {
    constexpr std::size_t tile = 32;  // both triangles' tiles stay in the first-level cache
    const std::size_t n = rows_of(a);
    for (std::size_t i0 = 0; i0 < n; i0 += tile) {
        for (std::size_t j0 = i0; j0 < n; j0 += tile) {
            for (std::size_t i = i0; i < std::min(i0 + tile, n); ++i) {
                for (std::size_t j = std::max(j0, i + 1); j < std::min(j0 + tile, n); ++j) a(j, i) = a(i, j);
            }
        }
    }
}

void add_symmetric(const matrix& a, bool turn, double factor, matrix& sum) {
    const std::size_t n = turn ? columns_of(a) : rows_of(a);
    const std::size_t inner = turn ? rows_of(a) : columns_of(a);
    if (rows_of(sum) != n || columns_of(sum) != n) {
        throw std::invalid_argument("sum has shape " + shape_text(sum) + ", allowed: a square of side " +
                                    std::to_string(n));
    }
    if (n == 0 || inner == 0) return;
    cxxblas::syrk(cxxblas::RowMajor, cxxblas::Upper, turn ? cxxblas::Trans : cxxblas::NoTrans, detail::blas_size(n),
                  detail::blas_size(inner), factor, a.data(), leading(columns_of(a)), 1.0, sum.data(), leading(n));
    mirror_upper(sum);
}

}  // namespace

matrix product(const matrix& a, const matrix& b) { return multiply(a, false, b, false); }

matrix product_transposed_left(const matrix& a, const matrix& b) { return multiply(a, true, b, false); }

matrix product_transposed_right(const matrix& a, const matrix& b) { return multiply(a, false, b, true); }

matrix gram(const matrix& a) {
    matrix out = xt::zeros<double>({columns_of(a), columns_of(a)});
    add_symmetric(a, true, 1, out);
    return out;
}

matrix outer_gram(const matrix& a) {
    matrix out = xt::zeros<double>({rows_of(a), rows_of(a)});
    add_symmetric(a, false, 1, out);
    return out;
}

void add_gram(const matrix& a, double factor, matrix& sum) { add_symmetric(a, true, factor, sum); }

}  // namespace halfulp
