// Orthonormal bases, and sums of squares.
#pragma once

#include "halfulp/matrices/matrix.hpp"

namespace halfulp {

/// Orthonormal rows that span what the rows of a span, the first i of them what the first i of a do (Householder's
/// QR). Rows that depend on earlier ones give way to others that complete the set. Throws std::invalid_argument where
/// a has more rows than columns.
matrix orthonormal_rows(matrix a);
/// ‖a‖², by rows: the rounding error is of the order of the longer side, not of the number of elements.
double squared_norm(const matrix& a);
/// from −= a b. Throws std::invalid_argument for sizes that do not fit.
void subtract_product(const matrix& a, const matrix& b, matrix& from);

}  // namespace halfulp
