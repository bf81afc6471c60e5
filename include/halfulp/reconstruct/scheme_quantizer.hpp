// Matrices through schemes: with scales found anew each time, or on the grid of scales found once.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "halfulp/blocks/scheme.hpp"
#include "halfulp/matrices/matrix.hpp"

namespace halfulp {

/// Deterministic, to nearest even. axis: of the groups, 0 or 1 (-1 is 1).
class scheme_quantizer {
  public:
    /// Throws std::invalid_argument for an axis that a matrix does not have.
    scheme_quantizer(scheme s, int axis);

    [[nodiscard]] const scheme& used() const noexcept { return scheme_; }
    [[nodiscard]] int axis() const noexcept { return axis_; }
    /// What x becomes: fake_quantize().
    [[nodiscard]] matrix operator()(const matrix& x) const;

  private:
    scheme scheme_;
    int axis_;
};

/// The members that a scheme gives each place of a matrix once its scales are those found for `x`. Rounding to them
/// is a projection: no other member is nearer, but where the quotient by the scale, rounded to binary64, lands on a
/// midpoint.
class fixed_grid {
  public:
    /// Throws std::invalid_argument for schemes with a transform or zero points, whose places have no grid of one
    /// scale.
    fixed_grid(const matrix& x, const scheme_quantizer& quantizer);

    [[nodiscard]] matrix project(matrix x) const;
    /// Row i alone: x has as many numbers as the matrix has columns, and becomes their members.
    void project_row(std::size_t i, std::span<double> x) const;

  private:
    void project(std::span<const double> scales, std::span<double> x) const;

    format element_;
    matrix scales_;
};

}  // namespace halfulp
