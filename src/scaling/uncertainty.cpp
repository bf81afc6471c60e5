#include "halfulp/scaling/uncertainty.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>

#include "evaluation.hpp"
#include "halfulp/matrices/singular_values.hpp"

namespace halfulp {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Residuals as the estimator sees them, without its scale.
std::vector<double> residuals_of(const fit_problem& problem, const fit_minimum& minimum) {
    const std::vector<double> y = problem.predict(minimum.parameters);
    std::vector<double> r(y.size());
    const bool of_log = problem.options().estimator != fit_estimator::variable_projection;
    for (std::size_t i = 0; i < r.size(); ++i) {
        r[i] = of_log ? std::log(problem.losses()[i]) - std::log(y[i]) : problem.losses()[i] - y[i];
    }
    return r;
}

/// Where the estimator's ψ(r) stops to grow.
double cutoff_of(const fit_problem& problem, const fit_minimum& minimum) {
    switch (problem.options().estimator) {
        case fit_estimator::huber: return problem.options().delta;
        case fit_estimator::huber_likelihood: return problem.options().delta * minimum.parameters.back();
        default: return infinity;
    }
}

struct spread {
    double squared_slope;  ///< mean ψ²
    double slope_growth;   ///< mean ψ'
};

spread spread_of(std::vector<double> r, double cutoff) {
    const auto n = static_cast<double>(r.size());
    spread out{0, 1};
    for (double& x : r) {
        x = std::abs(x);
        out.squared_slope += std::min(x, cutoff) * std::min(x, cutoff) / n;
    }
    if (std::isinf(cutoff)) return out;
    std::sort(r.begin(), r.end());
    const double median = r[r.size() / 2];
    const double width = std::max(cutoff, 1.06 * 1.4826 * median * std::pow(n, -0.2));
    const auto inside = static_cast<double>(std::upper_bound(r.begin(), r.end(), width) - r.begin());
    out.slope_growth = std::min(1.0, inside / n * cutoff / width);
    return out;
}

bool is_held(const fit_parameter& p, double number) { return p.fixed || number <= p.lower || number >= p.upper; }

bool is_scale(const fit_problem& problem, std::size_t p) {
    return problem.options().estimator == fit_estimator::huber_likelihood && p + 1 == problem.parameters().size();
}

/// z with P(|Z| <= z) = level for a standard normal Z.
double two_sided_quantile(double level) {
    double low = 0, high = 10;
    for (int i = 0; i < 80; ++i) {
        const double middle = 0.5 * (low + high);
        (std::erf(middle / std::numbers::sqrt2) < level ? low : high) = middle;
    }
    return 0.5 * (low + high);
}

/// The objective that an interval of this level reaches up to.
double highest_objective(const fit_problem& problem, const fit_minimum& minimum, double level) {
    const double z = two_sided_quantile(level), chi = z * z;
    const auto n = static_cast<double>(problem.runs());
    switch (problem.options().estimator) {
        case fit_estimator::huber_likelihood: return minimum.objective + 0.5 * chi;
        case fit_estimator::huber: {
            const spread s = spread_of(residuals_of(problem, minimum), problem.options().delta);
            return minimum.objective + 0.5 * chi * s.squared_slope / s.slope_growth;
        }
        default: return minimum.objective * std::exp(chi / n);
    }
}

/// −log likelihood of residuals with Huber sum F at the best scale s of the density exp(−h(r)/s²) / (s Z(delta/s)).
double best_huber_likelihood(double sum, double delta, double n) {
    const auto at = [&](double log_scale) {
        const double s = std::exp(log_scale);
        return n * (log_scale + std::log(detail::huber_normalization(delta / s))) + sum / (s * s);
    };
    // One minimum: of a normal's scale for a large delta, of a double exponential's for a small one. Golden sections.
    double low = std::log(1e-12), high = std::log(1e6);
    const double golden = 0.5 * (std::sqrt(5.0) - 1);
    for (int i = 0; i < 120; ++i) {
        const double a = high - golden * (high - low), b = low + golden * (high - low);
        (at(a) < at(b) ? high : low) = at(a) < at(b) ? b : a;
    }
    return at(0.5 * (low + high));
}

}  // namespace

fit_uncertainty uncertainty_of(const fit_problem& problem, const fit_minimum& minimum) {
    fit_uncertainty out;
    const std::vector<fit_parameter>& parameters = problem.parameters();
    for (std::size_t p = 0; p < parameters.size(); ++p) {
        if (!is_scale(problem, p) && !is_held(parameters[p], minimum.parameters[p])) out.free.push_back(p);
    }
    const std::size_t n = problem.runs(), m = out.free.size();
    out.covariance.assign(m * m, std::numeric_limits<double>::quiet_NaN());
    if (m == 0) {
        out.condition = 1;
        return out;
    }
    const std::vector<double> all = problem.jacobian(minimum.parameters);
    matrix j = matrix::from_shape({n, m});
    std::vector<double> lengths(m);
    bool usable = true;
    for (std::size_t k = 0; k < m; ++k) {
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i) {
            j(i, k) = all[i * parameters.size() + out.free[k]];
            sum += j(i, k) * j(i, k);
        }
        lengths[k] = std::sqrt(sum);
        usable = usable && std::isfinite(sum);
        for (std::size_t i = 0; i < n && lengths[k] > 0; ++i) j(i, k) /= lengths[k];
    }
    if (!usable) {
        out.condition = infinity;
        return out;
    }
    const singular_value_decomposition d = decompose(std::move(j));
    const std::size_t r = d.values.size();
    out.rank = static_cast<std::size_t>(
        std::count_if(d.values.begin(), d.values.end(), [&](double s) { return s > 1e-12 * d.values(0); }));
    out.condition = out.rank < m ? infinity : d.values(0) / d.values(m - 1);
    out.weakest.assign(m, 0.0);
    if (r == m) {
        for (std::size_t k = 0; k < m; ++k) out.weakest[k] = d.right(m - 1, k);
    }
    if (out.rank < m || n <= m) return out;
    const spread s = spread_of(residuals_of(problem, minimum), cutoff_of(problem, minimum));
    const double factor =
        s.squared_slope / (s.slope_growth * s.slope_growth) * static_cast<double>(n) / static_cast<double>(n - m);
    // d log p = dp / p.
    const auto unit = [&](std::size_t k) {
        return (parameters[out.free[k]].positive ? minimum.parameters[out.free[k]] : 1.0) / lengths[k];
    };
    for (std::size_t a = 0; a < m; ++a) {
        for (std::size_t b = 0; b < m; ++b) {
            double sum = 0;
            for (std::size_t k = 0; k < m; ++k) sum += d.right(k, a) * d.right(k, b) / (d.values(k) * d.values(k));
            out.covariance[a * m + b] = factor * sum * unit(a) * unit(b);
        }
    }
    return out;
}

fit_interval profile_interval(const fit_problem& problem, const fit_minimum& minimum, std::string_view name,
                              double level) {
    if (!(level >= 0.5 && level <= 0.9999)) {
        throw std::invalid_argument("level is " + std::to_string(level) + ", allowed: 0.5 to 0.9999");
    }
    const std::vector<fit_parameter>& parameters = problem.parameters();
    const auto found =
        std::find_if(parameters.begin(), parameters.end(), [&](const fit_parameter& p) { return p.name == name; });
    if (found == parameters.end() || found->fixed) {
        throw std::invalid_argument("name is '" + std::string(name) + "', allowed: a parameter that the fit moved");
    }
    const auto place = static_cast<std::size_t>(found - parameters.begin());
    const double best = minimum.parameters[place], highest = highest_objective(problem, minimum, level);
    fit_interval out;
    out.lowest = minimum.objective;
    // A linear parameter that the estimator eliminates is one that moves, once it is held.
    const auto side = [&](double sign, double& end, bool& is_found) {
        const auto at = [&](double distance) {
            return found->positive ? best * std::exp(sign * distance) : best + sign * distance;
        };
        std::vector<double> warm = minimum.parameters;
        const auto objective = [&](double distance) {
            const double value = at(distance);
            if (!std::isfinite(value) || (found->positive && !(value > 0))) return infinity;
            const fit_minimum m = problem.minimize_with(name, value, warm);
            if (std::isfinite(m.objective)) warm = m.parameters;
            out.lowest = std::min(out.lowest, m.objective);
            return m.objective;
        };
        end = sign < 0 ? (found->positive ? 0.0 : -infinity) : infinity;
        double inside = 0, outside = found->positive ? 1e-3 : 1e-3 * std::max(std::abs(best), 1e-3);
        int turn = 0;
        for (; turn < 40 && objective(outside) <= highest; ++turn) {
            inside = outside;
            outside *= 2;
            // A factor of e^50 is no bound that the runs give.
            if (found->positive && outside > 50) return;
        }
        if (turn == 40) return;
        for (int i = 0; i < 60 && outside - inside > 1e-9 * outside; ++i) {
            const double middle = 0.5 * (inside + outside);
            (objective(middle) <= highest ? inside : outside) = middle;
        }
        end = at(0.5 * (inside + outside));
        is_found = true;
    };
    side(-1, out.lower, out.lower_found);
    side(1, out.upper, out.upper_found);
    return out;
}

double log_likelihood_of(const fit_problem& problem, const fit_minimum& minimum) {
    const auto n = static_cast<double>(problem.runs());
    switch (problem.options().estimator) {
        case fit_estimator::huber_likelihood: return -minimum.objective;
        case fit_estimator::huber: return -best_huber_likelihood(minimum.objective, problem.options().delta, n);
        default: break;
    }
    double out = -0.5 * n * (std::log(2 * std::numbers::pi * minimum.objective / n) + 1);
    if (problem.options().estimator == fit_estimator::variable_projection) {
        for (const double loss : problem.losses()) out += std::log(loss);
    }
    return out;
}

}  // namespace halfulp
