// Cholesky's factor of a positive definite matrix, by LAPACK.
#pragma once

#include <optional>

#include "halfulp/matrices/matrix.hpp"

namespace halfulp {

/// The lower triangular L with a = L Lᵀ; nothing where a is not positive definite to working precision. Only a's diagonal and what
/// is left of it is read. Throws std::invalid_argument where a is not square or holds a NaN or an infinity.
std::optional<matrix> cholesky_of(matrix a);
/// The inverse of a, given its factor L.
matrix inverse_from_cholesky(matrix factor);
/// Solves L x = b, or Lᵀ x = b, for every column of b. Throws std::invalid_argument for sizes that do not fit.
matrix solve_lower(const matrix& factor, matrix b);
matrix solve_lower_transposed(const matrix& factor, matrix b);

}  // namespace halfulp
