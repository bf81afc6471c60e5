#include "halfulp/analysis/rate_bounds.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "../../kernels/float_environment.hpp"
#include "../shown.hpp"
#include "element_integral.hpp"
#include "gauss.hpp"

namespace halfulp {
namespace {

using namespace detail;

template <class F>
double over_panels(const density& of, F&& f) {
    const auto edges = of.edges();
    double sum = 0;
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) sum += integrate(edges[i], edges[i + 1], 16, f);
    return sum;
}

}  // namespace

double differential_entropy(const density& of) {
    const float_environment environment;
    return over_panels(of, [&](double x) {
        const double p = of.at(x);
        return p > 0 ? -p * std::log2(p) : 0;
    });
}

double panter_dite_constant(const density& of) {
    const float_environment environment;
    const double root = over_panels(of, [&](double x) { return std::cbrt(of.at(x)); });
    return root * root * root / 12;
}

entropy_coded entropy_coded_uniform(const density& of, double step) {
    if (!(step > 0) || !std::isfinite(step))
        throw std::invalid_argument("step is " + detail::shown(step) + ", allowed: finite numbers above 0");
    const float_environment environment;
    // So many levels that none beyond is ever met.
    const member_grid grid = grid_of(fixed_format{62, 0, true, true});
    const gap_rule rule(rounding_mode::nearest_ties_to_even, 32);
    element_integral sum(of, grid, rule, code_sums::entropy, 2);
    const weight_step all{std::numeric_limits<double>::infinity(), 1};
    sum.add(step, std::span(&all, 1));
    return {step, sum.sums().entropy, sum.sums().squared};
}

entropy_coded entropy_coded_uniform_at(const density& of, double bits) {
    if (!(bits >= 0.01 && bits <= 20))
        throw std::invalid_argument("bits is " + detail::shown(bits) + ", allowed: 0.01 to 20");
    const double width = std::sqrt(of.second_moment());
    double low = width * std::exp2(-bits) / 16;
    double high = width * 64;
    while (high / low - 1 > 1e-15) {
        const double middle = std::sqrt(low * high);
        if (middle <= low || middle >= high) break;
        (entropy_coded_uniform(of, middle).entropy > bits ? low : high) = middle;
    }
    return entropy_coded_uniform(of, high);
}

}  // namespace halfulp
