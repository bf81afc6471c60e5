// The linear part of a law: least squares with signs.
#pragma once

#include <span>
#include <vector>

namespace halfulp::detail {

/// The x that minimizes ‖basis x − target‖, x[k] ≥ 0 where signs[k]; columns of the basis one after the other. Columns that are 0, not
/// finite, or combinations of others get 0. Few columns: every set of zeros is looked at where none is too many (8 signs), else the
/// most negative is left out in turn.
std::vector<double> least_squares(std::span<const double> basis, std::span<const double> target,
                                  const std::vector<bool>& signs);

}  // namespace halfulp::detail
