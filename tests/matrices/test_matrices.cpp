// The factorizations against their definitions: what they return is multiplied out. Bounds: backward stable algorithms leave a residual
// of a small multiple of n ε ‖A‖ (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., 10.1 and 20); 100 n ε is used.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cmath>
#include <limits>

#include "halfulp/matrices/cholesky.hpp"
#include "halfulp/matrices/product.hpp"
#include "halfulp/matrices/singular_values.hpp"
#include "halfulp/matrices/symmetric_eigen.hpp"
#include "matrices/plain_algebra.hpp"

using namespace halfulp;
using namespace halfulp::test;

namespace {

matrix identity(std::size_t n) {
    matrix out = xt::zeros<double>({n, n});
    for (std::size_t i = 0; i < n; ++i) out(i, i) = 1;
    return out;
}

double largest_difference(const matrix& a, const matrix& b) {
    REQUIRE(a.shape() == b.shape());
    double out = 0;
    for (std::size_t i = 0; i < a.size(); ++i) out = std::fmax(out, std::fabs(a.data()[i] - b.data()[i]));
    return out;
}

double norm(const matrix& a) { return std::sqrt(sum_of_squares(a)); }

double bound(const matrix& a) {
    return 100 * static_cast<double>(std::max(rows_of(a), columns_of(a))) * std::numeric_limits<double>::epsilon() *
           norm(a);
}

/// Rows of a scaled by the factors.
matrix scaled_rows(const vector& factors, matrix a) {
    for (std::size_t i = 0; i < rows_of(a); ++i) {
        for (std::size_t j = 0; j < columns_of(a); ++j) a(i, j) *= factors(i);
    }
    return a;
}

}  // namespace

TEST_CASE("products are those of the definition, whichever factor is turned") {
    const matrix a = random_matrix(7, 5, 1);
    const matrix b = random_matrix(5, 9, 2);
    const matrix expected = times(a, b);
    CHECK(largest_difference(product(a, b), expected) < bound(expected));
    CHECK(largest_difference(product_transposed_left(turned(a), b), expected) < bound(expected));
    CHECK(largest_difference(product_transposed_right(a, turned(b)), expected) < bound(expected));
    CHECK(product(matrix::from_shape({0, 5}), b).shape() == matrix::from_shape({0, 9}).shape());
    CHECK(norm(product(matrix::from_shape({3, 0}), matrix::from_shape({0, 2}))) == 0);
    CHECK_THROWS_AS(product(a, a), std::invalid_argument);
}

TEST_CASE("Gram matrices are symmetric to the bit and add up") {
    const matrix a = random_matrix(70, 41, 3);
    const matrix g = gram(a);
    CHECK(largest_difference(g, times(turned(a), a)) < bound(g));
    CHECK(largest_difference(g, turned(g)) == 0);
    CHECK(largest_difference(outer_gram(a), times(a, turned(a))) < bound(g));
    matrix sum = g;
    add_gram(a, 0.5, sum);
    CHECK(largest_difference(sum, matrix(1.5 * g)) < bound(g));
    CHECK(largest_difference(sum, turned(sum)) == 0);
    matrix wrong = identity(3);
    CHECK_THROWS_AS(add_gram(a, 1, wrong), std::invalid_argument);
}

TEST_CASE("eigenvectors give the matrix back, all of them or the largest") {
    const std::size_t n = GENERATE(values<std::size_t>({1, 2, 33, 120}));
    const matrix a = gram(random_matrix(n + 3, n, 4));
    const symmetric_eigen e = eigen_of(a);
    CHECK(largest_difference(product_transposed_left(e.vectors, scaled_rows(e.values, e.vectors)), a) < bound(a));
    CHECK(largest_difference(outer_gram(e.vectors), identity(n)) < bound(identity(n)));
    CHECK(std::is_sorted(e.values.begin(), e.values.end()));
    const vector alone = eigenvalues_of(a);
    const std::size_t count = (n + 1) / 2;
    const symmetric_eigen top = largest_eigen_of(a, count);
    for (std::size_t i = 0; i < n; ++i) CHECK(std::fabs(alone(i) - e.values(i)) < bound(a));
    for (std::size_t i = 0; i < count; ++i) CHECK(std::fabs(top.values(i) - e.values(n - count + i)) < bound(a));
    const matrix image = product(top.vectors, a);
    CHECK(largest_difference(image, scaled_rows(top.values, top.vectors)) < bound(a));
    CHECK(largest_difference(outer_gram(top.vectors), identity(count)) < bound(identity(n)));
    CHECK(rows_of(largest_eigen_of(a, 0).vectors) == 0);
    CHECK_THROWS_AS(largest_eigen_of(a, n + 1), std::invalid_argument);
}

TEST_CASE("the singular value decomposition of wide, tall and empty matrices") {
    const auto [rows, columns] = GENERATE(table<std::size_t, std::size_t>({{1, 1}, {40, 17}, {17, 40}, {0, 4}}));
    const matrix a = random_matrix(rows, columns, 5);
    const singular_value_decomposition d = decompose(a);
    const std::size_t r = std::min(rows, columns);
    REQUIRE(d.values.size() == r);
    if (r == 0) return;
    CHECK(largest_difference(product(d.left, scaled_rows(d.values, d.right)), a) < bound(a));
    CHECK(largest_difference(gram(d.left), identity(r)) < bound(identity(r)));
    CHECK(largest_difference(outer_gram(d.right), identity(r)) < bound(identity(r)));
    CHECK(std::is_sorted(d.values.begin(), d.values.end(), std::greater<>()));
}

TEST_CASE("Cholesky's factor, solutions and inverse") {
    const matrix a = gram(random_matrix(50, 31, 6));
    const std::optional<matrix> factor = cholesky_of(a);
    REQUIRE(factor.has_value());
    CHECK(largest_difference(product_transposed_right(*factor, *factor), a) < bound(a));
    for (std::size_t i = 0; i < 31; ++i) {
        for (std::size_t j = i + 1; j < 31; ++j) REQUIRE((*factor)(i, j) == 0);
    }
    const matrix b = random_matrix(31, 4, 7);
    CHECK(largest_difference(product(*factor, solve_lower(*factor, b)), b) < bound(a));
    CHECK(largest_difference(product_transposed_left(*factor, solve_lower_transposed(*factor, b)), b) < bound(a));
    // The residual of an inverse grows with the condition number, here below 200.
    CHECK(largest_difference(product(inverse_from_cholesky(*factor), a), identity(31)) < 200 * bound(identity(31)));
    CHECK_THROWS_AS(solve_lower(*factor, random_matrix(30, 4, 7)), std::invalid_argument);

    matrix indefinite = a;
    indefinite(3, 3) = -1;
    CHECK_FALSE(cholesky_of(indefinite).has_value());
}

TEST_CASE("what LAPACK cannot work on is refused") {
    matrix a = identity(4);
    a(1, 2) = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_AS(eigen_of(a), std::invalid_argument);
    CHECK_THROWS_AS(decompose(a), std::invalid_argument);
    CHECK_THROWS_AS(cholesky_of(a), std::invalid_argument);
    CHECK_THROWS_AS(eigen_of(matrix(xt::zeros<double>({3, 4}))), std::invalid_argument);
    CHECK_THROWS_AS(cholesky_of(matrix(xt::zeros<double>({3, 4}))), std::invalid_argument);
}
