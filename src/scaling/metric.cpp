#include "metric.hpp"

#include <algorithm>
#include <cmath>

namespace halfulp::detail {
namespace {

/// Root mean square by which the first step may change log losses, and coordinates without an effect on them.
constexpr double first_change = 1;
/// Of differences: T is no more than a good guess.
constexpr double step = 1e-6;
/// Axes that are nearly dependent are taken for less so: the step along their difference stays finite.
constexpr double ridge = 1e-6;

}  // namespace

metric::metric(evaluation& at, std::span<const double> origin, std::span<const double> gradient)
    : origin_(origin.begin(), origin.end()), scale_(origin.size(), 1.0), factor_(origin.size() * origin.size(), 0.0) {
    const std::size_t n = origin.size();
    std::vector<double> near = origin_;
    const std::vector<double> here = at.responses(near);
    const std::size_t runs = here.size();
    std::vector<double> j(n * runs);
    std::vector<bool> idle(n, false);  // axes that move no loss
    double total = 0;
    for (const double w : at.runs().weight) total += w;
    for (std::size_t k = 0; k < n; ++k) {
        near[k] = origin_[k] + step;
        const std::vector<double> there = at.responses(near);
        near[k] = origin_[k];
        double sum = 0;
        for (std::size_t i = 0; i < runs; ++i) {
            j[k * runs + i] = (there[i] - here[i]) / step * std::sqrt(at.runs().weight[i]);
            sum += j[k * runs + i] * j[k * runs + i];
        }
        if (sum > 1e-12 * total && std::isfinite(sum)) {
            scale_[k] = 1 / std::sqrt(sum);
            for (std::size_t i = 0; i < runs; ++i) j[k * runs + i] *= scale_[k];
        } else {
            idle[k] = true;
            scale_[k] = std::sqrt(first_change / std::max(std::abs(gradient[k]), 1.0));
            std::fill_n(j.begin() + static_cast<std::ptrdiff_t>(k * runs), runs, 0.0);
        }
    }
    // Cholesky's factor of the correlations, ones for axes without an effect.
    for (std::size_t a = 0; a < n; ++a) {
        for (std::size_t b = 0; b <= a; ++b) {
            double sum = 0;
            for (std::size_t i = 0; i < runs; ++i) sum += j[a * runs + i] * j[b * runs + i];
            if (a == b) sum = (idle[a] ? 1 : sum) + ridge;
            for (std::size_t k = 0; k < b; ++k) sum -= factor_[a * n + k] * factor_[b * n + k];
            factor_[a * n + b] = a == b ? std::sqrt(std::max(sum, ridge)) : sum / factor_[b * n + b];
        }
    }
    std::vector<double> g(gradient.begin(), gradient.end());
    pull_back(g);
    double length = 0;
    for (const double x : g) length += x * x;
    const double longest = first_change * std::sqrt(total);
    if (std::sqrt(length) > longest) {
        const double less = std::sqrt(longest / std::sqrt(length));
        for (std::size_t k = 0; k < n; ++k) {
            if (!idle[k]) scale_[k] *= less;
        }
    }
}

void metric::to_coordinates(std::span<const double> v, std::span<double> u) const {
    const std::size_t n = origin_.size();
    for (std::size_t k = n; k-- != 0;) {
        double sum = v[k];
        for (std::size_t i = k + 1; i < n; ++i) sum -= factor_[i * n + k] * u[i];
        u[k] = sum / factor_[k * n + k];
    }
    for (std::size_t k = 0; k < n; ++k) u[k] = origin_[k] + scale_[k] * u[k];
}

void metric::pull_back(std::span<double> gradient) const {
    const std::size_t n = origin_.size();
    for (std::size_t k = 0; k < n; ++k) {
        double sum = gradient[k] * scale_[k];
        for (std::size_t i = 0; i < k; ++i) sum -= factor_[k * n + i] * gradient[i];
        gradient[k] = sum / factor_[k * n + k];
    }
}

}  // namespace halfulp::detail
