// Truncated decompositions against Jacobi's method (plain_algebra.hpp). Bounds: singular values of a backward stable
// method are off by a small multiple of n ε σ₁ (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., 20);
// by way of a Gram matrix their squares by one of n ε σ₁². 100 n ε is used.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <limits>
#include <numbers>

#include "halfulp/core/random.hpp"
#include "halfulp/matrices/orthonormal.hpp"
#include "halfulp/matrices/random_matrix.hpp"
#include "halfulp/matrices/truncated_svd.hpp"
#include "matrices/plain_algebra.hpp"

using namespace halfulp;
using namespace halfulp::test;

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

void check_orthonormal(const matrix& rows) {
    const matrix square = times(rows, turned(rows));
    for (std::size_t i = 0; i < rows_of(square); ++i) {
        for (std::size_t j = 0; j < rows_of(square); ++j) {
            CHECK(std::fabs(square(i, j) - (i == j)) <= 100 * static_cast<double>(columns_of(rows)) * epsilon);
        }
    }
}

/// What is left of a, by the definition.
double left_of(const matrix& a, const matrix& right) {
    return sum_of_squares(minus(a, times(times(a, turned(right)), right)));
}

/// U diag(values) Vᵀ with random orthonormal U, V.
matrix with_values(const std::vector<double>& values, std::size_t rows, std::size_t columns) {
    const matrix u = orthonormal_rows(random_matrix(values.size(), rows, 5));
    matrix v = orthonormal_rows(random_matrix(values.size(), columns, 6));
    for (std::size_t i = 0; i < values.size(); ++i) {
        for (std::size_t j = 0; j < columns; ++j) v(i, j) *= values[i];
    }
    return times(turned(u), v);
}

}  // namespace

TEST_CASE("every route finds the largest singular values and leaves the tail") {
    const auto [rows, columns] =
        GENERATE(std::pair<std::size_t, std::size_t>{24, 15}, std::pair<std::size_t, std::size_t>{15, 24},
                 std::pair<std::size_t, std::size_t>{20, 20});
    const svd_route route = GENERATE(svd_route::automatic, svd_route::eigen, svd_route::full);
    const matrix a = random_matrix(rows, columns, 3);
    const std::vector<double> values = singular_values(a);
    for (const std::size_t count : {std::size_t{1}, std::size_t{6}, values.size()}) {
        truncated_svd_options options;
        options.route = route;
        const truncated_svd out = truncate(a, count, options);
        REQUIRE(out.values.size() == count);
        check_orthonormal(out.right);
        for (std::size_t i = 0; i < count; ++i) CHECK(std::fabs(out.values(i) - values[i]) <= 1e-12 * values[0]);
        const double total = tail_of(values, 0);
        const double tail = tail_of(values, count);
        CHECK(std::fabs(out.total - total) <= 1e-12 * total);
        CHECK(std::fabs(out.optimum.value() - tail) <= 1e-12 * total);
        CHECK(std::fabs(out.residual - tail) <= 1e-12 * total);
        CHECK(std::fabs(out.residual - left_of(a, out.right)) <= 1e-12 * total);
    }
}

TEST_CASE("singular values too small for a Gram matrix send the automatic route to a full decomposition") {
    const std::vector<double> values{1, 1e-2, 1e-8, 1e-9};
    const matrix a = with_values(values, 12, 9);
    CHECK(truncate(a, 2).route == svd_route::eigen);
    const truncated_svd out = truncate(a, 3);
    CHECK(out.route == svd_route::full);
    CHECK(std::fabs(out.values(2) - 1e-8) <= 1e-14);
    CHECK(std::fabs(out.residual - 1e-18) <= 1e-6 * 1e-18);  // σ₄² = 1e-18, its vector good to ε / 1e-9
}

TEST_CASE("the randomized route certifies what it leaves") {
    const auto [rows, columns] =
        GENERATE(std::pair<std::size_t, std::size_t>{40, 30}, std::pair<std::size_t, std::size_t>{30, 40});
    std::vector<double> values;
    for (int i = 0; i < 30; ++i) values.push_back(std::pow(0.8, i));
    const matrix a = with_values(values, rows, columns);
    truncated_svd_options options;
    options.route = svd_route::randomized;
    options.oversampling = 4;
    options.power_iterations = GENERATE(std::size_t{0}, std::size_t{2});
    const truncated_svd out = truncate(a, 5, options);
    check_orthonormal(out.right);
    CHECK(std::fabs(out.residual - left_of(a, out.right)) <= 1e-12 * out.total);
    CHECK(out.residual >= tail_of(values, 5) * (1 - 1e-12));
    CHECK_FALSE(out.optimum.has_value());
    // With two power iterations the expected excess is some (σ₁₀ / σ₅)⁴ of the tail here (Halko et al., section 10.4).
    if (options.power_iterations == 2) CHECK(out.residual <= 1.01 * tail_of(values, 5));
    const truncated_svd again = truncate(a, 5, options);
    CHECK(std::equal(out.right.begin(), out.right.end(), again.right.begin()));
    options.seed = 1;
    const truncated_svd other = truncate(a, 5, options);
    CHECK_FALSE(std::equal(out.right.begin(), out.right.end(), other.right.begin()));
}

TEST_CASE("the randomized route is exact where the rank is") {
    const matrix a = with_values({3, 2, 1}, 20, 16);
    truncated_svd_options options;
    options.route = svd_route::randomized;
    const truncated_svd out = truncate(a, 3, options);
    CHECK(out.residual <= 1e-28 * out.total);
    CHECK(std::fabs(out.values(2) - 1) <= 1e-13);
}

TEST_CASE("zeros, rank 0 and ranks beyond a matrix's own") {
    const matrix zero = xt::zeros<double>({5, 4});
    for (const svd_route route : {svd_route::automatic, svd_route::eigen, svd_route::full, svd_route::randomized}) {
        truncated_svd_options options;
        options.route = route;
        const truncated_svd out = truncate(zero, 3, options);
        CHECK(out.residual == 0);
        CHECK(out.values(0) == 0);
        check_orthonormal(out.right);
        const matrix a = with_values({2, 1}, 8, 7);
        CHECK(truncate(a, 5, options).residual <= 1e-28);
        const truncated_svd none = truncate(a, 0, options);
        CHECK(none.residual == none.total);
        CHECK(none.values.size() == 0);
    }
    CHECK_THROWS_AS(truncate(zero, 5), std::invalid_argument);
    matrix bad = zero;
    bad(2, 2) = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_AS(truncate(bad, 2), std::invalid_argument);
}

TEST_CASE("routes have names") {
    for (const svd_route route : {svd_route::automatic, svd_route::eigen, svd_route::full, svd_route::randomized}) {
        CHECK(parse_svd_route(to_string(route)) == route);
    }
    CHECK_THROWS_AS(parse_svd_route("jacobi"), std::invalid_argument);
}

TEST_CASE("orthonormal rows span what the rows did, dependent ones give way to others") {
    matrix a = random_matrix(4, 9, 2);
    for (std::size_t j = 0; j < 9; ++j) a(2, j) = 2 * a(0, j) - a(1, j);
    const matrix q = orthonormal_rows(a);
    check_orthonormal(q);
    const matrix rest = minus(a, times(times(a, turned(q)), q));
    CHECK(sum_of_squares(rest) <= 1e-26 * sum_of_squares(a));
    CHECK_THROWS_AS(orthonormal_rows(random_matrix(4, 3, 1)), std::invalid_argument);
}

TEST_CASE("normal numbers are those of Box and Muller from Philox words") {
    const matrix a = normal_matrix(3, 5, 42, 7);
    for (std::size_t i = 0; i < a.size(); ++i) {
        const auto words = philox4x32({static_cast<std::uint32_t>(i / 4), 0, 7, 0}, {42, 0});
        const double u = (words[i % 4 < 2 ? 0 : 2] + 0.5) / 4294967296.0;
        const double v = (words[i % 4 < 2 ? 1 : 3] + 0.5) / 4294967296.0;
        const double angle = 2 * std::numbers::pi * v;
        const double expected = std::sqrt(-2 * std::log(u)) * (i % 2 == 0 ? std::cos(angle) : std::sin(angle));
        CHECK(std::fabs(a.data()[i] - expected) <= 1e-14);
    }
    const matrix many = normal_matrix(200, 500, 1);
    double sum = 0;
    for (const double x : many) sum += x;
    // Standard errors: 1 and √2 over the root of 100 000; four of them.
    CHECK(std::fabs(sum / 1e5) <= 4 / std::sqrt(1e5));
    CHECK(std::fabs(sum_of_squares(many) / 1e5 - 1) <= 4 * std::sqrt(2 / 1e5));
}
