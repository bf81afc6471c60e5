#include "halfulp/reconstruct/accumulated_error.hpp"

#include <array>
#include <cmath>

#include "analysis/shown.hpp"
#include "halfulp/matrices/orthonormal.hpp"
#include "halfulp/matrices/product.hpp"
#include "matrices/lapack.hpp"

namespace halfulp {
namespace {

matrix combined(const matrix& a, double factor, const matrix& b) {
    matrix out = a;
    for (std::size_t i = 0; i < out.size(); ++i) out.data()[i] += factor * b.data()[i];
    return out;
}

/// tr(Wᵀ R W).
double energy(const matrix& weight, const matrix& moment) {
    const matrix moved = product(moment, weight);
    double out = 0;
    for (std::size_t i = 0; i < weight.size(); ++i) out += weight.data()[i] * moved.data()[i];
    return out;
}

/// The β that retains most.
double best_beta(const matrix& still, const matrix& moving, const low_rank_options& options) {
    const auto retained = [&](double beta) {
        const truncated_svd found = truncate(combined(still, beta, moving), options.rank, options.svd);
        return found.total == 0 ? 1.0 : 1 - found.residual / found.total;
    };
    constexpr int steps = 16;
    double best = 0;
    double most = retained(0);
    for (int i = 1; i < steps; ++i) {
        const double beta = static_cast<double>(i) / steps;
        if (const double now = retained(beta); now > most) {
            most = now;
            best = beta;
        }
    }
    double low = std::max(best - 1.0 / steps, 0.0);
    double high = std::min(best + 1.0 / steps, (steps - 1.0) / steps);
    const double ratio = (std::sqrt(5.0) - 1) / 2;
    for (int i = 0; i < 20; ++i) {
        const double left = high - ratio * (high - low);
        const double right = low + ratio * (high - low);
        const double at_left = retained(left);
        const double at_right = retained(right);
        for (const auto& [beta, now] : {std::pair{left, at_left}, std::pair{right, at_right}}) {
            if (now > most) {
                most = now;
                best = beta;
            }
        }
        (at_left < at_right ? low : high) = at_left < at_right ? left : right;
    }
    return best;
}

}  // namespace

accumulated_error_result correct_accumulated(const matrix& weight, const matrix& moment, const matrix& cross,
                                             const matrix& reference, std::optional<double> alpha,
                                             const low_rank_options& options) {
    if (alpha && !(*alpha >= 0 && std::isfinite(*alpha))) {
        throw std::invalid_argument("alpha is " + detail::shown(*alpha) + ", allowed: a finite number, 0 or more");
    }
    if (cross.shape() != moment.shape() || reference.shape() != moment.shape()) {
        throw std::invalid_argument("cross_moment has shape " + detail::shape_text(cross) + " and reference_moment " +
                                    detail::shape_text(reference) + ", allowed: " + detail::shape_text(moment));
    }
    detail::require_finite(cross);
    detail::require_finite(reference);
    const error_norm norm = error_norm::of_second_moment(moment, 0, false);
    const matrix still = norm.weighted(weight);
    const matrix moving = norm.dual(product(combined(cross, -1, moment), weight));
    const double beta = alpha ? *alpha / (1 + *alpha) : best_beta(still, moving, options);
    const double used = alpha ? *alpha : beta / (1 - beta);
    const matrix target = combined(weight, beta, norm.without_root(moving));
    accumulated_error_result out{correct(target, norm, options), used, 0};
    low_rank_correction& c = out.correction;
    out.retained = c.uncorrected == 0 ? 1 : 1 - c.error / c.uncorrected;
    const double constant = energy(weight, moment) + used * energy(weight, reference) - (1 + used) * c.uncorrected;
    c.error = (1 + used) * c.error + constant;
    if (c.optimum) c.optimum = (1 + used) * *c.optimum + constant;
    c.uncorrected = (1 + used) * c.uncorrected + constant;
    return out;
}

}  // namespace halfulp
