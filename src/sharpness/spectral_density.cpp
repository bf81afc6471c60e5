#include "halfulp/sharpness/spectral_density.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

namespace halfulp {

double cumulative_error_of(const std::vector<gauss_rule>& rules) {
    if (rules.size() < 2) return std::numeric_limits<double>::quiet_NaN();
    struct jump {
        double node;
        double weight;
        std::size_t rule;
    };
    std::vector<jump> jumps;
    for (std::size_t r = 0; r < rules.size(); ++r) {
        for (std::size_t i = 0; i < rules[r].nodes.size(); ++i) {
            jumps.push_back({rules[r].nodes[i], rules[r].weights[i], r});
        }
    }
    std::sort(jumps.begin(), jumps.end(), [](const jump& a, const jump& b) { return a.node < b.node; });
    const auto count = static_cast<double>(rules.size());
    std::vector<double> reached(rules.size(), 0.0);
    double largest = 0;
    for (std::size_t i = 0; i < jumps.size(); ++i) {
        reached[jumps[i].rule] += jumps[i].weight;
        if (i + 1 < jumps.size() && jumps[i + 1].node == jumps[i].node) continue;
        double mean = 0;
        for (const double x : reached) mean += x / count;
        double squares = 0;
        for (const double x : reached) squares += (x - mean) * (x - mean);
        largest = std::max(largest, squares);
    }
    return std::sqrt(largest / (count - 1) / count);
}

spectral_density estimate_spectral_density(const linear_operator& a, const spectral_density_options& options) {
    if (options.steps < 1) throw std::invalid_argument("steps is 0, allowed: 1 or more");
    if (options.probes < 1) throw std::invalid_argument("probes is 0, allowed: 1 or more");
    counted_operator multiply(a);
    const std::size_t steps = std::min(options.steps, a.size);
    std::vector<double> start(a.size);
    spectral_density out;
    out.cumulative_error = std::numeric_limits<double>::quiet_NaN();
    for (std::size_t probe = 0; probe < options.probes && !out.met; ++probe) {
        fill_probe(options.distribution, options.seed, static_cast<std::uint32_t>(probe), start);
        lanczos_process process(multiply, start, steps);
        while (process.steps() < steps && process.advance()) {
        }
        out.rules.push_back(gauss_rule_of(process));
        out.asymmetry = std::max(out.asymmetry, process.asymmetry());
        // Looked at after each probe only where someone asks; quadratic in the probes, small beside the products.
        if (options.stop.asked() || probe + 1 == options.probes) {
            out.cumulative_error = cumulative_error_of(out.rules);
            out.met = options.stop.met(out.cumulative_error, 0, probe + 1);
        }
    }
    out.products = multiply.products();
    return out;
}

}  // namespace halfulp
