// The table of every architecture that a build has.
#pragma once

#include "block_plan.hpp"
#include "plan.hpp"

namespace halfulp::simd {

extern const kernel_table table_sse2;
extern const kernel_table table_avx2;
extern const kernel_table table_avx512;

extern const block_kernels blocks_sse2;
extern const block_kernels blocks_avx2;
extern const block_kernels blocks_avx512;

/// The table of the active backend, null for `scalar`.
const kernel_table* active_table();
const block_kernels* active_blocks();

}  // namespace halfulp::simd
