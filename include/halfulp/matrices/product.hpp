// Products of matrices, by BLAS.
#pragma once

#include "halfulp/matrices/matrix.hpp"

namespace halfulp {

/// a b. Throws std::invalid_argument where columns of a are not rows of b.
matrix product(const matrix& a, const matrix& b);
/// aᵀ b. Throws std::invalid_argument where the numbers of rows differ.
matrix product_transposed_left(const matrix& a, const matrix& b);
/// a bᵀ. Throws std::invalid_argument where the numbers of columns differ.
matrix product_transposed_right(const matrix& a, const matrix& b);
/// aᵀ a, exactly symmetric.
matrix gram(const matrix& a);
/// a aᵀ, exactly symmetric.
matrix outer_gram(const matrix& a);
/// Adds factor · aᵀ a to sum (columns × columns), which stays exactly symmetric.
void add_gram(const matrix& a, double factor, matrix& sum);

}  // namespace halfulp
