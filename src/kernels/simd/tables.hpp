// The table of every architecture that a build has.
#pragma once

#include "plan.hpp"

namespace halfulp::simd {

extern const kernel_table table_sse2;
extern const kernel_table table_avx2;
extern const kernel_table table_avx512;

/// The table of the active backend, null for `scalar`.
const kernel_table* active_table();

}  // namespace halfulp::simd
