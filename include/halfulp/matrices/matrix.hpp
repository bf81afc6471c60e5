// Matrices of the layers that need linear algebra: xtensor's, binary64, row after row.
#pragma once

#include <cstddef>
#include <xtensor/xtensor.hpp>

namespace halfulp {

/// Rows × columns, row-major. LAPACK reads such memory as the transpose, which the functions here account for: nothing is copied
/// to turn it round.
using matrix = xt::xtensor<double, 2>;
using vector = xt::xtensor<double, 1>;

inline std::size_t rows_of(const matrix& a) { return a.shape()[0]; }
inline std::size_t columns_of(const matrix& a) { return a.shape()[1]; }

}  // namespace halfulp
