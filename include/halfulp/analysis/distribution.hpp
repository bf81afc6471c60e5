// Densities on the real line that quantization errors are integrated over: mixtures of normal, Laplace, uniform,
// Student's t and logistic densities, each with a mean and a standard deviation.
//
// A density is cut into panels between which nothing bends: at kinks and at the ends of supports, and elsewhere no
// wider than a part of the distance to the nearest complex pole. On one panel Gauss and Legendre's formula with ten
// points is exact to binary64.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace halfulp {

enum class density_kind : std::uint8_t {
    normal,
    laplace,
    uniform,  ///< on mean ± √3 deviations
    student_t,  ///< scaled to its standard deviation
    logistic,
};

/// One part of a mixture.
struct density_part {
    density_kind kind = density_kind::normal;
    double weight = 1;
    double mean = 0;
    double deviation = 1;
    double freedom = 0;  ///< of student_t: ν, 2.1 to 1e6
};

class density {
  public:
    /// Weights are divided by their sum. Throws std::invalid_argument for no parts, for weights that are not positive,
    /// deviations outside 1e-100 to 1e100, magnitudes of means above 1e100, and freedom outside 2.1 to 1e6: below that
    /// the variance sits in tails that binary64 does not reach.
    explicit density(std::vector<density_part> parts);
    /// One standardized density.
    explicit density(density_kind kind, double freedom = 0) : density({{kind, 1, 0, 1, freedom}}) {}

    [[nodiscard]] std::span<const density_part> parts() const noexcept { return parts_; }
    /// The density at x, and its derivative there.
    [[nodiscard]] double at(double x) const noexcept;
    [[nodiscard]] double slope(double x) const noexcept;
    [[nodiscard]] double mean() const noexcept { return mean_; }
    [[nodiscard]] double variance() const noexcept { return variance_; }
    [[nodiscard]] double second_moment() const noexcept { return variance_ + mean_ * mean_; }
    /// Does it look the same from both sides of 0?
    [[nodiscard]] bool is_symmetric() const noexcept { return symmetric_; }
    /// Is its logarithm concave? Then sets of best levels are unique (Fleischer 1964). True for single normal, Laplace,
    /// uniform and logistic densities.
    [[nodiscard]] bool is_log_concave() const noexcept;

    /// Ends of panels, ascending. Outside the first and the last the density counts as zero, but for powers of tails:
    /// see beyond().
    [[nodiscard]] std::span<const double> edges() const noexcept { return edges_; }

    /// P(X <= x) and P(X > x), each with a small relative error in its own tail.
    [[nodiscard]] double below(double x) const noexcept;
    [[nodiscard]] double above(double x) const noexcept;
    /// P(|X| > y), y >= 0, with a small relative error.
    [[nodiscard]] double outside(double y) const noexcept { return symmetric_ ? 2 * above(y) : below(-y) + above(y); }
    /// The number x with P(X <= x) = probability, by bisection; 0 < probability < 1.
    [[nodiscard]] double quantile(double probability) const noexcept;

    /// ∫ x^power p(x) over all beyond the last edge on one side, power 0 to 2, of |x|: what Student's t leaves there,
    /// else 0.
    [[nodiscard]] double beyond(bool negative, int power) const noexcept;

  private:
    std::vector<density_part> parts_;
    std::vector<double> factors_;  ///< of each part: weight × normalization / deviation
    std::vector<double> edges_;
    std::vector<double> below_;  ///< at each edge
    std::vector<double> above_;
    double mean_ = 0;
    double variance_ = 0;
    bool symmetric_ = false;
};

}  // namespace halfulp
