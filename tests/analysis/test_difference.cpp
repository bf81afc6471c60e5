// The sums behind MSE, SQNR and cosine.
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <random>
#include <vector>

#include "halfulp/analysis/difference.hpp"

using namespace halfulp;

TEST_CASE(
    "sums agree with long double sums within the rounding of a sum of n terms, for one thread and for three alike") {
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    for (const std::size_t n : {0u, 1u, 7u, 4096u, 4097u, 20000u}) {
        std::vector<float> x(n), y(n);
        for (std::size_t i = 0; i < n; ++i) {
            x[i] = normal(random);
            y[i] = i % 5 == 0 ? 0.0f : x[i] + 0.01f * normal(random);
        }
        long double error = 0, xx = 0, yy = 0, xy = 0, most = 0;
        std::uint64_t zeros = 0;
        for (std::size_t i = 0; i < n; ++i) {
            const long double a = x[i], b = y[i];
            error += (a - b) * (a - b);
            xx += a * a;
            yy += b * b;
            xy += a * b;
            most = std::max(most, std::fabs(a - b));
            zeros += y[i] == 0;
        }
        const difference d = measure_difference(std::span<const float>(x), std::span<const float>(y));
        // n additions of positive terms, each off by at most 2^-53 relative.
        const double bound = static_cast<double>(n + 8) * 0x1p-52;
        CHECK(d.count == n);
        CHECK(d.zeros == zeros);
        CHECK(d.squared_error == Catch::Approx(static_cast<double>(error)).epsilon(bound).margin(0));
        CHECK(d.squared_x == Catch::Approx(static_cast<double>(xx)).epsilon(bound).margin(0));
        CHECK(d.squared_y == Catch::Approx(static_cast<double>(yy)).epsilon(bound).margin(0));
        CHECK(std::fabs(d.product - static_cast<double>(xy)) <= bound * static_cast<double>(xx + yy));
        CHECK(d.max_absolute_error == static_cast<double>(most));
        const difference threaded = measure_difference(std::span<const float>(x), std::span<const float>(y), 3);
        CHECK(threaded.squared_error == d.squared_error);
        CHECK(threaded.product == d.product);
    }
}
