// Coordinates in which a law's losses change alike along every axis.
#pragma once

#include <span>
#include <vector>

#include "evaluation.hpp"

namespace halfulp::detail {

/// u = origin + T v with T Tᵀ about (Jᵀ J)⁻¹ / c, J the derivatives of the log losses (variable_projection: of the losses) at the origin. A
/// search that begins with the unit matrix as its model of the curvature takes Gauss and Newton's direction first, of a length that c
/// limits. In the parameters' own coordinates exponents weigh log N times as much as logarithms of coefficients, and the first
/// step goes where a term is nothing: from 60 of Chinchilla's published starts 5 led to the minimum.
class metric {
  public:
    /// gradient: the objective's at the origin.
    metric(evaluation& at, std::span<const double> origin, std::span<const double> gradient);

    void to_coordinates(std::span<const double> v, std::span<double> u) const;
    /// Tᵀ g, in place.
    void pull_back(std::span<double> gradient) const;

  private:
    std::vector<double> origin_;
    std::vector<double> scale_;   ///< of each axis
    std::vector<double> factor_;  ///< lower triangular, row after row: Jᵀ J of scaled axes is factor factorᵀ
};

}  // namespace halfulp::detail
