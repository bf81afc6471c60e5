// Methods that quantize: members of schemes, feedback, turns.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "halfulp/reconstruct/alternate.hpp"
#include "halfulp/reconstruct/feedback.hpp"
#include "halfulp/reconstruct/quantized_factors.hpp"
#include "halfulp/reconstruct/scheme_quantizer.hpp"
#include "matrices/plain_algebra.hpp"

using namespace halfulp;
using namespace halfulp::test;

namespace {

low_rank_options of_rank(std::size_t rank) {
    low_rank_options out;
    out.rank = rank;
    return out;
}

bool same_bits(const matrix& a, const matrix& b) {
    return a.shape() == b.shape() && std::equal(a.begin(), a.end(), b.begin());
}

}  // namespace

TEST_CASE("the grid of a matrix gives its members to the matrix itself, in every published scheme") {
    matrix x = random_matrix(48, 64, 1);
    for (std::size_t j = 0; j < 64; ++j) x(5, j) = 0;
    for (const published_scheme& published : published_schemes()) {
        const scheme s = parse_scheme(published.name);
        if (s.hadamard != 0 || s.zero_point) continue;
        for (const int axis : {0, 1}) {
            if (s.flat && axis == 0) continue;
            CAPTURE(published.name, axis);
            const scheme_quantizer quantizer(s, axis);
            const matrix members = quantizer(x);
            const fixed_grid grid(x, quantizer);
            const matrix projected = grid.project(x);
            for (std::size_t i = 0; i < x.size(); ++i) {
                // The quotient is rounded to binary64 first, the product once in each: the same members to the last
                // place but one. Double quantization chooses codes by scales that it then stores inexactly: the
                // grid's member is the nearer one.
                const double here = projected.data()[i];
                const double there = members.data()[i];
                const double value = x.data()[i];
                if (s.double_quant) {
                    CHECK(std::fabs(value - here) <= std::fabs(value - there) + 1e-15);
                } else {
                    CHECK(std::fabs(here - there) <= 1e-15 * std::fabs(there));
                }
            }
            CHECK(same_bits(grid.project(projected), projected));  // a projection
            std::vector<double> row(&x(7, 0), &x(7, 0) + 64);
            grid.project_row(7, row);
            CHECK(std::equal(row.begin(), row.end(), &projected(7, 0)));
        }
    }
}

TEST_CASE("no member of the grid is nearer than the one chosen") {
    const matrix x = random_matrix(6, 32, 2);
    const scheme_quantizer quantizer(parse_scheme("e2m1fn/16:binary32"), 1);
    const fixed_grid grid(x, quantizer);
    matrix other = random_matrix(6, 32, 3);
    const matrix chosen = grid.project(other);
    // All members: what multiples of each place's number round to.
    for (int step = -400; step <= 400; ++step) {
        matrix probe = x;
        for (double& value : probe) value = 0.01 * step;
        const matrix member = grid.project(probe);
        for (std::size_t i = 0; i < other.size(); ++i) {
            CHECK(std::fabs(other.data()[i] - chosen.data()[i]) <=
                  std::fabs(other.data()[i] - member.data()[i]) * (1 + 1e-14));
        }
    }
}

TEST_CASE("beyond the largest member the grid ends, in formats with a NaN or infinities too") {
    const matrix x = random_matrix(4, 16, 1);
    for (const char* text : {"e4m3fn/16:binary32", "e5m2/16:binary32", "int4/16:binary32", "posit8_2/16:binary32"}) {
        const fixed_grid grid(x, scheme_quantizer(parse_scheme(text), 1));
        matrix far = x;
        for (double& value : far) value *= 1e15;
        matrix farther = x;
        for (double& value : farther) value *= 1e18;
        const matrix end = grid.project(far);
        for (const double value : end) CHECK(std::isfinite(value));
        CHECK(same_bits(end, grid.project(farther)));
    }
}

TEST_CASE("schemes without a grid of one scale are refused") {
    const matrix x = random_matrix(8, 64, 1);
    for (const char* text : {"mxfp4@hadamard=32", "int4/32:binary16@zero_point"}) {
        CHECK_THROWS_AS(fixed_grid(x, scheme_quantizer(parse_scheme(text), 1)), std::invalid_argument);
    }
    CHECK_THROWS_AS(scheme_quantizer(parse_scheme("mxfp4"), 2), std::invalid_argument);
}

TEST_CASE("feedback: rounding to nearest where channels are uncorrelated, less output error where they are not") {
    const matrix w = random_matrix(80, 40, 4);  // more than one block of 64 channels
    const scheme_quantizer quantizer(parse_scheme("int3/20:binary32"), 1);
    const fixed_grid grid(w, quantizer);
    const matrix nearest = grid.project(w);
    matrix diagonal = xt::zeros<double>({80, 80});
    for (std::size_t i = 0; i < 80; ++i) diagonal(i, i) = 1 + static_cast<double>(i % 7);
    CHECK(same_bits(round_with_feedback(w, diagonal, quantizer, 0).values, nearest));
    const matrix r = second_moment(80, 400, 5);
    const feedback_result fed = round_with_feedback(w, r, quantizer, 0);
    CHECK(fed.damping == 0);
    CHECK(same_bits(grid.project(fed.values), fed.values));
    CHECK(output_error(minus(w, fed.values), r) < 0.8 * output_error(minus(w, nearest), r));
    // By the definition: channel by channel, with M of R = M Δ Mᵀ from L.
    const matrix l = turned(cholesky_root(r));
    matrix expected = w;
    for (std::size_t i = 80; i-- > 0;) {
        for (std::size_t j = i + 1; j < 80; ++j) {
            for (std::size_t c = 0; c < 40; ++c) expected(i, c) += l(j, i) / l(i, i) * (w(j, c) - expected(j, c));
        }
        grid.project_row(i, {&expected(i, 0), 40});
    }
    CHECK(same_bits(expected, fed.values));
}

TEST_CASE("feedback: a singular second moment is damped as little as Cholesky's algorithm takes, and it is said") {
    const matrix x = random_matrix(5, 12, 1);
    const matrix r = times(turned(x), x);
    const matrix w = random_matrix(12, 16, 2);
    const scheme_quantizer quantizer(parse_scheme("int4/16:binary32"), 1);
    const feedback_result out = round_with_feedback(w, r, quantizer, 0);
    double trace = 0;
    for (std::size_t i = 0; i < 12; ++i) trace += r(i, i);
    CHECK(out.damping > 0);
    CHECK(out.damping < 1e-9 * trace);
    // Eigenvalues of -1e-10 of the diagonal's mean: more than that is needed, and at most ten times as much is taken.
    matrix indefinite = r;
    for (std::size_t i = 0; i < 12; ++i) indefinite(i, i) -= 1e-10 * trace / 12;
    const double grown = round_with_feedback(w, indefinite, quantizer, 0).damping;
    CHECK(grown > 0.99e-10 * trace / 12);
    CHECK(grown < 10.1e-10 * trace / 12);
    const feedback_result more = round_with_feedback(w, r, quantizer, 0.01);
    CHECK(std::fabs(more.damping - 0.01 * trace / 12) <= 1e-12 * trace);
    CHECK_THROWS_AS(round_with_feedback(w, matrix(xt::zeros<double>({11, 11})), quantizer, 0), std::invalid_argument);
    const matrix silent = xt::zeros<double>({12, 12});
    CHECK(same_bits(round_with_feedback(w, silent, quantizer, 0).values, fixed_grid(w, quantizer).project(w)));
}

TEST_CASE("on a fixed grid both steps are projections: the error never rises") {
    const unsigned seed = GENERATE(1U, 2U, 3U, 4U, 5U);
    const matrix w = random_matrix(24, 30, seed);
    const scheme_quantizer quantizer(parse_scheme("int2/10:binary32"), 1);
    const fixed_grid grid(w, quantizer);
    const error_norm norm(24);
    const alternation out = alternate(
        w, [&](const matrix& x) { return grid.project(x); },
        [&](const matrix& e) { return correct(e, norm, of_rank(3)); }, [&](const matrix& d) { return norm.squared(d); },
        {12, false, false});
    REQUIRE(out.history.size() == 12);
    for (std::size_t i = 1; i < 12; ++i) CHECK(out.history[i] <= out.history[i - 1] * (1 + 1e-13));
    CHECK(out.history[11] < out.history[0]);
    const matrix rest = minus(minus(w, out.quantized), times(out.correction.left, out.correction.right));
    CHECK(std::fabs(out.error - sum_of_squares(rest)) <= 1e-12 * out.error);
}

TEST_CASE("the best iterate is kept, whichever it was") {
    const matrix w = random_matrix(4, 4, 1);
    int calls = 0;
    const double costs[] = {5, 3, 4, 2, 6};
    const auto quantize = [&](const matrix&) {
        matrix out = w;
        out(0, 0) = calls;
        return out;
    };
    const auto nothing = [](const matrix& e) { return correct(e, error_norm(4), of_rank(0)); };
    const auto cost = [&](const matrix&) { return costs[calls++]; };
    const alternation all = alternate(w, quantize, nothing, cost, {5, false, false});
    CHECK(all.iteration == 4);
    CHECK(all.error == 2);
    CHECK(all.quantized(0, 0) == 3);
    CHECK(all.history == std::vector<double>{5, 3, 4, 2, 6});
    calls = 0;
    const alternation stopped = alternate(w, quantize, nothing, cost, {5, true, true});
    CHECK(stopped.iteration == 2);
    CHECK(stopped.history == std::vector<double>{5, 3, 4});
    CHECK_THROWS_AS(alternate(w, quantize, nothing, cost, {0, false, false}), std::invalid_argument);
}

TEST_CASE("quantized factors: members of their schemes, never worse than factors quantized as they are") {
    const matrix e = random_matrix(20, 24, 3);
    const matrix r = second_moment(20, 80, 4);
    const error_norm norm = error_norm::of_second_moment(r, 0, false);
    const low_rank_correction start = correct(e, norm, of_rank(4));
    const scheme_quantizer left(parse_scheme("int4s/10:binary16"), 0);
    const scheme_quantizer right(parse_scheme("int4s/12:binary16"), 1);
    const quantized_factors as_is = quantize_factors(e, norm, start, left, right, 0);
    CHECK(same_bits(as_is.left, left(start.left)));
    CHECK(same_bits(as_is.right, right(start.right)));
    CHECK(std::fabs(as_is.error - output_error(minus(e, times(as_is.left, as_is.right)), r)) <=
          1e-12 * start.uncorrected);
    double before = as_is.error;
    for (const std::size_t iterations : {1U, 5U, 20U}) {
        const quantized_factors out = quantize_factors(e, norm, start, left, right, iterations);
        CHECK(out.error <= before);
        CHECK(out.error >= *start.optimum);
        CHECK(std::fabs(out.error - output_error(minus(e, times(out.left, out.right)), r)) <=
              1e-12 * start.uncorrected);
        before = out.error;
    }
    CHECK(before < as_is.error);
    // Fine schemes: the optimum.
    const scheme_quantizer fine(parse_scheme("binary64"), 1);
    CHECK(quantize_factors(e, norm, start, fine, fine, 3).error <= *start.optimum + 1e-12 * start.uncorrected);
}
