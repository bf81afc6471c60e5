// Water-filling against its closed form, its conditions of optimality, and a search over divisions of the bits.
#include "halfulp/analysis/water_filling.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace halfulp;

namespace {

// Logarithms, one division and one exponential: each a few units of 2^-53 of numbers below 64.
constexpr double tolerance = 1e-12;

bool near(double a, double b) { return std::fabs(a - b) <= tolerance * (1 + std::fabs(b)); }

}  // namespace

TEST_CASE("Every source above the level: bits + log2(variance / geometric mean) / 2") {
    const std::vector<double> variances{4, 1, 0.25, 2};
    const std::vector<double> ones(4, 1);
    const filled_water out = fill_water(variances, ones, 3);
    const double mean = std::pow(4 * 1 * 0.25 * 2, 0.25);
    for (std::size_t i = 0; i < 4; ++i) {
        REQUIRE(near(out.bits[i], 3 + std::log2(variances[i] / mean) / 2));
        REQUIRE(out.distortions[i] == out.level);
    }
    REQUIRE(near(out.total, 4 * mean * std::exp2(-6)));  // n geomean 2^-2b
}

TEST_CASE("Sources below the level have no bits, and the others share them") {
    // By hand: with 16 alone above the level, 2 bits in all leave 16 / 2^4 = 1, which is above 0.5 and at 1.
    const std::vector<double> variances{0.5, 16, 1};
    const std::vector<double> ones(3, 1);
    const filled_water out = fill_water(variances, ones, 2.0 / 3);
    REQUIRE(near(out.level, 1));
    REQUIRE(out.bits[0] == 0);
    REQUIRE(near(out.bits[1], 2));
    REQUIRE(std::fabs(out.bits[2]) <= tolerance);
    REQUIRE(near(out.total, 0.5 + 1 + 1));
}

TEST_CASE("The conditions of optimality hold for any variances and counts") {
    std::mt19937_64 rng(5);
    std::uniform_real_distribution<> exponent(-20, 20);
    std::uniform_real_distribution<> count(0.5, 100);
    for (int round = 0; round < 2000; ++round) {
        const auto n = static_cast<std::size_t>(1 + round % 9);
        std::vector<double> variances(n);
        std::vector<double> counts(n);
        for (std::size_t i = 0; i < n; ++i) {
            variances[i] = round % 5 == 0 && i == 1 ? 0 : std::exp2(exponent(rng));
            counts[i] = count(rng);
        }
        const double bits = round % 7 == 0 ? 0 : std::uniform_real_distribution<>(0, 8)(rng);
        const filled_water out = fill_water(variances, counts, bits);
        double used = 0;
        double weight = 0;
        double total = 0;
        for (std::size_t i = 0; i < n; ++i) {
            used += counts[i] * out.bits[i];
            weight += counts[i];
            total += counts[i] * out.distortions[i];
            REQUIRE(out.bits[i] >= 0);
            REQUIRE(near(out.distortions[i], variances[i] * std::exp2(-2 * out.bits[i])));
            // A source with bits lies at the level, one without at its variance, not above the level.
            if (out.bits[i] > 0) REQUIRE(out.distortions[i] == out.level);
            if (out.bits[i] == 0) REQUIRE(out.distortions[i] <= out.level * (1 + tolerance));
        }
        REQUIRE(near(used, bits * weight));
        REQUIRE(near(out.total, total));
        if (n < 2) continue;
        // Moving bits from one source to another never helps.
        for (std::size_t from = 0; from < n; ++from) {
            for (std::size_t to = 0; to < n; ++to) {
                const double moved = 0.01;
                if (from == to || out.bits[from] * counts[from] < moved) continue;
                const auto left = [&](std::size_t i, double more) {
                    return counts[i] * variances[i] * std::exp2(-2 * (out.bits[i] + more / counts[i]));
                };
                const double before = left(from, 0) + left(to, 0);
                REQUIRE(left(from, -moved) + left(to, moved) >= before * (1 - tolerance));
            }
        }
    }
}

TEST_CASE("Zero variances and wrong arguments") {
    const std::vector<double> zeros(3, 0.0);
    const std::vector<double> ones(3, 1.0);
    const filled_water none = fill_water(zeros, ones, 4);
    REQUIRE(none.total == 0);
    REQUIRE(none.bits == zeros);
    const auto message = [](std::vector<double> v, std::vector<double> c, double bits) -> std::string {
        try {
            static_cast<void>(fill_water(v, c, bits));
        } catch (const std::invalid_argument& error) {
            return error.what();
        }
        return "no error";
    };
    REQUIRE(message({}, {}, 1) == "variances is empty, allowed: one number or more");
    REQUIRE(message({1, -2}, {1, 1}, 1) == "variances[1] is -2, allowed: finite numbers, 0 or more");
    REQUIRE(message({1, 2}, {1, 0}, 1) == "counts[1] is 0, allowed: finite numbers, above 0");
    REQUIRE(message({1, 2}, {1}, 1) == "counts has 1 numbers, allowed: 2, as variances has");
    REQUIRE(message({1}, {1}, -1) == "bits is -1, allowed: finite numbers, 0 or more");
    REQUIRE(message({std::numeric_limits<double>::infinity()}, {1}, 1) ==
            "variances[0] is inf, allowed: finite numbers, 0 or more");
}
