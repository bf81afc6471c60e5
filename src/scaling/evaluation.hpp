// The objective of a fit and its gradient, over all runs or some of them, by one thread.
#pragma once

#include <span>
#include <vector>

#include "halfulp/scaling/fit.hpp"
#include "tape.hpp"

namespace halfulp::detail {

/// Runs that a search looks at, with what each counts.
struct chosen_runs {
    tape_rows rows;
    std::vector<double> loss, log_loss, weight;
};

/// What does not change between the searches of a problem.
struct fit_setting {
    const tape* law = nullptr;
    fit_estimator estimator = fit_estimator::huber;
    double delta = 1e-3;
    std::vector<fit_parameter> parameters;  ///< with the scale last where the estimator has one
};

class evaluation {
  public:
    evaluation(const fit_setting& setting, const chosen_runs& runs);

    /// Parameters that a search moves: neither fixed nor eliminated.
    [[nodiscard]] const std::vector<std::size_t>& free() const noexcept { return free_; }
    [[nodiscard]] const chosen_runs& runs() const noexcept { return *runs_; }
    /// Of what the estimator compares, a power of two: 1 for logarithms. Beside it a search's limits know no unit of losses.
    [[nodiscard]] double unit() const noexcept { return unit_; }

    /// Takes numbers for all parameters; NaN: linear ones where they fit best, the scale by the residuals.
    void set(std::span<const double> numbers);
    [[nodiscard]] std::span<const double> numbers() const noexcept { return natural_; }
    /// The coordinate of a free parameter: log p or p.
    [[nodiscard]] double coordinate(std::size_t parameter) const;

    /// The objective at these coordinates of the free parameters; its derivatives where `gradient` is not empty. Not finite where the
    /// law is not positive and finite for every run.
    double at(std::span<const double> coordinates, std::span<double> gradient);
    /// What the estimator compares at these coordinates, in its unit: the law's log losses, for variable_projection its losses.
    std::vector<double> responses(std::span<const double> coordinates);

  private:
    double value(std::span<double> gradient);
    double log_residuals(std::span<double> gradient);
    double residuals(std::span<double> gradient);
    /// The linear parameters' best numbers (least squares of the loss) given the others.
    void solve_linear(const std::vector<std::size_t>& linear);
    void put(std::size_t parameter, double number);
    void move_to(std::span<const double> coordinates);
    std::vector<double> predictions();

    const fit_setting* setting_;
    const chosen_runs* runs_;
    tape::workspace work_;
    double unit_ = 1;
    std::vector<std::size_t> free_, eliminated_;
    std::vector<double> natural_, logs_, full_gradient_;
};

/// ∫ exp(−h) for the Huber function h of this delta.
double huber_normalization(double delta);

}  // namespace halfulp::detail
