// Lloyd-Max levels of distributions against levels worked out in decimal arithmetic and a closed form of the error; levels of data against
// a loop over the definition; quantile maps.
#include <algorithm>
#include <cfenv>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <stdexcept>

#include <boost/multiprecision/cpp_bin_float.hpp>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "formats/support/vector_tables.hpp"
#include "halfulp/analysis/lloyd_max.hpp"
#include "halfulp/analysis/quantile_map.hpp"
#include "halfulp/formats/codebooks.hpp"

using namespace halfulp;
using Catch::Approx;

namespace {

/// The mean squared error of levels for a normal or Laplace variable, from antiderivatives in long double.
long double error_of(distribution of, const std::vector<double>& levels) {
    const auto up_to = [of](long double x, int moment) -> long double {  // of p, x p, x² p, from -∞
        const bool left = x == -std::numeric_limits<long double>::infinity();
        const bool right = x == std::numeric_limits<long double>::infinity();
        if (left || right) return moment == 1 || left ? 0.0L : 1.0L;
        if (of == distribution::normal) {
            const long double density = std::exp(-x * x / 2) / std::sqrt(2 * std::acos(-1.0L));
            const long double below = std::erfc(-x / std::sqrt(2.0L)) / 2;
            return moment == 0 ? below : moment == 1 ? -density : below - x * density;
        }
        const long double r = std::sqrt(2.0L), e = std::exp(-r * std::fabs(x)) / 2, a = std::fabs(x);
        const long double even = moment == 0 ? e : e * (a * a + r * a + 1);  // beyond |x|
        return moment == 1 ? -e * (a + 1 / r) : x > 0 ? 1 - even : even;
    };
    long double sum = 0;
    long double low = -std::numeric_limits<long double>::infinity();
    for (std::size_t i = 0; i < levels.size(); ++i) {
        const long double c = levels[i];
        const long double high =
            i + 1 < levels.size() ? (c + levels[i + 1]) / 2 : std::numeric_limits<long double>::infinity();
        const auto between = [&](int moment) { return up_to(high, moment) - up_to(low, moment); };
        sum += between(2) - 2 * c * between(1) + c * c * between(0);
        low = high;
    }
    return sum;
}

std::string message_of(const auto& call) {
    try {
        call();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "no error";
}

/// The definition of lloyd_max_from_data, element by element; sums have 113 bits.
template <class T>
std::vector<T> fitted(std::vector<T> x, std::size_t levels, int iterations) {
    using quad = boost::multiprecision::cpp_bin_float_quad;
    std::sort(x.begin(), x.end());
    std::vector<T> distinct = x;
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    std::vector<T> c;
    for (std::size_t i = 0; i < levels; ++i) c.push_back(distinct[(2 * i + 1) * distinct.size() / (2 * levels)]);
    for (int k = 0; k < iterations; ++k) {
        std::vector<quad> sums(levels);
        std::vector<std::size_t> counts(levels);
        for (const T v : x) {
            std::size_t nearest = 0;
            for (std::size_t i = 1; i < levels; ++i) {
                if (2 * quad(v) > quad(c[i - 1]) + quad(c[i])) nearest = i;
            }
            sums[nearest] += quad(v);
            ++counts[nearest];
        }
        for (std::size_t i = 0; i < levels; ++i) {
            if (counts[i] != 0) c[i] = static_cast<T>(static_cast<double>(sums[i]) / static_cast<double>(counts[i]));
        }
    }
    return c;
}

template <class T>
void check_fit(const std::vector<T>& x, int levels, int iterations) {
    const auto got = lloyd_max_from_data(std::span<const T>(x), levels, iterations);
    const auto wanted = fitted(x, static_cast<std::size_t>(levels), iterations);
    CHECK(std::equal(got.begin(), got.end(), wanted.begin(), wanted.end()));
}

}  // namespace

TEST_CASE("levels of the normal and the Laplace distribution are those of decimal arithmetic") {
    std::size_t tables = 0;
    for (const vectors::table& wanted : vectors::read_tables("lloyd_max")) {
        INFO(wanted.name);
        const bool normal = wanted.name.starts_with("normal");
        const int levels = std::stoi(wanted.name.substr(normal ? 6 : 7));
        const optimal_levels got = lloyd_max(normal ? distribution::normal : distribution::laplace, levels);
        CHECK(got.squared_error == Approx(vectors::number(wanted.remark)).epsilon(1e-14).margin(0));
        REQUIRE(got.levels.size() == static_cast<std::size_t>(levels));
        for (std::size_t i = 0; i < wanted.values.size(); ++i) {
            const double level = vectors::number(wanted.values[wanted.values.size() - 1 - i]);
            CHECK(got.levels[got.levels.size() - 1 - i] == Approx(level).epsilon(0).margin(4e-15));
            CHECK(got.levels[i] == -got.levels[got.levels.size() - 1 - i]);
        }
        ++tables;
    }
    CHECK(tables == 14);
}

TEST_CASE("no level can move without making the error larger, and the error is what it says") {
    for (const distribution of : {distribution::normal, distribution::laplace}) {
        for (const int levels : {2, 3, 5, 16, 33, 256}) {
            INFO(levels);
            const optimal_levels best = lloyd_max(of, levels);
            const long double error = error_of(of, best.levels);
            CHECK(best.squared_error == Approx(static_cast<double>(error)).epsilon(1e-12).margin(1e-16));
            for (std::size_t i = 0; i < best.levels.size(); i += 1 + best.levels.size() / 8) {
                for (const double step : {-1e-3, 1e-3}) {
                    std::vector<double> moved = best.levels;
                    moved[i] += step;
                    CHECK(error_of(of, moved) > error);
                }
            }
        }
    }
}

TEST_CASE("many levels approach Panter and Dite's error from below") {
    // (∫ p^(1/3))³ / 12 over the square of the levels: √3 π / 2 for the normal distribution, 9/2 for Laplace's.
    for (const auto& [of, limit] : {std::pair{distribution::normal, std::sqrt(3.0) * std::acos(-1.0) / 2},
                                    std::pair{distribution::laplace, 4.5}}) {
        for (const int levels : {1023, 65536}) {
            const optimal_levels best = lloyd_max(of, levels);
            CHECK(std::is_sorted(best.levels.begin(), best.levels.end(), std::less_equal<>()));
            CHECK(best.squared_error * levels * levels < limit);
            CHECK(best.squared_error * levels * levels > limit * (1 - 3.0 / levels));
        }
    }
}

TEST_CASE("levels of the uniform distribution are evenly spaced") {
    const optimal_levels four = lloyd_max(distribution::uniform, 4);
    const double unit = std::sqrt(3.0) / 4;
    for (std::size_t i = 0; i < 4; ++i)
        CHECK(four.levels[i] == Approx((2 * static_cast<double>(i) - 3) * unit).epsilon(1e-15));
    CHECK(four.squared_error == 0.0625);
}

TEST_CASE("levels of a distribution make a codebook, whatever direction the caller rounds in") {
    const optimal_levels best = lloyd_max(distribution::normal, 16);
    CHECK(make_codebook(best.levels, "Lloyd-Max")->size() == 16);
    std::fesetround(FE_UPWARD);
    const optimal_levels again = lloyd_max(distribution::normal, 16);
    const int direction = std::fegetround();
    std::fesetround(FE_TONEAREST);
    CHECK(direction == FE_UPWARD);
    CHECK(again.levels == best.levels);
    CHECK(again.squared_error == best.squared_error);
    CHECK(message_of([] { lloyd_max(distribution::normal, 1); }) == "levels is 1, allowed: 2 to 65536");
    CHECK(message_of([] { lloyd_max(distribution::laplace, 65537); }) == "levels is 65537, allowed: 2 to 65536");
}

TEST_CASE("levels of data are those of the definition, for any order of the data") {
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    for (const std::size_t n : {40u, 1023u, 1024u, 5000u}) {
        std::vector<float> x(n);
        for (float& v : x) v = normal(random);
        std::vector<double> wide(n);
        for (double& v : wide) v = std::exp(3.0 * static_cast<double>(normal(random)));
        for (const int levels : {2, 3, 4, 16, 33}) {
            for (const int iterations : {1, 2, 20}) {
                check_fit(x, levels, iterations);
                check_fit(wide, levels, iterations);
            }
        }
        std::vector<float> shuffled = x;
        std::shuffle(shuffled.begin(), shuffled.end(), random);
        CHECK(lloyd_max_from_data(std::span<const float>(x), 8, 30) ==
              lloyd_max_from_data(std::span<const float>(shuffled), 8, 30));
    }
}

TEST_CASE("a tie belongs to the lower level") {
    // Levels start at 0 and 2, and 1 is midway: it goes with 0.
    const std::vector<float> x{-1, 0, 1, 2, 3};
    CHECK(lloyd_max_from_data(std::span<const float>(x), 2, 1) == std::vector<double>{0, 2.5});
    check_fit(x, 2, 1);
    std::mt19937 random(4);
    for (int trial = 0; trial < 300; ++trial) {  // small integers: ties at every other midpoint
        std::vector<float> integers(12);
        for (float& v : integers) v = static_cast<float>(static_cast<int>(random() % 24) - 12);
        std::vector<float> distinct = integers;
        std::sort(distinct.begin(), distinct.end());
        const auto different = std::unique(distinct.begin(), distinct.end()) - distinct.begin();
        for (int levels = 2; levels <= std::min<int>(5, static_cast<int>(different)); ++levels)
            check_fit(integers, levels, 1 + trial % 4);
    }
}

TEST_CASE("a level that nothing belongs to stays where it is") {
    // After two iterations the second level, 24.8, lies between 13 and 75, and both are nearer to others.
    const std::vector<double> x{6, 9, 12, 12, 12, 13, 75, 100, 100, 148, 174, 191, 200};
    CHECK(lloyd_max_from_data(std::span<const double>(x), 4, 1)[1] == 24.8);
    CHECK(lloyd_max_from_data(std::span<const double>(x), 4, 2)[1] == 24.8);
    check_fit(x, 4, 2);
    check_fit(x, 4, 100);
}

TEST_CASE("levels stay apart where the data are neighbours in binary64, and the mean of equal numbers is that number") {
    std::mt19937_64 random(6);
    std::uniform_real_distribution<double> uniform(1, 2);
    for (int trial = 0; trial < 200; ++trial) {
        const double x = uniform(random);  // 7 x ÷ 7 in binary64 is not always x
        const double y = std::nextafter(x, 2.0);
        std::vector<double> data(7, x);
        data.insert(data.end(), 11, y);
        CHECK(lloyd_max_from_data(std::span<const double>(data), 2, 10) == std::vector<double>{x, y});
    }
}

TEST_CASE("data that are their own levels stay; -0 is 0") {
    const std::vector<double> x{3, -0.0, 1e-300, -7e200};
    CHECK(lloyd_max_from_data(std::span<const double>(x), 4, 5) == std::vector<double>{-7e200, 0, 1e-300, 3});
    CHECK_FALSE(std::signbit(lloyd_max_from_data(std::span<const double>(x), 4, 5)[1]));
}

TEST_CASE("data that cannot be fitted are an error") {
    const std::vector<float> x{1, 2, 2, 3};
    const auto fit = [](std::vector<float> data, int levels, int iterations) {
        return message_of([&] { lloyd_max_from_data(std::span<const float>(data), levels, iterations); });
    };
    CHECK(fit(x, 1, 1) == "levels is 1, allowed: 2 to 65536");
    CHECK(fit(x, 2, 0) == "iterations is 0, allowed: 1 or more");
    CHECK(fit(x, 4, 1) == "x has 3 distinct values, allowed: 4 or more, one for each level");
    CHECK(fit({}, 2, 1) == "x has 0 distinct values, allowed: 2 or more, one for each level");
    CHECK(fit({1, std::numeric_limits<float>::infinity()}, 2, 1) ==
          "x[1] is inf, allowed: finite numbers of magnitude below 2^960");
    CHECK(fit({std::numeric_limits<float>::quiet_NaN(), 1}, 2, 1).starts_with("x[0] is nan, allowed"));
    const std::vector<double> huge{1e300, 1};
    CHECK(message_of([&] { lloyd_max_from_data(std::span<const double>(huge), 2, 1); }).starts_with("x[0] is 1"));
}

TEST_CASE("a quantile map interpolates between neighbours, adds zero and reaches 1") {
    // Three quantiles of 1 … 5 at 1/6, 1/2, 5/6: places 2/3, 2, 10/3.
    const std::vector<double> x{5, 3, 1, 2, 4};
    const double largest = 4 + 1.0 / 3;
    const auto rounded = [](double v) { return static_cast<double>(static_cast<float>(v)); };
    CHECK(quantile_map(std::span<const double>(x), 2) ==
          std::vector<double>{0, rounded((1 + 2.0 / 3) / largest), rounded(3 / largest), 1});
    std::mt19937 random(9);
    std::normal_distribution<float> normal;
    std::vector<float> many(3001);
    for (float& v : many) v = normal(random);
    const auto map = quantile_map(std::span<const float>(many), 4);
    REQUIRE(map.size() == 16);
    CHECK(std::max(std::fabs(map.front()), map.back()) == 1);
    CHECK(std::is_sorted(map.begin(), map.end(), std::less_equal<>()));
    // n - 1 = 3000 is a multiple of 2 × 15: every quantile is an element.
    std::sort(many.begin(), many.end());
    std::vector<double> wanted{0};
    for (std::size_t i = 0; i < 15; ++i) wanted.push_back(static_cast<double>(many[100 * (2 * i + 1)]));
    const double most = std::max(std::fabs(wanted[1]), wanted.back());
    for (double& v : wanted) v = rounded(v / most);
    std::sort(wanted.begin(), wanted.end());
    CHECK(map == wanted);
    CHECK(make_codebook(map, "quantiles")->bits() == 4);
}

TEST_CASE("a quantile map keeps once what occurs twice, and refuses what makes no map") {
    const std::vector<float> sparse{0, 0, 0, 0, 0, 0, 0, 0, -1, 2};
    CHECK(quantile_map(std::span<const float>(sparse), 3).size() < 8);
    CHECK(quantile_map(std::span<const float>({-3.0f}), 2) == std::vector<double>{-1, 0});
    const auto map = [](std::vector<float> data, int bits) {
        return message_of([&] { quantile_map(std::span<const float>(data), bits); });
    };
    CHECK(map({1, 2}, 1) == "bits is 1, allowed: 2 to 16");
    CHECK(map({1, 2}, 17) == "bits is 17, allowed: 2 to 16");
    CHECK(map({}, 4) == "x has no elements, allowed: one or more");
    CHECK(map({0, 0}, 4) == "x has no quantile but 0, allowed: other numbers among its quantiles");
    CHECK(map({0, std::numeric_limits<float>::infinity()}, 4).starts_with("x[1] is inf"));
}
