// The singular value decomposition, by LAPACK.
#pragma once

#include "halfulp/matrices/matrix.hpp"

namespace halfulp {

/// a = left · diag(values) · right: left rows × r with orthonormal columns, right r × columns with orthonormal rows, values
/// descending, r = min(rows, columns).
struct singular_value_decomposition {
    matrix left;
    vector values;
    matrix right;
};

/// By divide and conquer (LAPACK's dgesdd). Throws std::invalid_argument where a holds a NaN or an infinity, std::runtime_error where
/// LAPACK gives up.
singular_value_decomposition decompose(matrix a);

}  // namespace halfulp
