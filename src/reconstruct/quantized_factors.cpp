#include "halfulp/reconstruct/quantized_factors.hpp"

#include <limits>

#include "halfulp/matrices/orthonormal.hpp"
#include "halfulp/matrices/product.hpp"
#include "halfulp/matrices/symmetric_eigen.hpp"

namespace halfulp {
namespace {

/// a⁺ b for a symmetric positive semidefinite a. Eigenvalues of at most largest · n · ε count as zero.
matrix solve_semidefinite(const matrix& a, const matrix& b) {
    const symmetric_eigen eigen = eigen_of(a);
    const std::size_t n = eigen.values.size();
    if (n == 0) return b;
    const double least = eigen.values(n - 1) * static_cast<double>(n) * std::numeric_limits<double>::epsilon();
    matrix turned = product(eigen.vectors, b);
    for (std::size_t i = 0; i < n; ++i) {
        const double inverse = eigen.values(i) > least ? 1 / eigen.values(i) : 0;
        for (std::size_t j = 0; j < columns_of(turned); ++j) turned(i, j) *= inverse;
    }
    return product_transposed_left(eigen.vectors, turned);
}

matrix transposed(const matrix& a) {
    matrix out = matrix::from_shape({columns_of(a), rows_of(a)});
    for (std::size_t i = 0; i < rows_of(a); ++i) {
        for (std::size_t j = 0; j < columns_of(a); ++j) out(j, i) = a(i, j);
    }
    return out;
}

matrix with_weighted_columns(matrix a, const vector& weights) {
    if (weights.size() == 0) return a;
    for (std::size_t i = 0; i < rows_of(a); ++i) {
        for (std::size_t j = 0; j < columns_of(a); ++j) a(i, j) *= weights(j);
    }
    return a;
}

/// argmin over A of ‖S (E − A B) D‖: E D² Bᵀ (B D² Bᵀ)⁺, whatever S is.
matrix best_left(const matrix& error, const error_norm& norm, const matrix& right) {
    const matrix weighted = with_weighted_columns(right, norm.output_weights());
    const matrix cross =
        product_transposed_right(weighted, with_weighted_columns(error, norm.output_weights()));  // rank × channels
    return transposed(solve_semidefinite(outer_gram(weighted), cross));
}

/// argmin over B of ‖S (E − A B) D‖: (Aᵀ R A)⁺ Aᵀ R E, whatever D is.
matrix best_right(const matrix& error, const error_norm& norm, const matrix& left) {
    const matrix moved = norm.times_moment(left);  // R A
    matrix square = product_transposed_left(left, moved);
    for (std::size_t i = 0; i < rows_of(square); ++i) {
        for (std::size_t j = 0; j < i; ++j) square(i, j) = square(j, i) = (square(i, j) + square(j, i)) / 2;
    }
    return solve_semidefinite(square, product_transposed_left(moved, error));
}

}  // namespace

quantized_factors quantize_factors(const matrix& error, const error_norm& norm, const low_rank_correction& start,
                                   const scheme_quantizer& left, const scheme_quantizer& right,
                                   std::size_t iterations) {
    const auto cost = [&](const matrix& a, const matrix& b) {
        matrix rest = error;
        subtract_product(a, b, rest);
        return norm.squared(std::move(rest));
    };
    quantized_factors best{left(start.left), right(start.right), 0, 0};
    best.error = cost(best.left, best.right);
    matrix b = start.right;
    for (std::size_t i = 1; i <= iterations && columns_of(best.left) != 0; ++i) {
        matrix a = left(best_left(error, norm, b));
        b = right(best_right(error, norm, a));
        const double now = cost(a, b);
        if (now < best.error) best = {std::move(a), b, now, i};
    }
    return best;
}

}  // namespace halfulp
