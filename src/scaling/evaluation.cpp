#include "evaluation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "linear_part.hpp"
#include "sum_of.hpp"

namespace halfulp::detail {

double huber_normalization(double delta) {
    return std::sqrt(2 * std::numbers::pi) * std::erf(delta / std::numbers::sqrt2) +
           2 * std::exp(-0.5 * delta * delta) / delta;
}

evaluation::evaluation(const fit_setting& setting, const chosen_runs& runs)
    : setting_(&setting),
      runs_(&runs),
      work_(setting.law->make_workspace()),
      natural_(setting.parameters.size()),
      logs_(setting.parameters.size()),
      full_gradient_(setting.parameters.size()) {
    if (setting.estimator == fit_estimator::variable_projection && !runs.loss.empty())
        unit_ = std::ldexp(1.0, std::ilogb(*std::max_element(runs.loss.begin(), runs.loss.end())));
    for (std::size_t p = 0; p < setting.parameters.size(); ++p) {
        const fit_parameter& parameter = setting.parameters[p];
        if (parameter.fixed) {
            put(p, *parameter.fixed);
        } else if (parameter.linear && setting.estimator == fit_estimator::variable_projection) {
            eliminated_.push_back(p);
        } else {
            free_.push_back(p);
        }
    }
}

void evaluation::put(std::size_t parameter, double number) {
    natural_[parameter] = number;
    if (setting_->parameters[parameter].positive) logs_[parameter] = std::log(number);
}

double evaluation::coordinate(std::size_t parameter) const {
    return setting_->parameters[parameter].positive ? logs_[parameter] : natural_[parameter];
}

std::vector<double> evaluation::predictions() {
    std::vector<double> out(runs_->loss.size());
    setting_->law->run(runs_->rows, natural_, logs_, work_, {},
                       [&](std::size_t first, std::size_t count, const double* y, double*) {
                           std::copy_n(y, count, out.begin() + static_cast<std::ptrdiff_t>(first));
                       });
    return out;
}

void evaluation::set(std::span<const double> numbers) {
    std::vector<std::size_t> open;
    const bool scaled = setting_->estimator == fit_estimator::huber_likelihood;
    const std::size_t last = natural_.size() - 1;
    for (std::size_t p = 0; p < natural_.size(); ++p) {
        const fit_parameter& parameter = setting_->parameters[p];
        if (parameter.fixed) continue;
        if (std::isnan(numbers[p]) && parameter.linear) {
            open.push_back(p);
        } else {
            put(p, std::isnan(numbers[p]) ? 1.0 : std::clamp(numbers[p], parameter.lower, parameter.upper));
        }
    }
    if (!open.empty()) {
        solve_linear(open);
        for (const std::size_t p : open) {
            // A coordinate on the logarithm's scale cannot be 0: a start a little above it.
            if (setting_->parameters[p].positive && !(natural_[p] > 0)) put(p, 1e-3);
        }
    }
    if (scaled && std::isnan(numbers[last]) && !setting_->parameters[last].fixed) {
        double sum = 0, weights = 0;
        const std::vector<double> y = predictions();
        for (std::size_t i = 0; i < y.size(); ++i) {
            sum += runs_->weight[i] * std::abs(runs_->log_loss[i] - std::log(y[i]));
            weights += runs_->weight[i];
        }
        // The best scale of a double exponential density, which this one is for a small delta.
        const double best = std::min(setting_->delta, 1.0) * sum / weights;
        put(last, best > 0 && std::isfinite(best) ? best : 1e-3);
    }
}

void evaluation::move_to(std::span<const double> coordinates) {
    for (std::size_t k = 0; k < free_.size(); ++k) {
        const std::size_t p = free_[k];
        if (setting_->parameters[p].positive) {
            logs_[p] = coordinates[k];
            natural_[p] = std::exp(coordinates[k]);
        } else {
            natural_[p] = coordinates[k];
        }
    }
    if (!eliminated_.empty()) solve_linear(eliminated_);
}

std::vector<double> evaluation::responses(std::span<const double> coordinates) {
    move_to(coordinates);
    std::vector<double> out = predictions();
    if (setting_->estimator != fit_estimator::variable_projection)
        active_elementary().log(out.data(), out.data(), out.size());
    for (double& y : out) y /= unit_;
    return out;
}

double evaluation::at(std::span<const double> coordinates, std::span<double> gradient) {
    move_to(coordinates);
    if (gradient.empty()) return value({});
    std::fill(full_gradient_.begin(), full_gradient_.end(), 0.0);
    const double out = value(full_gradient_);
    for (std::size_t k = 0; k < free_.size(); ++k) gradient[k] = full_gradient_[free_[k]];
    return out;
}

double evaluation::value(std::span<double> gradient) {
    return setting_->estimator == fit_estimator::variable_projection ? residuals(gradient) : log_residuals(gradient);
}

double evaluation::residuals(std::span<double> gradient) {
    double sum = 0;
    setting_->law->run(runs_->rows, natural_, logs_, work_, gradient,
                       [&](std::size_t first, std::size_t count, const double* y, double* adjoint) {
                           for (std::size_t i = 0; i < count; ++i) {
                               const double r = runs_->loss[first + i] - y[i], w = runs_->weight[first + i];
                               sum += w * r * r;
                               adjoint[i] = -2 * w * r;
                           }
                       });
    return sum;
}

double evaluation::log_residuals(std::span<double> gradient) {
    const bool scaled = setting_->estimator == fit_estimator::huber_likelihood;
    const bool squares = setting_->estimator == fit_estimator::log_least_squares;
    const std::size_t last = natural_.size() - 1;
    const double scale = scaled ? natural_[last] : 1.0, inverse = 1 / scale;
    const double delta = squares ? std::numeric_limits<double>::infinity() : setting_->delta;
    const double factor = squares ? 2.0 : 1.0;  // Σ r², not Σ r²/2
    const elementary_functions functions = active_elementary();
    const simd::column_kernels& columns = active_columns();
    double sum = 0, weights = 0, by_scale = 0;
    double logs[tape::block];
    setting_->law->run(runs_->rows, natural_, logs_, work_, gradient,
                       [&](std::size_t first, std::size_t count, const double* y, double* adjoint) {
                           functions.log(y, logs, count);
                           const double* const weight = runs_->weight.data() + first;
                           const simd::huber_sums part = columns.huber(
                               {runs_->log_loss.data() + first, logs, weight, y, inverse, delta, -factor * inverse},
                               adjoint, count);
                           sum += part.losses;
                           by_scale += part.scores;
                           if (scaled) weights += sum_of(count, [&](std::size_t i) { return weight[i]; });
                       });
    sum *= factor;
    if (scaled) {
        sum += weights * (std::log(scale) + std::log(huber_normalization(setting_->delta)));
        if (!gradient.empty()) gradient[last] += weights - by_scale;
    }
    return sum;
}

void evaluation::solve_linear(const std::vector<std::size_t>& linear) {
    for (const std::size_t p : linear) natural_[p] = 0;
    const std::vector<double> rest = predictions();
    const std::size_t n = rest.size();
    std::vector<double> target(n), basis(n * linear.size()), weight(n);
    for (std::size_t i = 0; i < n; ++i) {
        weight[i] = std::sqrt(runs_->weight[i]);
        target[i] = weight[i] * (runs_->loss[i] - rest[i]);
    }
    std::vector<bool> signs(linear.size());
    for (std::size_t k = 0; k < linear.size(); ++k) {
        natural_[linear[k]] = 1;
        const std::vector<double> y = predictions();
        natural_[linear[k]] = 0;
        for (std::size_t i = 0; i < n; ++i) basis[k * n + i] = weight[i] * (y[i] - rest[i]);
        signs[k] = setting_->parameters[linear[k]].positive;
    }
    const std::vector<double> best = least_squares(basis, target, signs);
    for (std::size_t k = 0; k < linear.size(); ++k) put(linear[k], best[k]);
}

}  // namespace halfulp::detail
