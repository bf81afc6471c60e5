// Eigenvalues and eigenvectors of symmetric matrices, by LAPACK.
#pragma once

#include <cstddef>

#include "halfulp/matrices/matrix.hpp"

namespace halfulp {

/// a = Σ values[i] v_i v_iᵀ with v_i = row i of vectors; values ascending, vectors orthonormal.
struct symmetric_eigen {
    vector values;
    matrix vectors;
};

/// All of them, by divide and conquer (LAPACK's dsyevd); only a's diagonal and what is right of it is read. Throws
/// std::invalid_argument where a is not square or holds a NaN or an infinity, std::runtime_error where LAPACK gives up.
symmetric_eigen eigen_of(matrix a);
/// The values alone.
vector eigenvalues_of(matrix a);
/// The `count` largest with their vectors, still ascending, by relatively robust representations (LAPACK's dsyevr), which leaves
/// the work for the other vectors out. Throws as eigen_of, and where count is more than a has rows.
symmetric_eigen largest_eigen_of(matrix a, std::size_t count);

}  // namespace halfulp
