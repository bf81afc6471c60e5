#include "halfulp/sharpness/maximize.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "halfulp/core/random.hpp"
#include "halfulp/sharpness/orthonormal_basis.hpp"
#include "halfulp/sharpness/probes.hpp"

namespace halfulp {
namespace {

/// What part of the gain that the slope promises a step has to bring (Armijo 1966).
constexpr double least_part = 1e-4;
constexpr int most_halvings = 30;

class counted_function {
  public:
    explicit counted_function(const smooth_function& f) : f_(f) {}

    double value(std::span<const double> x) {
        ++values;
        const double out = f_.value(x);
        if (!std::isfinite(out)) {
            throw std::invalid_argument("evaluation " + std::to_string(values) + " of the loss is " +
                                        std::to_string(out) + ", allowed: finite numbers");
        }
        return out;
    }
    void gradient(std::span<const double> x, std::span<double> g) {
        ++gradients;
        f_.gradient(x, g);
        for (std::size_t i = 0; i < g.size(); ++i) {
            if (!std::isfinite(g[i])) {
                throw std::invalid_argument("gradient " + std::to_string(gradients) + " of the loss holds " +
                                            std::to_string(g[i]) + " at element " + std::to_string(i) +
                                            ", allowed: finite numbers");
            }
        }
    }

    std::size_t values = 0;
    std::size_t gradients = 0;

  private:
    const smooth_function& f_;
};

/// The step from x to the best point for the linear function g; 0 in coordinates that it says nothing of.
std::vector<double> step_to_best(const neighbourhood& where, std::span<const double> x, std::span<const double> g) {
    std::vector<double> out(x.size(), 0.0);
    if (where.shape == neighbourhood_shape::box) {
        for (std::size_t i = 0; i < x.size(); ++i) {
            if (g[i] == 0) continue;
            out[i] = where.centre[i] + std::copysign(where.reach[i], g[i]) - x[i];
        }
        return out;
    }
    // Scaled by a power of two at first, so that squares of small gradients do not vanish.
    double largest = 0;
    for (std::size_t i = 0; i < x.size(); ++i) largest = std::max(largest, std::fabs(where.reach[i] * g[i]));
    if (largest == 0) return out;
    const double unit = std::ldexp(1.0, -std::ilogb(largest));
    std::vector<double> along(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) along[i] = unit * where.reach[i] * g[i];
    const double length = euclidean_norm(along);
    for (std::size_t i = 0; i < x.size(); ++i) {
        out[i] = where.centre[i] + where.reach[i] * (along[i] / length) - x[i];
    }
    return out;
}

std::vector<double> starting_point(const neighbourhood& where, std::uint64_t seed, std::size_t start) {
    std::vector<double> out = where.centre;
    if (start == 0) return out;
    if (where.shape == neighbourhood_shape::box) {
        const random_source source{seed, static_cast<std::uint32_t>(start), 0};
        for (std::size_t i = 0; i < out.size(); ++i) {
            out[i] += where.reach[i] * ((source.word(i) + 0.5) * 0x1p-31 - 1);  // inside (−1, 1)
        }
        return out;
    }
    std::vector<double> direction(out.size());
    fill_probe(probe_distribution::sphere, seed, static_cast<std::uint32_t>(start), direction);
    const double length = std::sqrt(static_cast<double>(out.size()));
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += where.reach[i] * direction[i] / length;
    return out;
}

void check(const neighbourhood& where, const maximize_options& options) {
    if (options.starts < 1) throw std::invalid_argument("starts is 0, allowed: 1 or more");
    if (where.centre.empty() || where.centre.size() != where.reach.size()) {
        throw std::invalid_argument("reach has " + std::to_string(where.reach.size()) + " elements, allowed: " +
                                    std::to_string(where.centre.size()) + ", as the centre has, at least one");
    }
    for (const double r : where.reach) {
        if (!(r >= 0) || std::isinf(r)) {
            throw std::invalid_argument("reach holds " + std::to_string(r) + ", allowed: finite numbers, 0 or more");
        }
    }
}

}  // namespace

maximum maximize(const smooth_function& given, const neighbourhood& where, const maximize_options& options) {
    check(where, options);
    counted_function f(given);
    const std::size_t n = where.centre.size();
    maximum out;
    out.at_centre = f.value(where.centre);
    out.point = where.centre;
    out.value = out.at_centre;
    std::vector<double> g(n), trial(n);
    for (std::size_t start = 0; start < options.starts; ++start) {
        std::vector<double> x = starting_point(where, options.seed, start);
        ascent run;
        run.value = start == 0 ? out.at_centre : f.value(x);
        run.gap = std::numeric_limits<double>::infinity();
        while (run.iterations < options.iterations) {
            f.gradient(x, g);
            const std::vector<double> step = step_to_best(where, x, g);
            run.gap = std::max(inner_product(g, step), 0.0);
            const double rounding = 4 * std::numeric_limits<double>::epsilon() * std::fabs(run.value);
            if (run.gap <= std::max(options.tolerance * (run.value - out.at_centre), rounding)) {
                run.converged = true;
                break;
            }
            ++run.iterations;
            double part = 1;
            bool risen = false;
            for (int halving = 0; halving < most_halvings && !risen; ++halving) {
                for (std::size_t i = 0; i < n; ++i) trial[i] = x[i] + part * step[i];
                const double value = f.value(trial);
                if (value >= run.value + least_part * part * run.gap) {
                    run.value = value;
                    x.swap(trial);
                    risen = true;
                    break;
                }
                // Where the parabola through both values with the slope at 0 has its top.
                const double bend = run.value + part * run.gap - value;
                part *= std::clamp(part * run.gap / (2 * bend), 0.05, 0.9);
            }
            // No step along the slope rises: the gradient is not that of the value, or is its rounding.
            if (!risen) break;
        }
        out.ascents.push_back(run);
        if (run.value > out.value || start == 0) {
            out.value = run.value;
            out.point = std::move(x);
            out.best = start;
        }
    }
    out.values = f.values;
    out.gradients = f.gradients;
    return out;
}

}  // namespace halfulp
