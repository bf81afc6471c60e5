// Estimates of traces against matrices whose trace is known: exact cases to rounding, random ones within a number of
// standard errors that the test states, over seeds that are fixed.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cmath>
#include <limits>
#include <set>

#include "halfulp/sharpness/orthonormal_basis.hpp"
#include "halfulp/sharpness/trace.hpp"
#include "sharpness/matrix_operator.hpp"

using namespace halfulp;
using namespace halfulp::test;

namespace {

matrix symmetric(std::size_t n, unsigned seed) {
    matrix a = random_matrix(n, n, seed);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < i; ++j) a(j, i) = a(i, j);
    }
    return a;
}

double trace_of(const matrix& a) {
    double out = 0;
    for (std::size_t i = 0; i < rows_of(a); ++i) out += a(i, i);
    return out;
}

/// L Lᵀ with L of `rank` columns.
matrix of_rank(std::size_t n, std::size_t rank, unsigned seed) {
    const matrix l = random_matrix(n, rank, seed);
    return times(l, turned(l));
}

struct spread {
    double mean = 0;
    double deviation = 0;
    double root_mean_square_error = 0;  // of the standard errors
};

template <class Estimate>
spread over_seeds(std::size_t seeds, Estimate&& estimate) {
    std::vector<double> values;
    spread out;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        const trace_estimate e = estimate(seed);
        values.push_back(e.value);
        out.root_mean_square_error += e.standard_error * e.standard_error / static_cast<double>(seeds);
    }
    for (const double v : values) out.mean += v / static_cast<double>(seeds);
    for (const double v : values) {
        out.deviation += (v - out.mean) * (v - out.mean) / static_cast<double>(seeds - 1);
    }
    out.deviation = std::sqrt(out.deviation);
    out.root_mean_square_error = std::sqrt(out.root_mean_square_error);
    return out;
}

}  // namespace

TEST_CASE("probes are a pure function of seed, number and element") {
    std::vector<double> z(1000), again(1000), shorter(10), other(1000);
    for (const auto d : {probe_distribution::rademacher, probe_distribution::normal}) {
        fill_probe(d, 7, 3, z);
        fill_probe(d, 7, 3, again);
        fill_probe(d, 7, 3, shorter);
        fill_probe(d, 7, 4, other);
        CHECK(z == again);
        CHECK(std::equal(shorter.begin(), shorter.end(), z.begin()));
        CHECK(z != other);
        // Normal and signs alike: mean 0 and mean square 1, each within 5 deviations of a mean of 1000.
        CHECK(std::fabs(inner_product(z, std::vector<double>(1000, 1.0))) < 5 * std::sqrt(1000.0));
        CHECK(std::fabs(inner_product(z, z) - 1000) < 5 * std::sqrt(2 * 1000.0));
    }
    fill_probe(probe_distribution::rademacher, 7, 3, z);
    for (const double x : z) CHECK(std::fabs(x) == 1);
    fill_probe(probe_distribution::sphere, 7, 3, z);
    CHECK(std::fabs(euclidean_norm(z) - std::sqrt(1000.0)) < 1e-12);
    CHECK(message_of([] { parse_probe_distribution("uniform"); }) ==
          "distribution is 'uniform', allowed: 'rademacher', 'normal', 'sphere'");
}

TEST_CASE("a basis stays orthonormal, also where vectors depend on each other") {
    const std::size_t n = 30;
    matrix rows = random_matrix(n, n, 1);
    for (std::size_t j = 0; j < n; ++j) {
        rows(3, j) = 0;  // no direction
        rows(5, j) = rows(1, j) - 2 * rows(2, j);  // an old one
        rows(9, j) = rows(8, j) * (1 + 1e-9) + 1e-9 * rows(9, j);  // nearly
    }
    orthonormal_basis basis(n);
    for (std::size_t i = 0; i < n; ++i) {
        const auto step = basis.append({&rows(i, 0), n}, 0);
        CHECK((step.remainder == 0) == (i == 3 || i == 5));
        for (std::size_t j = 0; j < n; ++j) {  // y = Σ c q + r q_new
            double sum = step.remainder * basis.row(i)[j];
            for (std::size_t k = 0; k < i; ++k) sum += step.coefficients[k] * basis.row(k)[j];
            CHECK(std::fabs(sum - rows(i, j)) < 1e-13 * static_cast<double>(n));
        }
    }
    const matrix gram = inner_products(basis.rows(), basis.rows(), n);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) CHECK(std::fabs(gram(i, j) - (i == j ? 1 : 0)) < 1e-14 * n);
    }
    CHECK_THROWS_AS(basis.append({&rows(0, 0), n}, 0), std::invalid_argument);
}

TEST_CASE("Hutchinson: diagonal matrices are exact with signs") {
    matrix a = xt::zeros<double>({50, 50});
    for (std::size_t i = 0; i < 50; ++i) a(i, i) = static_cast<double>(i) - 20;
    const trace_estimate e = hutchinson_trace(operator_of(a), {.probes = 3});
    CHECK(e.value == trace_of(a));
    CHECK(e.standard_error == 0);
    CHECK(e.products == 3);
    CHECK(std::isnan(hutchinson_trace(operator_of(a), {.probes = 1}).standard_error));
    CHECK(hutchinson_trace(operator_of(a), {.distribution = probe_distribution::normal, .probes = 3}).standard_error >
          1);
}

TEST_CASE("Hutchinson: the variance of a sample is the closed form, within 3 % of 200000 samples", "[long]") {
    const std::size_t n = 40;
    const matrix a = symmetric(n, 2);
    double diagonal = 0;
    for (std::size_t i = 0; i < n; ++i) diagonal += a(i, i) * a(i, i);
    const double whole = sum_of_squares(a);
    const std::size_t probes = 200000;
    for (const auto& [d, expected] : {std::pair(probe_distribution::rademacher, 2 * (whole - diagonal)),
                                      std::pair(probe_distribution::normal, 2 * whole)}) {
        const trace_estimate e = hutchinson_trace(operator_of(a), {.distribution = d, .probes = probes});
        const double variance = e.standard_error * e.standard_error * static_cast<double>(probes);
        CHECK(std::fabs(variance / expected - 1) < 0.03);
        CHECK(std::fabs(e.value - trace_of(a)) < 4 * e.standard_error);
    }
}

TEST_CASE("Hutch++ and XTrace are exact for a low rank") {
    const auto d = GENERATE(probe_distribution::rademacher, probe_distribution::normal, probe_distribution::sphere);
    const std::size_t rank = GENERATE(values<std::size_t>({0, 1, 4}));
    const matrix a = of_rank(60, rank, 3);
    // Rounding: a small multiple of n ε tr(A).
    const double bound = 1e-13 * std::max(trace_of(a), 1e-300);
    const trace_estimate hutch = hutch_plus_plus_trace(operator_of(a), 5, {.distribution = d, .probes = 5});
    CHECK(std::fabs(hutch.value - trace_of(a)) <= bound);
    CHECK(hutch.standard_error <= bound);
    CHECK(hutch.products == 15);
    const trace_estimate exchangeable = exchangeable_trace(operator_of(a), {.distribution = d, .probes = 6});
    CHECK(std::fabs(exchangeable.value - trace_of(a)) <= bound);
    CHECK(exchangeable.standard_error <= bound);
    CHECK(exchangeable.products == 12);
}

TEST_CASE("on the sphere XTrace is exact for multiples of the identity, as Hutchinson is") {
    matrix a = xt::zeros<double>({30, 30});
    for (std::size_t i = 0; i < 30; ++i) a(i, i) = 7;
    const trace_options options{.distribution = probe_distribution::sphere, .probes = 9};
    CHECK(std::fabs(exchangeable_trace(operator_of(a), options).value - 210) < 1e-11);
    CHECK(exchangeable_trace(operator_of(a), options).standard_error < 1e-11);
    CHECK(std::fabs(hutchinson_trace(operator_of(a), options).value - 210) < 1e-11);
}

TEST_CASE("a rank above the probes' number is not exact, and the error says so") {
    const matrix a = of_rank(60, 12, 3);
    CHECK(hutch_plus_plus_trace(operator_of(a), 5, {.probes = 5}).standard_error > 1e-3 * trace_of(a));
    CHECK(exchangeable_trace(operator_of(a), {.probes = 6}).standard_error > 1e-3 * trace_of(a));
}

TEST_CASE("estimators have no bias, and their errors are those that they state", "[long]") {
    // Not symmetric, so that a product with the transpose would show; a trace far from 0, so that a part left out would.
    const std::size_t n = 30;
    matrix a = random_matrix(n, n, 4);
    for (std::size_t i = 0; i < n; ++i) a(i, i) += 3;
    const auto d = GENERATE(probe_distribution::rademacher, probe_distribution::normal, probe_distribution::sphere);
    const std::size_t seeds = 2000;
    const linear_operator op = operator_of(a);
    const spread plain = over_seeds(seeds, [&](std::uint64_t s) { return hutchinson_trace(op, {d, s, 10, {}}); });
    const spread hutch =
        over_seeds(seeds, [&](std::uint64_t s) { return hutch_plus_plus_trace(op, 8, {d, s, 10, {}}); });
    const spread exchangeable =
        over_seeds(seeds, [&](std::uint64_t s) { return exchangeable_trace(op, {d, s, 10, {}}); });
    for (const spread& found : {plain, hutch, exchangeable}) {
        CHECK(std::fabs(found.mean - trace_of(a)) < 4 * found.deviation / std::sqrt(static_cast<double>(seeds)));
    }
    for (const spread& found : {plain, hutch}) {
        CHECK(std::fabs(found.root_mean_square_error / found.deviation - 1) < 0.1);
    }
    // XTrace's samples share what the others have found of the range: the stated error is too small.
    CHECK(exchangeable.root_mean_square_error < 1.1 * exchangeable.deviation);
    CHECK(exchangeable.root_mean_square_error > 0.5 * exchangeable.deviation);
}

TEST_CASE("XTrace on decaying spectra is far ahead of Hutchinson, and its stated error is too small by half at most") {
    const std::size_t n = 60;
    orthonormal_basis q(n);
    const matrix random = random_matrix(n, n, 5);
    for (std::size_t i = 0; i < n; ++i) q.append({&random(i, 0), n}, 0);
    matrix a = xt::zeros<double>({n, n});
    for (std::size_t k = 0; k < n; ++k) {
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j < n; ++j) a(i, j) += std::pow(0.7, k) * q.row(k)[i] * q.row(k)[j];
        }
    }
    const linear_operator op = operator_of(a);
    const spread plain =
        over_seeds(300, [&](std::uint64_t s) { return hutchinson_trace(op, {probe_distribution::sphere, s, 24, {}}); });
    const spread exchangeable = over_seeds(
        300, [&](std::uint64_t s) { return exchangeable_trace(op, {probe_distribution::sphere, s, 12, {}}); });
    CHECK(plain.deviation / exchangeable.deviation > 5);
    CHECK(exchangeable.root_mean_square_error < 1.1 * exchangeable.deviation);
    CHECK(exchangeable.root_mean_square_error > 0.5 * exchangeable.deviation);
}

TEST_CASE("estimates stop at the error that was asked for") {
    const matrix a = symmetric(50, 6);
    const linear_operator op = operator_of(a);
    const double wanted = 5;
    for (const bool relative : {false, true}) {
        trace_options options{.probes = 100000};
        if (relative) {
            options.stop.relative = 2;
        } else {
            options.stop.absolute = wanted;
        }
        const trace_estimate e = hutchinson_trace(op, options);
        CHECK(e.met);
        CHECK(e.standard_error <= (relative ? 2 * std::fabs(e.value) : wanted));
        CHECK(e.products == e.samples.size());
        CHECK(e.products < 2000);
        // The same samples as without a request, as far as they go.
        const trace_estimate all = hutchinson_trace(op, {.probes = e.products});
        CHECK(all.samples == e.samples);
        CHECK(!all.met);
    }
    const trace_estimate hutch = hutch_plus_plus_trace(op, 10, {.probes = 100000, .stop = {wanted, {}, 8}});
    CHECK(hutch.met);
    CHECK(hutch.products == 20 + hutch.samples.size());
    const trace_estimate exchangeable = exchangeable_trace(op, {.probes = 50, .stop = {1e-9, {}, 8}});
    CHECK(!exchangeable.met);
    CHECK(exchangeable.products == 100);
    // A spread of zero by chance is not believed before 8 samples: here two samples are alike half of the time.
    matrix swap = xt::zeros<double>({2, 2});
    swap(0, 1) = swap(1, 0) = 1;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        CHECK(
            hutchinson_trace(operator_of(swap), {.seed = seed, .probes = 1000, .stop = {1e-3, {}, 8}}).samples.size() >=
            8);
    }
}

TEST_CASE("standard errors of very small and very large matrices neither vanish nor overflow") {
    const matrix a = symmetric(20, 11);
    const trace_estimate e = hutchinson_trace(operator_of(a), {.probes = 20});
    for (const double scale : {1e-300, 1e-160, 1e160, 1e305}) {
        matrix scaled = a;
        for (double& x : scaled) x *= scale;
        const trace_estimate s = hutchinson_trace(operator_of(scaled), {.probes = 20});
        CHECK(std::fabs(s.standard_error / scale / e.standard_error - 1) < 1e-10);
        CHECK(!hutchinson_trace(operator_of(scaled), {.probes = 20, .stop = {{}, 1e-3, 8}}).met);
    }
}

TEST_CASE("traces of blocks from products of the whole") {
    const matrix a = symmetric(30, 7);
    const std::vector<std::size_t> starts = {0, 4, 20, 30};
    const auto found = block_traces(operator_of(a), starts, {.probes = 20000});
    REQUIRE(found.size() == 3);
    double sum = 0;
    for (std::size_t b = 0; b < 3; ++b) {
        double exact = 0;
        for (std::size_t i = starts[b]; i < starts[b + 1]; ++i) exact += a(i, i);
        CHECK(std::fabs(found[b].value - exact) < 4 * found[b].standard_error);
        sum += found[b].value;
    }
    CHECK(std::fabs(sum - hutchinson_trace(operator_of(a), {.probes = 20000}).value) < 1e-9);
    CHECK_THROWS_AS(block_traces(operator_of(a), {0, 4, 29}, {}), std::invalid_argument);
}

TEST_CASE("the diagonal, element by element") {
    const std::size_t n = 20;
    const matrix a = random_matrix(n, n, 8);
    const std::size_t probes = 20000;
    const diagonal_estimate e = estimate_diagonal(operator_of(a), {.probes = probes});
    for (std::size_t i = 0; i < n; ++i) {
        double beside = 0;
        for (std::size_t j = 0; j < n; ++j) beside += j == i ? 0 : a(i, j) * a(i, j);
        CHECK(std::fabs(e.values(i) - a(i, i)) < 5 * e.standard_errors(i));
        CHECK(std::fabs(e.standard_errors(i) / std::sqrt(beside / static_cast<double>(probes)) - 1) < 0.05);
    }
    CHECK_THROWS_AS(estimate_diagonal(operator_of(a), {.distribution = probe_distribution::normal}),
                    std::invalid_argument);
}

TEST_CASE("asymmetry is rounding for a symmetric matrix, and seen in another") {
    const matrix a = symmetric(40, 9);
    CHECK(asymmetry_of(operator_of(a), 3, 0) < 1e-15);
    matrix b = a;
    b(3, 7) += 1;
    CHECK(asymmetry_of(operator_of(b), 3, 0) > 1e-5);
    CHECK(asymmetry_of(operator_of(xt::zeros<double>({4, 4})), 1, 0) == 0);
}

TEST_CASE("bad input names what is wrong") {
    const matrix a = symmetric(6, 10);
    const linear_operator op = operator_of(a);
    int calls = 0;
    const linear_operator late{3, [&](std::span<const double>, std::span<double> y) {
                                   std::fill(y.begin(), y.end(), 1.0);
                                   if (++calls == 4) y[2] = -std::numeric_limits<double>::infinity();
                               }};
    CHECK(message_of([&] { hutchinson_trace(late, {.probes = 10}); }) ==
          "product 4 of the operator holds -inf at element 2, allowed: finite numbers");
    matrix huge = a;
    for (double& x : huge) x *= 1e307;
    huge(0, 0) = 1.5e308;
    huge(1, 1) = 1.5e308;
    CHECK(message_of([&] { hutchinson_trace(operator_of(huge), {.probes = 10}); }) ==
          "sample 1 is beyond binary64, allowed: smaller products");
    CHECK(message_of([&] { hutchinson_trace({0, {}}, {}); }) == "size is 0, allowed: 1 or more");
    CHECK(message_of([&] { hutchinson_trace(op, {.probes = 0}); }).starts_with("probes is 0, allowed: 1 to"));
    CHECK(message_of([&] { hutch_plus_plus_trace(op, 7, {}); }) == "sketch is 7, allowed: 1 to 6");
    CHECK(message_of([&] { exchangeable_trace(op, {.probes = 7}); }) ==
          "probes is 7, allowed with 'xtrace': 2 to the operator's size, 6");
    CHECK(message_of([&] { exchangeable_trace(op, {.probes = 1}); }) ==
          "probes is 1, allowed with 'xtrace': 2 to the operator's size, 6");
}
