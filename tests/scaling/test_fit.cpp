#include "halfulp/scaling/fit.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cmath>

#include "halfulp/scaling/uncertainty.hpp"
#include "scaling/linear_part.hpp"

using namespace halfulp;
using Catch::Matchers::ContainsSubstring;

namespace {

const std::vector<double> truth{1.7, 400, 1000, 0.34, 0.3};  // E, A, B, alpha, beta

/// Runs of Chinchilla's law with relative noise that is the same on every machine.
run_table runs_of(std::size_t count, double noise) {
    run_table table;
    for (std::size_t i = 0; i < count; ++i) {
        const double u = std::fmod(0.6180339887 * static_cast<double>(i + 1), 1.0),
                     v = std::fmod(0.7548776662 * static_cast<double>(i + 1), 1.0);
        const double n = std::pow(10, 7 + 3 * u), d = std::pow(10, 9 + 2.5 * v);
        table.numbers["N"].push_back(n);
        table.numbers["D"].push_back(d);
        const double shock = std::sin(12.9898 * static_cast<double>(i + 1));
        table.loss.push_back((truth[0] + truth[1] / std::pow(n, truth[3]) + truth[2] / std::pow(d, truth[4])) *
                             std::exp(noise * shock));
    }
    return table;
}

fit_minimum best_of(const std::vector<fit_minimum>& all) {
    return *std::min_element(all.begin(), all.end(),
                             [](const auto& a, const auto& b) { return a.objective < b.objective; });
}

/// Every 37th of the law's starts: some of them lead to the best minimum, most do not.
fit_minimum searched(const fit_problem& problem) {
    const std::vector<double> grid = problem.grid_of_starts();
    const std::size_t width = problem.parameters().size();
    std::vector<double> some;
    const std::size_t step = grid.size() / width > 100 ? 37 : 1;
    for (std::size_t i = 0; i < grid.size() / width; i += step) {
        some.insert(some.end(), grid.begin() + static_cast<std::ptrdiff_t>(i * width),
                    grid.begin() + static_cast<std::ptrdiff_t>((i + 1) * width));
    }
    return best_of(problem.minimize_each(some));
}

constexpr fit_estimator every_estimator[] = {fit_estimator::huber, fit_estimator::huber_likelihood,
                                             fit_estimator::log_least_squares, fit_estimator::variable_projection};

}  // namespace

TEST_CASE("losses without noise give the law back, by every estimator") {
    for (const fit_estimator e : every_estimator) {
        fit_options options;
        options.estimator = e;
        const fit_problem problem(find_law("chinchilla"), runs_of(60, 0), options);
        const fit_minimum found = searched(problem);
        INFO(to_string(e));
        // The Jacobian's condition, about 1e3, times rounding of the losses.
        for (std::size_t k = 0; k < 5; ++k) CHECK(std::abs(found.parameters[k] / truth[k] - 1) < 1e-9);
    }
}

TEST_CASE("a minimum has no neighbour with a smaller objective, and no derivative") {
    for (const fit_estimator e : every_estimator) {
        fit_options options;
        options.estimator = e;
        const fit_problem problem(find_law("chinchilla"), runs_of(80, 0.01), options);
        const fit_minimum found = searched(problem);
        INFO(to_string(e));
        CHECK(std::abs(problem.objective(found.parameters) - found.objective) <= 1e-9 * std::abs(found.objective));
        for (std::size_t k = 0; k < 5; ++k) {
            for (const double step : {-1e-3, 1e-3}) {
                std::vector<double> near = found.parameters;
                near[k] *= 1 + step;
                CHECK(problem.objective(near) >= found.objective);
                // Held there, the others searched again.
                CHECK(problem.minimize_with(problem.parameters()[k].name, near[k], found.parameters).objective >=
                      found.objective * (found.objective > 0 ? 1 - 1e-12 : 1 + 1e-12));
            }
        }
    }
}

TEST_CASE("results are the same for every number of threads, and in the order of the starts") {
    fit_options one, three;
    three.threads = 3;
    const run_table table = runs_of(50, 0.01);
    const fit_problem a(find_law("chinchilla"), table, one), b(find_law("chinchilla"), table, three);
    std::vector<double> starts = a.grid_of_starts();
    CHECK(starts.size() == 4500 * 5);
    starts.resize(200 * 5);
    const auto left = a.minimize_each(starts), right = b.minimize_each(starts);
    for (std::size_t i = 0; i < 200; ++i) CHECK(left[i].parameters == right[i].parameters);
    // So few are all followed, each by a search from its own start.
    starts.resize(40 * 5);
    const auto few = a.minimize_each(starts);
    for (std::size_t i = 0; i < few.size(); ++i) {
        CHECK(few[i].objective >= a.minimize(std::span(starts).subspan(5 * i, 5)).objective * (1 - 1e-12));
    }
}

TEST_CASE("a replicate is the fit of the runs that it drew") {
    const run_table table = runs_of(40, 0.02);
    const fit_problem all(find_law("chinchilla"), table, {});
    const std::vector<std::uint32_t> places = bootstrap_places(3, 40, 7);
    CHECK(*std::max_element(places.begin(), places.end()) < 40);
    const std::vector<fit_minimum> refits = all.refit(places, 3, truth);
    for (std::size_t r = 0; r < 3; ++r) {
        run_table drawn;
        for (std::size_t i = 0; i < 40; ++i) {
            const std::size_t place = places[40 * r + i];
            drawn.numbers["N"].push_back(table.numbers.at("N")[place]);
            drawn.numbers["D"].push_back(table.numbers.at("D")[place]);
            drawn.loss.push_back(table.loss[place]);
        }
        const fit_problem own(find_law("chinchilla"), drawn, {});
        // The same sum in another order.
        CHECK(std::abs(own.minimize(truth).objective / refits[r].objective - 1) < 1e-6);
        CHECK(std::abs(own.objective(refits[r].parameters) / refits[r].objective - 1) < 1e-9);
    }
    CHECK(bootstrap_places(3, 40, 7) == places);
    CHECK(bootstrap_places(3, 40, 8) != places);
}

TEST_CASE("without one run the fit is that of a table that lacks it") {
    const run_table table = runs_of(20, 0.02);
    const fit_problem all(find_law("chinchilla"), table, {});
    const std::vector<fit_minimum> left = all.leave_one_out(truth);
    REQUIRE(left.size() == 20);
    run_table rest = table;
    for (auto& [name, column] : rest.numbers) column.erase(column.begin() + 4);
    rest.loss.erase(rest.loss.begin() + 4);
    const fit_problem own(find_law("chinchilla"), rest, {});
    CHECK(std::abs(own.objective(left[4].parameters) / left[4].objective - 1) < 1e-9);
}

TEST_CASE("labels have numbers of their own, and one can be held") {
    run_table table = runs_of(60, 0);
    label_column format;
    format.names = {"16", "4"};
    const double eff = 0.42;
    for (std::size_t i = 0; i < 60; ++i) {
        format.numbers.push_back(i % 2);
        if (i % 2 == 1)
            table.loss[i] += truth[1] / std::pow(table.numbers["N"][i] * eff, truth[3]) -
                             truth[1] / std::pow(table.numbers["N"][i], truth[3]);
    }
    table.labels["format"] = format;
    fit_options options;
    options.estimator = fit_estimator::log_least_squares;
    fit_problem problem(find_law("quest"), table, options);
    REQUIRE(problem.parameters().size() == 7);
    problem.fix("eff[16]", 1);
    const std::vector<double> start{1, 100, 100, 0.4, 0.4, 1, 1};
    const fit_minimum found = problem.minimize(start);
    CHECK(std::abs(found.parameters[6] / eff - 1) < 1e-8);
    CHECK(found.parameters[5] == 1);
    CHECK_THROWS_WITH(problem.fix("eff[8]", 1), ContainsSubstring("eff[4]"));
    CHECK_THROWS_WITH(problem.fix("eff[4]", -1), ContainsSubstring("greater than 0"));
}

TEST_CASE("a bound holds, and says so by where the parameter is") {
    fit_problem problem(find_law("chinchilla"), runs_of(60, 0.01), {});
    problem.bound("alpha", 0.4, 1);
    const fit_minimum found = problem.minimize(std::vector<double>{1, 100, 100, 0.5, 0.5});
    CHECK(found.parameters[3] == 0.4);
    CHECK_THROWS_WITH(problem.bound("alpha", 1, 1), ContainsSubstring("the first less than the second"));
}

TEST_CASE("the covariance of least squares is that of the normal equations") {
    fit_options options;
    options.estimator = fit_estimator::log_least_squares;
    // log(loss) = log A - alpha log N: linear regression, whose covariance is known in closed form.
    run_table table;
    double sx = 0, sxx = 0;
    for (int i = 0; i < 30; ++i) {
        const double x = 1 + 0.3 * i;
        table.numbers["N"].push_back(std::exp(x));
        table.loss.push_back(std::exp(2 - 0.5 * x + 0.01 * std::sin(7.0 * i)));
        sx += x;
        sxx += x * x;
    }
    const fit_problem problem(
        make_law("power", "A / N^alpha", {"N"}, {{"A", {}, true, true, {1}}, {"alpha", {}, false, false, {1}}}), table,
        options);
    const fit_minimum found = problem.minimize(std::vector<double>{1, 1});
    const fit_uncertainty u = uncertainty_of(problem, found);
    const double s2 = found.objective / 28, determinant = 30 * sxx - sx * sx;
    CHECK(std::abs(u.covariance[3] / (s2 * 30 / determinant) - 1) < 1e-9);
    CHECK(std::abs(u.covariance[0] / (s2 * sxx / determinant * found.parameters[0] * found.parameters[0]) - 1) < 1e-9);
    CHECK(u.rank == 2);
    // For a linear model the profile of n log(sum) is known too: t²/(n-2) = exp(χ²/n) - 1.
    const fit_interval interval = profile_interval(problem, found, "alpha", 0.95);
    const double half = std::sqrt(u.covariance[3] * 28 * (std::exp(1.959963984540054 * 1.959963984540054 / 30) - 1));
    CHECK(std::abs(interval.upper - (found.parameters[1] + half)) < 1e-6 * half);
    CHECK(std::abs(interval.lower - (found.parameters[1] - half)) < 1e-6 * half);
    CHECK(std::abs(log_likelihood_of(problem, found) +
                   15 * (std::log(2 * 3.14159265358979323846 * found.objective / 30) + 1)) < 1e-9);
}

TEST_CASE("what the runs cannot tell apart is seen") {
    run_table table = runs_of(40, 0.01);
    std::fill(table.numbers["D"].begin(), table.numbers["D"].end(), 1e9);
    const fit_problem problem(find_law("chinchilla"), table, {});
    const fit_uncertainty u = uncertainty_of(problem, problem.minimize(truth));
    CHECK(std::isinf(u.condition));
    CHECK(u.rank == 3);
    CHECK(std::isnan(u.covariance[0]));
}

TEST_CASE("least squares with signs is the least of all sets of zeros") {
    std::vector<double> basis, target;
    for (int k = 0; k < 4; ++k) {
        for (int i = 0; i < 9; ++i) basis.push_back(std::sin(1.3 * i * (k + 1) + k) + 0.2 * k);
    }
    for (int i = 0; i < 9; ++i) target.push_back(std::cos(2.1 * i));
    const auto squares = [&](const std::vector<double>& x) {
        double sum = 0;
        for (std::size_t i = 0; i < 9; ++i) {
            double r = target[i];
            for (std::size_t k = 0; k < 4; ++k) r -= x[k] * basis[9 * k + i];
            sum += r * r;
        }
        return sum;
    };
    const std::vector<double> x = detail::least_squares(basis, target, {true, true, true, true});
    // No allowed step along or between coordinates makes it smaller.
    for (std::size_t a = 0; a < 4; ++a) {
        CHECK(x[a] >= 0);
        for (std::size_t b = 0; b < 4; ++b) {
            for (const double s : {-1e-4, 1e-4}) {
                for (const double t : {-1e-4, 0.0, 1e-4}) {
                    std::vector<double> near = x;
                    near[a] += s;
                    near[b] += t;
                    if (near[a] >= 0 && near[b] >= 0) CHECK(squares(near) >= squares(x));
                }
            }
        }
    }
    // A column that is another's multiple gets nothing, and the sum is as small as without it.
    std::vector<double> twice(basis.begin(), basis.begin() + 9);
    for (int i = 0; i < 9; ++i) twice.push_back(2 * basis[static_cast<std::size_t>(i)]);
    const std::vector<double> y = detail::least_squares(twice, target, {false, false});
    CHECK(y[1] == 0);
}

TEST_CASE("tables that cannot be fitted are refused by name and value") {
    const auto refuses = [](const run_table& table, const std::string& part) {
        CHECK_THROWS_WITH(fit_problem(find_law("chinchilla"), table, {}), ContainsSubstring(part));
    };
    run_table table = runs_of(10, 0);
    run_table bad = table;
    bad.loss[3] = -1;
    refuses(bad, "in run 3");
    bad = table;
    bad.numbers["N"][2] = std::nan("");
    refuses(bad, "column N has nan in run 2");
    bad = table;
    bad.numbers.erase("D");
    refuses(bad, "needs the column 'D'");
    bad = table;
    bad.numbers["D"].pop_back();
    refuses(bad, "one for each run");
    refuses({}, "no runs");
    fit_options options;
    options.estimator = fit_estimator::variable_projection;
    CHECK_THROWS_WITH(fit_problem(make_law("bent", "N^alpha", {"N"}), table, options),
                      ContainsSubstring("linear parameters"));
    options.delta = 0;
    CHECK_THROWS_WITH(fit_problem(find_law("chinchilla"), table, options), ContainsSubstring("delta"));
    CHECK_THROWS_WITH(parse_estimator("hubert"), ContainsSubstring("huber_likelihood"));
    const fit_problem problem(find_law("chinchilla"), table, {});
    CHECK_THROWS_WITH(problem.minimize(std::vector<double>{1, 2}), ContainsSubstring("allowed: 5"));
}

TEST_CASE("an end on a bound is the bound") {
    // Catches: exp(log 3), which is 3.0000000000000004; a derivative there told as one that did not vanish.
    const run_table table = runs_of(60, 1e-3);
    for (const double bound : {3.0, 2.1, 1.1}) {
        fit_problem problem(find_law("chinchilla"), table, {});
        problem.bound("E", bound > 1.7 ? bound : 0, bound > 1.7 ? 10 : bound);
        const fit_minimum m = problem.minimize(truth);
        CHECK(m.parameters[0] == bound);
        CHECK(uncertainty_of(problem, m).free == std::vector<std::size_t>{1, 2, 3, 4});
    }
}

TEST_CASE("squared losses in another unit are the same search") {
    // Catches: limits that know no unit. In a power of two as the unit every number is the same but for it.
    const run_table table = runs_of(60, 1e-3);
    fit_options options;
    options.estimator = fit_estimator::variable_projection;
    const fit_minimum one = fit_problem(find_law("chinchilla"), table, options).minimize(truth);
    for (const int power : {-300, -100, 100, 300}) {
        run_table other = table;
        for (double& loss : other.loss) loss = std::ldexp(loss, power);
        std::vector<double> start = truth;
        for (std::size_t p = 0; p < 3; ++p) start[p] = std::ldexp(start[p], power);
        const fit_minimum m = fit_problem(find_law("chinchilla"), other, options).minimize(start);
        CHECK(m.objective == std::ldexp(one.objective, 2 * power));
        for (std::size_t p = 0; p < 5; ++p)
            CHECK(m.parameters[p] == (p < 3 ? std::ldexp(one.parameters[p], power) : one.parameters[p]));
    }
}
