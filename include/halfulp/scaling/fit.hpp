// Fits of scaling laws to tables of runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "halfulp/scaling/law.hpp"

namespace halfulp {

/// A column of labels: a number for each run, and the labels' names in the order of the numbers.
struct label_column {
    std::vector<std::uint32_t> numbers;
    std::vector<std::string> names;
};

struct run_table {
    std::map<std::string, std::vector<double>> numbers;
    std::map<std::string, label_column> labels;
    std::vector<double> loss;
};

/// r = log of the loss − log of the law's. The sum is a sum: under a mean the gradient of a Huber loss of 1e-3 falls below
/// optimizers' tolerances, and a fit ends too early.
enum class fit_estimator : std::uint8_t {
    huber,                ///< Σ h(r): r²/2 up to delta, beyond it delta (|r| − delta/2) (Hoffmann et al. 2022)
    huber_likelihood,  ///< −log likelihood of r/s under the density ∝ exp(−h), its scale s free (Besiroglu et al. 2024)
    log_least_squares,  ///< Σ r²
    variable_projection,  ///< Σ (loss − law)², linear parameters eliminated (Golub and Pereyra 1973)
};
fit_estimator parse_estimator(std::string_view name);
std::string_view to_string(fit_estimator e) noexcept;

struct fit_parameter {
    std::string name;  ///< "alpha", or "eff[FP4]"
    bool positive = false;
    bool linear = false;
    double lower = -std::numeric_limits<double>::infinity();
    double upper = std::numeric_limits<double>::infinity();
    std::optional<double> fixed;
};

struct fit_options {
    fit_estimator estimator = fit_estimator::huber;
    double delta = 1e-3;  ///< of the Huber estimators
    int threads = 1;
    int most_evaluations = 20000;  ///< of the objective, for one start
    /// Called now and then with what is done and what there is to do, from the calling thread; false ends the work, and the function
    /// throws std::runtime_error.
    std::function<bool(std::size_t, std::size_t)> progress;
};

/// Where one search ended.
struct fit_minimum {
    std::vector<double> parameters;  ///< in the order of fit_problem::parameters(); scale of huber_likelihood last
    double objective = std::numeric_limits<double>::infinity();
    double gradient =
        std::numeric_limits<double>::infinity();  ///< largest magnitude, with respect to log p or p, off the bounds
    int evaluations = 0;
};

/// A law, a table and an estimator: what every search has in common.
class fit_problem {
  public:
    /// Throws std::invalid_argument for a column that the law needs and the table lacks, columns of different lengths, numbers that
    /// are not finite, losses that are not positive.
    fit_problem(const scaling_law& law, const run_table& table, const fit_options& options);
    fit_problem(fit_problem&&) noexcept;
    fit_problem& operator=(fit_problem&&) noexcept;
    ~fit_problem();

    [[nodiscard]] const std::vector<fit_parameter>& parameters() const noexcept;
    [[nodiscard]] std::size_t runs() const noexcept;
    [[nodiscard]] const fit_options& options() const noexcept;
    [[nodiscard]] std::span<const double> losses() const noexcept;

    /// Holds a parameter at a number. Throws std::invalid_argument where there is none of this name or the number is not allowed.
    void fix(std::string_view name, double value);
    /// Bounds of a parameter. Throws as fix().
    void bound(std::string_view name, double lower, double upper);

    /// The law's loss for every run.
    [[nodiscard]] std::vector<double> predict(std::span<const double> parameters) const;
    /// ∂ log(loss) / ∂ p for every run, row after row; with respect to log p for positive parameters. variable_projection: ∂ loss.
    [[nodiscard]] std::vector<double> jacobian(std::span<const double> parameters) const;
    /// The objective, with the best scale where it has one.
    [[nodiscard]] double objective(std::span<const double> parameters) const;

    /// The minimum that a search from here reaches, polished.
    [[nodiscard]] fit_minimum minimize(std::span<const double> start) const;
    /// A search from each start, a row of numbers for each; the same whatever the number of threads. Of more than 64 starts each gets a
    /// look of at most 80 evaluations, and those that look best, a tenth and 64 at least, are followed. Those that end more than a
    /// tenth above the best of all are not followed to their last digits.
    [[nodiscard]] std::vector<fit_minimum> minimize_each(std::span<const double> starts) const;
    /// The product of the law's lists of starts, row after row, fixed parameters at their numbers. Linear parameters without a list
    /// begin where they fit best given the others.
    [[nodiscard]] std::vector<double> grid_of_starts() const;

    /// The same with one parameter held at a number. Throws as fix().
    [[nodiscard]] fit_minimum minimize_with(std::string_view name, double value, std::span<const double> start) const;

    /// A refit for each row of `places` (replicates × runs drawn with replacement), from `start`.
    [[nodiscard]] std::vector<fit_minimum> refit(std::span<const std::uint32_t> places, std::size_t replicates,
                                                 std::span<const double> start) const;
    /// A refit without each run, from `start`.
    [[nodiscard]] std::vector<fit_minimum> leave_one_out(std::span<const double> start) const;

  private:
    struct state;
    std::unique_ptr<state> state_;
};

/// Places of runs drawn with replacement, replicates × runs: words of Philox (seed, stream 0), each scaled to the number of runs by its
/// upper half of a product (a bias below runs / 2^32).
std::vector<std::uint32_t> bootstrap_places(std::size_t replicates, std::size_t runs, std::uint64_t seed);

}  // namespace halfulp
