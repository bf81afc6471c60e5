#include "metric.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/columns.hpp"

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
    const simd::column_kernels& columns = active_columns();
    // Columns of the Jacobian end where a kernel's step does: zeros there add nothing.
    const std::size_t length = simd::column_length(runs);
    std::vector<double> j(n * length, 0.0);
    const auto product = [&](std::size_t a, std::size_t b) {
        return columns.sum_adjoint({simd::adjoint_op::times, &j[a * length], nullptr, {&j[b * length], 0}}, length);
    };
    std::vector<bool> idle(n, false);  // axes that move no loss
    double total = 0;
    std::vector<double> root;
    for (const double w : at.runs().weight) {
        total += w;
        root.push_back(std::sqrt(w));
    }
    for (std::size_t k = 0; k < n; ++k) {
        near[k] = origin_[k] + step;
        const std::vector<double> there = at.responses(near);
        near[k] = origin_[k];
        double* const column = &j[k * length];
        for (std::size_t i = 0; i < runs; ++i) column[i] = (there[i] - here[i]) / step * root[i];
        const double sum = product(k, k);
        if (sum > 1e-12 * total && std::isfinite(sum)) {
            scale_[k] = 1 / std::sqrt(sum);
            for (std::size_t i = 0; i < runs; ++i) column[i] *= scale_[k];
        } else {
            idle[k] = true;
            scale_[k] = std::sqrt(first_change / std::max(std::abs(gradient[k]), 1.0));
            std::fill_n(column, runs, 0.0);
        }
    }
    // Cholesky's factor of the correlations, ones for axes without an effect.
    for (std::size_t a = 0; a < n; ++a) {
        for (std::size_t b = 0; b <= a; ++b) {
            double sum = product(a, b);
            if (a == b) sum = (idle[a] ? 1 : sum) + ridge;
            for (std::size_t k = 0; k < b; ++k) sum -= factor_[a * n + k] * factor_[b * n + k];
            factor_[a * n + b] = a == b ? std::sqrt(std::max(sum, ridge)) : sum / factor_[b * n + b];
        }
    }
    std::vector<double> g(gradient.begin(), gradient.end());
    pull_back(g);
    double squares = 0;
    for (const double x : g) squares += x * x;
    const double longest = first_change * std::sqrt(total);
    if (std::sqrt(squares) > longest) {
        const double less = std::sqrt(longest / std::sqrt(squares));
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
