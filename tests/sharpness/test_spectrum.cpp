// Lanczos' process, quadrature and eigenvalues against matrices whose spectrum is known.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cmath>
#include <numbers>

#include "halfulp/sharpness/lanczos.hpp"
#include "halfulp/sharpness/spectral_density.hpp"
#include "halfulp/sharpness/top_eigenvalues.hpp"
#include "sharpness/matrix_operator.hpp"

using namespace halfulp;
using namespace halfulp::test;

namespace {

/// Gaussian orthogonal ensemble, scaled so that the semicircle has radius 2.
matrix goe(std::size_t n, unsigned seed) {
    matrix a = random_matrix(n, n, seed);
    const matrix b = turned(a);
    for (std::size_t i = 0; i < a.size(); ++i) {
        a.data()[i] = (a.data()[i] + b.data()[i]) / std::sqrt(2.0 * static_cast<double>(n));
    }
    return a;
}

/// Q diag(values) Qᵀ with a random Q.
matrix with_spectrum(const std::vector<double>& values, unsigned seed) {
    const std::size_t n = values.size();
    orthonormal_basis q(n);
    const matrix random = random_matrix(n, n, seed);
    for (std::size_t i = 0; i < n; ++i) q.append({&random(i, 0), n}, 0);
    matrix a = xt::zeros<double>({n, n});
    for (std::size_t k = 0; k < n; ++k) {
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j < n; ++j) a(i, j) += values[k] * q.row(k)[i] * q.row(k)[j];
        }
    }
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < i; ++j) a(j, i) = a(i, j);
    }
    return a;
}

std::vector<double> applied(const matrix& a, const std::vector<double>& x) {
    std::vector<double> y(x.size(), 0.0);
    for (std::size_t i = 0; i < x.size(); ++i) {
        for (std::size_t j = 0; j < x.size(); ++j) y[i] += a(i, j) * x[j];
    }
    return y;
}

double power_sum(const gauss_rule& rule, int power) {
    double out = 0;
    for (std::size_t i = 0; i < rule.nodes.size(); ++i) out += rule.weights[i] * std::pow(rule.nodes[i], power);
    return out;
}

double residual_of(const matrix& a, double value, const std::vector<double>& x) {
    const std::vector<double> y = applied(a, x);
    double out = 0;
    for (std::size_t i = 0; i < x.size(); ++i) out += (y[i] - value * x[i]) * (y[i] - value * x[i]);
    return std::sqrt(out);
}

std::vector<double> row_of(const matrix& a, std::size_t i) { return {&a(i, 0), &a(i, 0) + columns_of(a)}; }

}  // namespace

TEST_CASE("m steps of Lanczos give moments 0 to 2m - 1 exactly, and no more") {
    const matrix a = goe(50, 1);
    const std::size_t steps = GENERATE(values<std::size_t>({1, 2, 6, 12}));
    const matrix start = random_matrix(1, 50, 2);
    const linear_operator op = operator_of(a);
    counted_operator counted(op);
    lanczos_process process(counted, row_of(start, 0), steps);
    while (process.steps() < steps) REQUIRE(process.advance());
    CHECK(counted.products() == steps);
    const gauss_rule rule = gauss_rule_of(process);
    std::vector<double> v = row_of(start, 0);
    const double length = euclidean_norm(v);
    for (double& x : v) x /= length;
    std::vector<double> power = v;
    for (int k = 0; k <= 2 * static_cast<int>(steps); ++k) {
        const double exact = inner_product(v, power);
        // ‖A‖ is about 2: rounding grows as 2^k.
        const double difference = std::fabs(power_sum(rule, k) - exact) / std::pow(2.0, k);
        if (k < 2 * static_cast<int>(steps)) {
            CHECK(difference < 1e-13);
        } else {
            CHECK(difference > 1e-10);
        }
        power = applied(a, power);
    }
}

TEST_CASE("full reorthogonalization: eigenvalues appear once, the basis stays orthonormal") {
    // Plain Lanczos repeats an eigenvalue that stands far out before it has found the others.
    std::vector<double> values(80);
    for (std::size_t i = 0; i < 80; ++i) values[i] = 1 + static_cast<double>(i) / 80;
    values[0] = 1000;
    const matrix a = with_spectrum(values, 3);
    const linear_operator op = operator_of(a);
    counted_operator counted(op);
    const matrix start = random_matrix(1, 80, 4);
    lanczos_process process(counted, row_of(start, 0), 80);
    while (process.steps() < 80 && process.advance()) {
    }
    CHECK(process.steps() == 80);
    CHECK(process.invariant());
    CHECK(process.asymmetry() < 1e-14);
    gauss_rule rule = gauss_rule_of(process);
    std::sort(values.begin(), values.end());
    double total = 0;
    for (std::size_t i = 0; i < 80; ++i) {
        CHECK(std::fabs(rule.nodes[i] - values[i]) < 1e-10);
        CHECK(rule.weights[i] >= 0);
        total += rule.weights[i];
    }
    CHECK(std::fabs(total - 1) < 1e-13);
    const matrix gram = inner_products(process.basis().rows(), process.basis().rows(), 80);
    for (std::size_t i = 0; i < 80; ++i) {
        for (std::size_t j = 0; j < 80; ++j) CHECK(std::fabs(gram(i, j) - (i == j ? 1 : 0)) < 1e-13);
    }
}

TEST_CASE("an invariant subspace ends the process") {
    const matrix a = with_spectrum({3, 3, 3, 3, -1, -1, -1, 0.5, 0.5, 0.5}, 5);
    const linear_operator op = operator_of(a);
    counted_operator counted(op);
    const matrix start = random_matrix(1, 10, 6);
    lanczos_process process(counted, row_of(start, 0), 10);
    while (process.advance()) {
    }
    CHECK(process.steps() == 3);  // as many as there are different eigenvalues
    const gauss_rule rule = gauss_rule_of(process);
    CHECK(std::fabs(rule.nodes[0] + 1) < 1e-12);
    CHECK(std::fabs(rule.nodes[1] - 0.5) < 1e-12);
    CHECK(std::fabs(rule.nodes[2] - 3) < 1e-12);
    CHECK(!process.advance());
    CHECK(counted.products() == 3);
}

TEST_CASE("a complete basis ends the process, whatever the products' noise") {
    const matrix a = goe(10, 15);
    int calls = 0;
    const linear_operator noisy{10, [&](std::span<const double> x, std::span<double> y) {
                                    for (std::size_t i = 0; i < 10; ++i) {
                                        y[i] = 1e-6 * std::sin(static_cast<double>(++calls));
                                        for (std::size_t j = 0; j < 10; ++j) y[i] += a(i, j) * x[j];
                                    }
                                }};
    counted_operator counted(noisy);
    lanczos_process process(counted, row_of(random_matrix(1, 10, 16), 0), 20);
    while (process.advance()) {
    }
    CHECK(process.steps() == 10);
    CHECK(process.asymmetry() > 1e-8);
}

TEST_CASE("tridiagonal matrices: the second difference has cosines for eigenvalues") {
    const std::size_t n = 40;
    const tridiagonal_eigen e = eigen_of_tridiagonal(std::vector<double>(n, 2.0), std::vector<double>(n - 1, -1.0));
    for (std::size_t k = 0; k < n; ++k) {
        const double angle = std::numbers::pi * static_cast<double>(k + 1) / static_cast<double>(n + 1);
        CHECK(std::fabs(e.values(k) - (2 - 2 * std::cos(angle))) < 1e-13);
        // The first element of the vector is √(2/(n+1)) sin(angle).
        const double first = std::sqrt(2.0 / static_cast<double>(n + 1)) * std::sin(angle);
        CHECK(std::fabs(std::fabs(e.vectors(k, 0)) - first) < 1e-13);
    }
    CHECK_THROWS_AS(eigen_of_tridiagonal(std::vector<double>(3, 1.0), std::vector<double>(3, 1.0)),
                    std::invalid_argument);
    CHECK_THROWS_AS(eigen_of_tridiagonal(std::vector<double>(2, NAN), std::vector<double>(1, 1.0)),
                    std::invalid_argument);
}

TEST_CASE("a matrix that is not symmetric shows in the process") {
    matrix a = goe(40, 7);
    a(3, 9) += 1;
    const linear_operator op = operator_of(a);
    counted_operator counted(op);
    lanczos_process process(counted, row_of(random_matrix(1, 40, 8), 0), 20);
    while (process.steps() < 20 && process.advance()) {
    }
    CHECK(process.asymmetry() > 1e-3);
}

TEST_CASE("the spectral density of the Gaussian orthogonal ensemble is the semicircle") {
    const std::size_t n = 400;
    const matrix a = goe(n, 9);
    const spectral_density d = estimate_spectral_density(operator_of(a), {.steps = 30, .probes = 12});
    REQUIRE(d.rules.size() == 12);
    CHECK(d.products == 360);
    CHECK(d.asymmetry < 1e-13);
    // Of the semicircle of radius 2: Catalan's numbers at even powers. A sample of the k-th has variance 2 m_2k ÷ n from
    // its probe; four deviations are allowed, and 8 ÷ n for the matrix itself.
    const double moments[] = {1, 0, 1, 0, 2, 0, 5, 0, 14};
    for (int k = 0; k < 5; ++k) {
        double mean = 0;
        for (const gauss_rule& rule : d.rules) mean += power_sum(rule, k) / 12;
        const double deviation = std::sqrt(2 * moments[2 * k] / (12 * static_cast<double>(n)));
        CHECK(std::fabs(mean - moments[k]) < (k == 0 ? 1e-12 : 4 * deviation + 8 / static_cast<double>(n)));
    }
    // Of the matrix itself the second moment is known exactly.
    double second = 0;
    for (const gauss_rule& rule : d.rules) second += power_sum(rule, 2) / 12;
    CHECK(std::fabs(second - sum_of_squares(a) / n) < 0.08);
    CHECK(std::fabs(d.rules[0].nodes.back() - 2) < 0.1);
}

TEST_CASE("the cumulative error is that of the definition, and sampling stops at it") {
    const std::vector<gauss_rule> rules = {{{0, 2}, {0.5, 0.5}}, {{0, 1}, {0.7, 0.3}}, {{1, 3}, {0.2, 0.8}}};
    // At 2 the shares are 1, 1, .2: the largest spread of all places.
    const double mean = 2.2 / 3;
    const double squares = 2 * (1 - mean) * (1 - mean) + (0.2 - mean) * (0.2 - mean);
    CHECK(std::fabs(cumulative_error_of(rules) - std::sqrt(squares / 2 / 3)) < 1e-15);
    CHECK(std::isnan(cumulative_error_of({rules[0]})));
    const matrix a = goe(100, 10);
    const spectral_density d =
        estimate_spectral_density(operator_of(a), {.steps = 20, .probes = 1000, .stop = {0.03, {}, 8}});
    CHECK(d.met);
    CHECK(d.cumulative_error <= 0.03);
    CHECK(d.rules.size() < 200);
}

TEST_CASE("outermost eigenvalues with residuals that are theirs") {
    const matrix a = goe(120, 11);
    const auto end = GENERATE(spectrum_end::largest, spectrum_end::smallest, spectrum_end::magnitude);
    const top_eigenvalues all = lanczos_eigenvalues(operator_of(a), {.count = 120, .end = end});
    const top_eigenvalues found = lanczos_eigenvalues(operator_of(a), {.count = 5, .end = end, .tolerance = 1e-8});
    CHECK(found.converged);
    CHECK(found.verified);
    REQUIRE(found.values.size() == 5);
    for (std::size_t i = 0; i < 5; ++i) {
        const double exact = residual_of(a, found.values[i], row_of(found.vectors, i));
        CHECK(exact < 1e-8 * found.scale + 1e-13);
        CHECK(std::fabs(exact - found.residuals[i]) < 1e-12);
        CHECK(std::fabs(found.values[i] - all.values[i]) < 1e-8);
    }
    const auto before = [end](double x, double y) {
        return end == spectrum_end::largest    ? x >= y
               : end == spectrum_end::smallest ? x <= y
                                               : std::fabs(x) >= std::fabs(y);
    };
    for (std::size_t i = 0; i + 1 < 120; ++i) CHECK(before(all.values[i], all.values[i + 1]));
    // All of them: their sums are the trace and the squared norm.
    double trace = 0;
    double squares = 0;
    double sum = 0;
    for (std::size_t i = 0; i < 120; ++i) {
        trace += a(i, i);
        sum += all.values[i];
        squares += all.values[i] * all.values[i];
    }
    CHECK(std::fabs(sum - trace) < 1e-11);
    CHECK(std::fabs(squares - sum_of_squares(a)) < 1e-10);
}

TEST_CASE("multiple eigenvalues are all found") {
    std::vector<double> values(60);
    for (std::size_t i = 0; i < 60; ++i) values[i] = static_cast<double>(i) / 60;
    for (std::size_t i = 0; i < 3; ++i) values[i] = 5;
    values[3] = 4;
    const matrix a = with_spectrum(values, 12);
    const top_eigenvalues found = lanczos_eigenvalues(operator_of(a), {.count = 4});
    CHECK(found.verified);
    const double expected[] = {5, 5, 5, 4};
    for (std::size_t i = 0; i < 4; ++i) CHECK(std::fabs(found.values[i] - expected[i]) < 1e-9);
    // Without the second look the one start sees one vector of the eigenspace.
    const top_eigenvalues once = lanczos_eigenvalues(operator_of(a), {.count = 2, .verify = false});
    CHECK(once.values[1] < 4.5);
    CHECK(!once.verified);
    const top_eigenvalues twice = lanczos_eigenvalues(operator_of(a), {.count = 2});
    CHECK(std::fabs(twice.values[1] - 5) < 1e-9);
    CHECK(twice.verified);
    matrix unit = xt::zeros<double>({7, 7});
    for (std::size_t i = 0; i < 7; ++i) unit(i, i) = 1;
    const top_eigenvalues ones = lanczos_eigenvalues(operator_of(unit), {.count = 7});
    CHECK(ones.converged);
    CHECK(ones.values == std::vector<double>(7, 1.0));
}

TEST_CASE("what has not converged says so") {
    const matrix a = goe(200, 13);
    const top_eigenvalues found = lanczos_eigenvalues(operator_of(a), {.count = 3, .steps = 6});
    CHECK(!found.converged);
    CHECK(!found.verified);
    REQUIRE(found.values.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(std::fabs(residual_of(a, found.values[i], row_of(found.vectors, i)) - found.residuals[i]) < 1e-12);
    }
    matrix pair = xt::zeros<double>({2, 2});  // ±1: the power method goes round
    pair(0, 1) = pair(1, 0) = 1;
    CHECK(!power_eigenvalues(operator_of(pair), {.count = 1, .end = spectrum_end::magnitude, .steps = 50}).converged);
}

TEST_CASE("the power method agrees with Lanczos") {
    const matrix a = with_spectrum({-9, 7, 5, 1, 0.5, 0.1, 0, 0, 0, 0}, 14);
    const eigenvalue_options options{.count = 3, .end = spectrum_end::magnitude, .tolerance = 1e-9, .steps = 2000};
    const top_eigenvalues power = power_eigenvalues(operator_of(a), options);
    CHECK(power.converged);
    const double expected[] = {-9, 7, 5};
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(std::fabs(power.values[i] - expected[i]) < 1e-8);
        CHECK(residual_of(a, power.values[i], row_of(power.vectors, i)) < 1e-7);
    }
    CHECK_THROWS_AS(power_eigenvalues(operator_of(a), {.end = spectrum_end::largest}), std::invalid_argument);
    CHECK(message_of([&] { lanczos_eigenvalues(operator_of(a), {.count = 11}); }) ==
          "k is 11, allowed: 1 to the operator's size, 10");
    CHECK(message_of([] { parse_spectrum_end("top"); }) ==
          "which is 'top', allowed: 'largest', 'smallest', 'magnitude'");
}
