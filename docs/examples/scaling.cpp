#include <algorithm>
#include <cmath>
#include <cstdio>

#include "halfulp/scaling/fit.hpp"
#include "halfulp/scaling/uncertainty.hpp"

int main() {
    // Runs that follow a law of one's own, to one part in a thousand.
    halfulp::run_table runs;
    for (int i = 0; i < 12; ++i) {
        const double n = 1e7 * std::pow(2, i % 6), noise = 1e-3 * std::sin(5 * i);
        runs.numbers["N"].push_back(n);
        runs.loss.push_back((1.8 + 300 / std::pow(n, 0.3)) * std::exp(noise));
    }
    const auto law = halfulp::make_law(
        "own", "E + A / N^alpha", {"N"},
        {{"E", {}, true, true, {1}}, {"A", {}, true, true, {100}}, {"alpha", {}, false, false, {0.1, 0.5}}});
    const halfulp::fit_problem problem(law, runs, {.estimator = halfulp::fit_estimator::log_least_squares});
    const auto found = problem.minimize_each(problem.grid_of_starts());
    const auto best = std::min_element(found.begin(), found.end(),
                                       [](const auto& a, const auto& b) { return a.objective < b.objective; });
    const auto alpha = halfulp::profile_interval(problem, *best, "alpha");
    std::printf("alpha %.3f, between %.3f and %.3f\n", best->parameters[2], alpha.lower, alpha.upper);
}
