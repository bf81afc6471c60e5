// Arithmetic on columns of binary64 for what is fitted: simd/columns_plan.hpp says what it promises.
#pragma once

#include "kernels/simd/columns_plan.hpp"

namespace halfulp::detail {

/// Those of the active backend (backend.hpp).
const simd::column_kernels& active_columns();

}  // namespace halfulp::detail
