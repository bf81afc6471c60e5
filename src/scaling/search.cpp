#include "search.hpp"

#include <nlopt.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <stdexcept>

#include "metric.hpp"

namespace halfulp::detail {
namespace {

// Kraft's SLSQP keeps a dense model of the curvature, which suits a handful of parameters: on the 234 runs of Chinchilla's table it reaches
// the best minimum from twice as many of the published starts as NLopt's limited-memory methods, in the same time.

/// What NLopt sees where there is no objective: finite, as its line searches interpolate.
constexpr double nowhere = 1e300;

/// When a search ends.
struct limits {
    double objective, coordinates;  ///< relative changes by a step
    int evaluations, turns;
};

limits limits_of(search_effort effort, int most_evaluations) {
    switch (effort) {
        case search_effort::look: return {1e-4, 1e-3, std::min(80, most_evaluations), 1};
        case search_effort::last: return {0, 0, std::min(500, most_evaluations), 1};
        case search_effort::rough: return {1e-10, 1e-8, most_evaluations, 1};
        default: return {1e-14, 1e-12, most_evaluations, 20};
    }
}

struct call {
    evaluation* objective;
    double unit;  ///< what the search sees is in it: NLopt has limits that know no unit
    const metric* axes = nullptr;  ///< of what the search moves; none: the coordinates themselves
    int count = 0;
    double best = nowhere;
    std::vector<double> moved;
    std::vector<double> at;  ///< the best point seen: some of NLopt's methods return the last one
};

double objective_of(unsigned n, const double* x, double* gradient, void* data) {
    call& c = *static_cast<call*>(data);
    ++c.count;
    if (c.axes != nullptr) {
        c.moved.resize(n);
        c.axes->to_coordinates({x, n}, c.moved);
        x = c.moved.data();
    }
    const double f =
        c.objective->at({x, n}, gradient != nullptr ? std::span<double>(gradient, n) : std::span<double>()) / c.unit;
    bool usable = std::isfinite(f);
    if (gradient != nullptr) {
        for (unsigned i = 0; i < n; ++i) {
            gradient[i] /= c.unit;
            usable = usable && std::isfinite(gradient[i]);
        }
    }
    if (!usable) {
        if (gradient != nullptr) std::fill_n(gradient, n, 0.0);
        return nowhere;
    }
    if (f < c.best) {
        c.best = f;
        c.at.assign(x, x + n);
    }
    if (c.axes != nullptr && gradient != nullptr) c.axes->pull_back({gradient, n});
    return f;
}

struct destroy {
    void operator()(nlopt_opt_s* o) const { nlopt_destroy(o); }
};

}  // namespace

fit_minimum search_from(evaluation& objective, const fit_setting& setting, std::span<const double> start,
                        int most_evaluations, search_effort effort) {
    objective.set(start);
    const std::vector<std::size_t>& free = objective.free();
    const auto n = static_cast<unsigned>(free.size());
    std::vector<double> x(n), lower(n), upper(n), gradient(n);
    for (unsigned k = 0; k < n; ++k) {
        const fit_parameter& p = setting.parameters[free[k]];
        const auto coordinate = [&](double number) { return p.positive ? std::log(std::max(number, 0.0)) : number; };
        x[k] = objective.coordinate(free[k]);
        lower[k] = coordinate(p.lower);
        upper[k] = coordinate(p.upper);
    }
    call c{&objective, objective.unit() * objective.unit(), nullptr, 0, nowhere, {}, {}};
    const auto is_finite = [](double x_) { return std::isfinite(x_); };
    const bool bounded =
        std::any_of(lower.begin(), lower.end(), is_finite) || std::any_of(upper.begin(), upper.end(), is_finite);
    objective_of(n, x.data(), gradient.data(), &c);
    fit_minimum out;
    if (!c.at.empty() && n != 0) {
        const limits end = limits_of(effort, most_evaluations);
        // Again from where it ended, until that brings nothing more: a search's own model of the curvature may have grown stale.
        for (int turn = 0; turn < end.turns && c.count < end.evaluations; ++turn) {
            const double before = c.best;
            const std::unique_ptr<nlopt_opt_s, destroy> o(nlopt_create(NLOPT_LD_SLSQP, n));
            if (o == nullptr) throw std::runtime_error("NLopt: no memory for a search");
            nlopt_set_min_objective(o.get(), objective_of, &c);
            // Bounds are bounds of coordinates, and stay so.
            std::optional<metric> axes;
            if (!bounded) {
                if (turn != 0) {  // else it is the start's
                    objective.at(c.at, gradient);
                    for (double& g : gradient) g /= c.unit;
                }
                axes.emplace(objective, c.at, gradient);
                c.axes = &*axes;
            } else {
                nlopt_set_lower_bounds(o.get(), lower.data());
                nlopt_set_upper_bounds(o.get(), upper.data());
            }
            nlopt_set_ftol_rel(o.get(), end.objective);
            nlopt_set_xtol_rel(o.get(), end.coordinates);
            nlopt_set_maxeval(o.get(), end.evaluations - c.count);
            x = bounded ? c.at : std::vector<double>(n, 0.0);
            double f = 0;
            // Its result says why it stopped; what counts is the gradient below.
            static_cast<void>(nlopt_optimize(o.get(), x.data(), &f));
            c.axes = nullptr;
            if (!(c.best < before - 1e-12 * std::abs(before))) break;
        }
    }
    // Within the rounding of the coordinates an end is on its bound.
    const auto is_at = [](double coordinate, double bound) {
        return std::isfinite(bound) && std::abs(coordinate - bound) <= 1e-14 * std::max(1.0, std::abs(bound));
    };
    if (!c.at.empty() || n == 0) {
        x = c.at;
        const double f = objective.at(x, gradient);
        if (std::isfinite(f)) {
            out.objective = f;
            out.gradient = 0;
            for (unsigned k = 0; k < n; ++k) {
                const bool held =
                    (is_at(x[k], lower[k]) && gradient[k] > 0) || (is_at(x[k], upper[k]) && gradient[k] < 0);
                if (!held) out.gradient = std::max(out.gradient, std::abs(gradient[k]));
            }
        }
    }
    out.parameters.assign(objective.numbers().begin(), objective.numbers().end());
    // On a bound the number is the bound: the exponential of a logarithm may be a last place beyond it.
    for (unsigned k = 0; k < n && !c.at.empty(); ++k) {
        if (is_at(x[k], lower[k])) out.parameters[free[k]] = setting.parameters[free[k]].lower;
        if (is_at(x[k], upper[k])) out.parameters[free[k]] = setting.parameters[free[k]].upper;
    }
    out.evaluations = c.count;
    return out;
}

}  // namespace halfulp::detail
