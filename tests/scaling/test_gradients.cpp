// Derivatives of every law against differences of long steps, and the laws' values against their formulas written out.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "halfulp/scaling/fit.hpp"
#include "halfulp/scaling/uncertainty.hpp"

using namespace halfulp;

namespace {

run_table table_for(const scaling_law& law, std::size_t runs) {
    run_table table;
    const auto wave = [](std::size_t i, double k) { return 0.5 + 0.5 * std::sin(k * static_cast<double>(i) + k); };
    for (std::size_t i = 0; i < runs; ++i) {
        for (const std::string& name : law.columns) {
            double x = 1;
            if (name == "N") x = std::pow(10, 6 + 3 * wave(i, 1.7));
            if (name == "D") x = std::pow(10, 8 + 3 * wave(i, 2.3));
            if (name.starts_with("P_")) x = 2 + 8 * wave(i, 3.1 + static_cast<double>(name.size()));
            if (name == "E" || name == "M") x = std::floor(5 * wave(i, 2.9));
            if (name == "B" || name == "G") x = std::exp2(3 + std::floor(5 * wave(i, 3.7)));
            if (name == "GMSE") x = 0.001 + 0.3 * wave(i, 4.1);
            table.numbers[name].push_back(x);
        }
        for (const std::string& name : law.labels) {
            table.labels[name].names = {"a", "b", "c"};
            table.labels[name].numbers.push_back(static_cast<std::uint32_t>((i * 7 + name.size()) % 3));
        }
        table.loss.push_back(2 + wave(i, 5.3));
    }
    return table;
}

std::vector<double> some_numbers(const fit_problem& problem) {
    std::vector<double> out;
    for (const fit_parameter& p : problem.parameters()) {
        double x = 0.4;
        if (p.name == "A" || p.name == "n") x = 90;
        if (p.name == "B" || p.name == "d") x = 300;
        if (p.name == "E" || p.name == "eps") x = 1.5;
        if (p.name.starts_with("gamma_") && p.positive) x = 2;
        if (p.name.starts_with("eff")) x = 0.3 + 0.1 * static_cast<double>(p.name.size() % 3);
        out.push_back(x);
    }
    return out;
}

}  // namespace

TEST_CASE("derivatives of every law are those of its values") {
    for (const scaling_law& law : scaling_laws()) {
        const fit_problem problem(law, table_for(law, 300), {});
        const std::vector<double> at = some_numbers(problem);
        const std::vector<double> j = problem.jacobian(at);
        const std::size_t m = at.size();
        REQUIRE(j.size() == 300 * m);
        for (std::size_t k = 0; k < m; ++k) {
            // Fourth order central differences of step h: error h^4/30 of a fifth derivative, about 1e-12 here, and rounding 1e-13 / h.
            const double h = 1e-3;
            std::vector<double> values[4];
            const double steps[4] = {-2, -1, 1, 2};
            for (int s = 0; s < 4; ++s) {
                std::vector<double> x = at;
                x[k] = problem.parameters()[k].positive ? x[k] * std::exp(steps[s] * h) : x[k] + steps[s] * h;
                values[s] = problem.predict(x);
            }
            double worst = 0, largest = 0;
            for (std::size_t i = 0; i < 300; ++i) {
                const auto l = [&](int s) { return std::log(values[s][i]); };
                const double difference = ((l(0) - l(3)) + 8 * (l(2) - l(1))) / (12 * h);
                worst = std::max(worst, std::abs(difference - j[i * m + k]));
                largest = std::max(largest, std::abs(difference));
            }
            INFO(law.name << " " << problem.parameters()[k].name);
            CHECK(worst <= 1e-7 * (1 + largest));
            CHECK(largest > 0);
        }
    }
}

TEST_CASE("published laws have their published values") {
    const auto loss = [](const char* name, std::map<std::string, double> columns) {
        const scaling_law& law = find_law(name);
        run_table table;
        for (const auto& [column, x] : columns) table.numbers[column] = {x};
        table.loss = {1};
        const fit_problem problem(law, table, {});
        std::vector<double> at;
        for (const fit_parameter& p : problem.parameters()) {
            for (const auto& [n, x] : law.published.front().parameters) {
                if (n == p.name) at.push_back(x);
            }
        }
        return problem.predict(at)[0];
    };
    // Points of the reference, of six decimals.
    CHECK(std::abs(loss("fp_quantization", {{"N", 679e6}, {"D", 100e9}, {"E", 8}, {"M", 7}, {"B", 128}}) - 2.611774) <
          5e-7);
    CHECK(std::abs(loss("fp_quantization", {{"N", 679e6}, {"D", 100e9}, {"E", 2}, {"M", 1}, {"B", 128}}) - 2.650388) <
          5e-7);
    CHECK(std::abs(loss("fp_quantization", {{"N", 41e6}, {"D", 10e9}, {"E", 1}, {"M", 1}, {"B", 32}}) - 3.555009) <
          5e-7);
    CHECK(std::abs(loss("chinchilla", {{"N", 1e9}, {"D", 2e10}}) -
                   (1.69 + 406.4 / std::pow(1e9, 0.34) + 410.7 / std::pow(2e10, 0.28))) < 1e-14);
}

TEST_CASE("steps that no parameter reaches and runs beyond one block change nothing") {
    const scaling_law& law = find_law("chinchilla");
    const run_table table = table_for(law, 700);  // 2 blocks of 256 and a rest
    const fit_problem problem(law, table, {});
    const std::vector<double> at{1.7, 400, 1000, 0.34, 0.3};
    const std::vector<double> y = problem.predict(at);
    for (std::size_t i = 0; i < 700; ++i) {
        const double n = table.numbers.at("N")[i], d = table.numbers.at("D")[i];
        // exp(-alpha log N) by vectors: a few units in the last place of each term.
        CHECK(std::abs(y[i] - (1.7 + 400 / std::pow(n, 0.34) + 1000 / std::pow(d, 0.3))) < 1e-14 * y[i] * 10);
    }
}
