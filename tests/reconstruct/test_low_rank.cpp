// Corrections against what no correction of the rank can better: the tail of the singular values of S E (Eckart and
// Young, 1936), by Jacobi's method (plain_algebra.hpp). 1e-12 of the uncorrected error is a small multiple of n ε.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <limits>
#include <string>

#include "halfulp/reconstruct/accumulated_error.hpp"
#include "halfulp/reconstruct/joint_heads.hpp"
#include "halfulp/reconstruct/low_rank.hpp"
#include "matrices/plain_algebra.hpp"

using namespace halfulp;
using namespace halfulp::test;

namespace {

low_rank_options of_rank(std::size_t rank) {
    low_rank_options out;
    out.rank = rank;
    return out;
}

matrix product_of(const low_rank_correction& c) { return times(c.left, c.right); }

}  // namespace

TEST_CASE("a correction leaves the tail of the weighted error, at every rank") {
    const auto [channels, outputs] =
        GENERATE(std::pair<std::size_t, std::size_t>{12, 17}, std::pair<std::size_t, std::size_t>{17, 12});
    const matrix e = random_matrix(channels, outputs, 1);
    const matrix r = second_moment(channels, 60, 2);
    const std::vector<double> values = singular_values(times(cholesky_root(r), e));
    const error_norm norm = error_norm::of_second_moment(r, 0, true);
    CHECK(norm.spectrum()->rank == channels);
    const double whole = output_error(e, r);
    double before = std::numeric_limits<double>::infinity();
    for (std::size_t rank = 0; rank <= 12; ++rank) {
        const low_rank_correction c = correct(e, norm, of_rank(rank));
        const double left = output_error(minus(e, product_of(c)), r);
        CHECK(std::fabs(left - tail_of(values, rank)) <= 1e-12 * whole);
        CHECK(std::fabs(c.error - left) <= 1e-12 * whole);
        CHECK(std::fabs(c.optimum.value() - left) <= 1e-12 * whole);
        CHECK(std::fabs(c.uncorrected - whole) <= 1e-12 * whole);
        CHECK(left <= before + 1e-12 * whole);
        before = left;
    }
    CHECK(before <= 1e-24 * whole);  // full rank: nothing is left but rounding, ε² of the whole
}

TEST_CASE("how singular values are shared out changes the factors, not their product") {
    const matrix e = random_matrix(9, 11, 4);
    const matrix r = second_moment(9, 40, 5);
    const matrix s = cholesky_root(r);
    const error_norm norm = error_norm::of_second_moment(r, 0, false);
    low_rank_options options = of_rank(4);
    const matrix product = product_of(correct(e, norm, options));
    for (const double share : {0.0, 0.5, 1.0}) {
        options.share = share;
        const low_rank_correction c = correct(e, norm, options);
        CHECK(sum_of_squares(minus(product_of(c), product)) <= 1e-24 * sum_of_squares(product));
        const matrix right = times(c.right, turned(c.right));  // Σ^(2 share)
        const matrix left = times(turned(times(s, c.left)), times(s, c.left));  // Σ^(2 − 2 share)
        for (std::size_t i = 0; i < 4; ++i) {
            for (std::size_t j = 0; j < 4; ++j) {
                const double sigma = c.values(i);
                CHECK(std::fabs(right(i, j) - (i == j ? std::pow(sigma, 2 * share) : 0)) <= 1e-10 * c.values(0));
                CHECK(std::fabs(left(i, j) - (i == j ? std::pow(sigma, 2 - 2 * share) : 0)) <=
                      1e-10 * c.values(0) * c.values(0));
            }
        }
    }
}

TEST_CASE("a singular second moment: the bound is reached with factors of ordinary size") {
    constexpr std::size_t channels = 20;
    const matrix x = random_matrix(12, channels, 8);  // 12 samples of 20 channels
    const matrix r = times(turned(x), x);
    const matrix e = random_matrix(channels, 15, 9);
    const std::vector<double> values = singular_values(times(x, e));
    const error_norm norm = error_norm::of_second_moment(r, 0, false);
    REQUIRE(norm.spectrum().has_value());
    CHECK(norm.spectrum()->rank == 12);
    for (const bool within : {false, true}) {
        low_rank_options options = of_rank(5);
        options.within_range = within;
        const low_rank_correction c = correct(e, norm, options);
        const matrix rest = minus(e, product_of(c));
        CHECK(std::fabs(sum_of_squares(times(x, rest)) - tail_of(values, 5)) <= 1e-12 * tail_of(values, 0));
        // C = E Vᵀ V or its projection: never larger than E.
        CHECK(sum_of_squares(product_of(c)) <= sum_of_squares(e));
    }
    // Nothing outside of the range of R: C orthogonal to a vector that no sample has.
    low_rank_options options = of_rank(5);
    options.within_range = true;
    const matrix c = product_of(correct(e, norm, options));
    matrix unseen = random_matrix(1, channels, 10);
    for (int again = 0; again < 200; ++again) {  // Kaczmarz: orthogonal to every sample
        for (std::size_t i = 0; i < 12; ++i) {
            double along = 0;
            double square = 0;
            for (std::size_t j = 0; j < channels; ++j) {
                along += x(i, j) * unseen(0, j);
                square += x(i, j) * x(i, j);
            }
            for (std::size_t j = 0; j < channels; ++j) unseen(0, j) -= along / square * x(i, j);
        }
    }
    CHECK(sum_of_squares(times(x, turned(unseen))) <= 1e-10 * sum_of_squares(unseen));
    CHECK(sum_of_squares(times(unseen, c)) <= 1e-9 * sum_of_squares(unseen) * sum_of_squares(c));
    // Beyond the rank of R there is nothing left to correct.
    CHECK(correct(e, norm, of_rank(13)).error <= 1e-20 * tail_of(values, 0));
}

TEST_CASE("a second moment of one number times 1, and a diagonal one, are norms of scales") {
    const matrix e = random_matrix(10, 8, 3);
    matrix r = xt::zeros<double>({10, 10});
    vector scales = vector::from_shape({10});
    for (std::size_t i = 0; i < 10; ++i) {
        scales(i) = 0.25 + static_cast<double>(i);
        r(i, i) = scales(i) * scales(i);
    }
    const matrix exact = product_of(correct(e, error_norm::of_second_moment(r, 0, false), of_rank(3)));
    const matrix by_scales = product_of(correct(e, error_norm::of_scales(scales), of_rank(3)));
    CHECK(sum_of_squares(minus(exact, by_scales)) <= 1e-20 * sum_of_squares(exact));
    for (std::size_t i = 0; i < 10; ++i) r(i, i) = 7;
    const matrix same = product_of(correct(e, error_norm::of_second_moment(r, 0, false), of_rank(3)));
    const matrix plain = product_of(correct(e, error_norm(10), of_rank(3)));
    CHECK(sum_of_squares(minus(same, plain)) <= 1e-20 * sum_of_squares(plain));
}

TEST_CASE("weights of the outputs, zeros among them") {
    const matrix e = random_matrix(9, 7, 6);
    vector rows = vector::from_shape({9});
    vector columns = vector::from_shape({7});
    for (std::size_t i = 0; i < 9; ++i) rows(i) = i == 4 ? 0 : 1 + 0.5 * static_cast<double>(i);
    for (std::size_t j = 0; j < 7; ++j) columns(j) = j == 2 ? 0 : 3 - 0.3 * static_cast<double>(j);
    error_norm norm = error_norm::of_scales(rows);
    norm.weigh_outputs(columns);
    const auto weighted = [&](matrix a) {
        for (std::size_t i = 0; i < 9; ++i) {
            for (std::size_t j = 0; j < 7; ++j) a(i, j) *= rows(i) * columns(j);
        }
        return a;
    };
    const std::vector<double> values = singular_values(weighted(e));
    const low_rank_correction c = correct(e, norm, of_rank(3));
    CHECK(std::fabs(sum_of_squares(weighted(minus(e, product_of(c)))) - tail_of(values, 3)) <=
          1e-12 * tail_of(values, 0));
    for (std::size_t i = 0; i < 9; ++i) CHECK(product_of(c)(i, 2) == 0);
}

TEST_CASE("a ridge changes the correction and the norm says what was added") {
    const matrix e = random_matrix(8, 8, 1);
    const matrix r = second_moment(8, 30, 3);
    const low_rank_correction without = correct(e, error_norm::of_second_moment(r, 0, false), of_rank(2));
    const low_rank_correction with = correct(e, error_norm::of_second_moment(r, 5, false), of_rank(2));
    const double own = output_error(minus(e, product_of(without)), r);
    CHECK(output_error(minus(e, product_of(with)), r) > own * (1 + 1e-9));
    // Its own norm: tr(Dᵀ R D) + 5 ‖D‖².
    const matrix rest = minus(e, product_of(with));
    CHECK(std::fabs(with.error - output_error(rest, r) - 5 * sum_of_squares(rest)) <= 1e-11 * with.uncorrected);
}

TEST_CASE("second moments that are none are refused by name") {
    matrix r = second_moment(5, 20, 1);
    const auto refused = [](const matrix& a) { return message_of([&] { error_norm::of_second_moment(a, 0, false); }); };
    matrix indefinite = r;
    indefinite(3, 3) = -2;
    CHECK(refused(indefinite).find("most negative eigenvalue is -") != std::string::npos);
    matrix lopsided = r;
    lopsided(1, 2) += 1;
    CHECK(refused(lopsided).find("not symmetric") != std::string::npos);
    matrix bad = r;
    bad(0, 4) = std::numeric_limits<double>::infinity();
    CHECK(refused(bad).find("second_moment[0, 4] is inf") != std::string::npos);
    CHECK(refused(random_matrix(3, 4, 1)).find("(3, 4)") != std::string::npos);
    vector scales = xt::ones<double>({std::size_t{3}});
    scales(1) = -1;
    CHECK(message_of([&] { error_norm::of_scales(scales); }).find("scales[1] is -1") != std::string::npos);
    const matrix e = random_matrix(5, 4, 1);
    CHECK(message_of([&] { correct(e, error_norm(5), of_rank(5)); }).find("rank is 5, allowed: 0 to 4") !=
          std::string::npos);
    CHECK_THROWS_AS(correct(e, error_norm(4), of_rank(1)), std::invalid_argument);
}

TEST_CASE("accumulated errors: the objective is what the samples say, and its optimum is reached") {
    const matrix x = times(random_matrix(50, 9, 1), random_matrix(9, 9, 2));
    matrix y = x;
    const matrix drift = random_matrix(50, 9, 3);
    for (std::size_t i = 0; i < y.size(); ++i) y.data()[i] += drift.data()[i];
    const matrix w = random_matrix(9, 7, 4);
    const auto objective = [&](const matrix& c, double alpha) {
        return sum_of_squares(minus(times(x, c), times(x, w))) +
               alpha * sum_of_squares(minus(times(x, c), times(y, w)));
    };
    const matrix h = times(turned(x), x);
    const matrix cross = times(turned(x), y);
    const matrix reference = times(turned(y), y);
    for (const double alpha : {0.0, 0.7, 12.0}) {
        const accumulated_error_result out = correct_accumulated(w, h, cross, reference, alpha, of_rank(3));
        const matrix c = product_of(out.correction);
        const double scale = objective(matrix(xt::zeros<double>({9, 7})), alpha);
        CHECK(std::fabs(out.correction.error - objective(c, alpha)) <= 1e-10 * scale);
        CHECK(std::fabs(out.correction.uncorrected - scale) <= 1e-10 * scale);
        CHECK(std::fabs(out.correction.error - *out.correction.optimum) <= 1e-10 * scale);
        // Both norms at once: rows of samples one below the other, and the target's least squares by the normal
        // equations are a convex problem without the rank; at full rank no C does better than the C found.
        const matrix all = product_of(correct_accumulated(w, h, cross, reference, alpha, of_rank(7)).correction);
        const double least = objective(all, alpha);
        for (unsigned seed = 0; seed < 5; ++seed) {
            matrix other = all;
            const matrix step = random_matrix(9, 7, 20 + seed);
            for (std::size_t i = 0; i < other.size(); ++i) other.data()[i] += 1e-3 * step.data()[i];
            CHECK(objective(other, alpha) > least);
        }
    }
    const accumulated_error_result chosen = correct_accumulated(w, h, cross, reference, std::nullopt, of_rank(3));
    for (const double alpha : {0.0, 0.5, 1.0, 3.0, 15.0}) {
        CHECK(chosen.retained >= correct_accumulated(w, h, cross, reference, alpha, of_rank(3)).retained - 1e-12);
    }
    CHECK_THROWS_AS(correct_accumulated(w, h, cross, reference, -1.0, of_rank(3)), std::invalid_argument);
    CHECK_THROWS_AS(correct_accumulated(w, h, random_matrix(3, 3, 1), reference, 1.0, of_rank(3)),
                    std::invalid_argument);
}

TEST_CASE("heads: each is the best of its rank, with orthonormal rows") {
    const matrix r = second_moment(10, 40, 7);
    const matrix s = cholesky_root(r);
    const matrix v = random_matrix(10, 6, 1);
    const matrix o = random_matrix(6, 9, 2);
    const low_rank_correction c = join_heads(v, o, error_norm::of_second_moment(r, 0, false), 2, of_rank(2));
    double expected = 0;
    for (std::size_t h = 0; h < 2; ++h) {
        matrix first = matrix::from_shape({10, 3});
        matrix second = matrix::from_shape({3, 9});
        matrix a = matrix::from_shape({10, 2});
        matrix b = matrix::from_shape({2, 9});
        for (std::size_t i = 0; i < 10; ++i) {
            for (std::size_t j = 0; j < 3; ++j) first(i, j) = v(i, 3 * h + j);
            for (std::size_t j = 0; j < 2; ++j) a(i, j) = c.left(i, 2 * h + j);
        }
        for (std::size_t j = 0; j < 9; ++j) {
            for (std::size_t i = 0; i < 3; ++i) second(i, j) = o(3 * h + i, j);
            for (std::size_t i = 0; i < 2; ++i) b(i, j) = c.right(2 * h + i, j);
        }
        const matrix whole = times(first, second);
        const std::vector<double> values = singular_values(times(s, whole));
        const double left = output_error(minus(whole, times(a, b)), r);
        CHECK(std::fabs(left - tail_of(values, 2)) <= 1e-12 * tail_of(values, 0));
        expected += left;
        const matrix square = times(b, turned(b));
        CHECK(std::fabs(square(0, 0) - 1) + std::fabs(square(1, 1) - 1) + std::fabs(square(0, 1)) <= 1e-12);
    }
    CHECK(std::fabs(c.error - expected) <= 1e-12 * c.uncorrected);
    const error_norm norm = error_norm::of_second_moment(r, 0, false);
    CHECK_THROWS_AS(join_heads(v, o, norm, 4, of_rank(1)), std::invalid_argument);
    CHECK_THROWS_AS(join_heads(v, o, norm, 2, of_rank(4)), std::invalid_argument);
    CHECK_THROWS_AS(join_heads(v, random_matrix(5, 9, 1), norm, 2, of_rank(1)), std::invalid_argument);
}
