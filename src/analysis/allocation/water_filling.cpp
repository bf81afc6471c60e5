#include "halfulp/analysis/water_filling.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

#include "../../kernels/float_environment.hpp"
#include "problem.hpp"

namespace halfulp {
namespace {

void check(std::span<const double> variances, std::span<const double> counts, double bits) {
    if (variances.empty()) throw std::invalid_argument("variances is empty, allowed: one number or more");
    if (counts.size() != variances.size()) {
        throw std::invalid_argument("counts has " + std::to_string(counts.size()) +
                                    " numbers, allowed: " + std::to_string(variances.size()) + ", as variances has");
    }
    const auto refuse = [](const char* name, std::size_t i, double x, const char* allowed) {
        throw std::invalid_argument(std::string(name) + "[" + std::to_string(i) + "] is " + detail::shown(x) +
                                    ", allowed: finite numbers, " + allowed);
    };
    for (std::size_t i = 0; i < variances.size(); ++i) {
        if (!std::isfinite(variances[i]) || variances[i] < 0) refuse("variances", i, variances[i], "0 or more");
        if (!std::isfinite(counts[i]) || counts[i] <= 0) refuse("counts", i, counts[i], "above 0");
    }
    if (!std::isfinite(bits) || bits < 0) {
        throw std::invalid_argument("bits is " + detail::shown(bits) + ", allowed: finite numbers, 0 or more");
    }
}

}  // namespace

filled_water fill_water(std::span<const double> variances, std::span<const double> counts, double bits) {
    check(variances, counts, bits);
    const detail::float_environment environment;
    std::vector<std::size_t> order(variances.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return variances[a] > variances[b]; });
    const double budget = bits * std::accumulate(counts.begin(), counts.end(), 0.0);

    // With the k largest variances above the level, budget = Σ counts · (log2 variance - log2 level) / 2. The right k
    // is the largest whose smallest variance is still above its level: one more source would lie below the level that
    // it brings about.
    double level = variances[order.front()] > 0 ? std::log2(variances[order.front()]) : 0;
    double weight = 0;
    double logarithms = 0;
    for (const std::size_t i : order) {
        if (variances[i] == 0) break;
        const double own = std::log2(variances[i]);
        if (weight > 0 && own <= level) break;
        weight += counts[i];
        logarithms += counts[i] * own;
        level = (logarithms - 2 * budget) / weight;
    }

    filled_water out{std::vector<double>(variances.size(), 0.0), {variances.begin(), variances.end()}, 0, 0};
    if (weight > 0) {
        out.level = std::exp2(level);
        for (std::size_t i = 0; i < variances.size(); ++i) {
            if (variances[i] == 0) continue;
            const double above = (std::log2(variances[i]) - level) / 2;
            if (above <= 0) continue;
            out.bits[i] = above;
            out.distortions[i] = out.level;
        }
    }
    for (std::size_t i = 0; i < variances.size(); ++i) out.total += counts[i] * out.distortions[i];
    return out;
}

}  // namespace halfulp
