// The table of every architecture that a build has.
#pragma once

#include "block_plan.hpp"
#include "plan.hpp"
#include "posit_plan.hpp"
#include "step_plan.hpp"

namespace halfulp::simd {

extern const kernel_table table_sse2;
extern const kernel_table table_avx2;
extern const kernel_table table_avx512;

extern const block_kernels blocks_sse2;
extern const block_kernels blocks_avx2;
extern const block_kernels blocks_avx512;

extern const step_kernels steps_sse2;
extern const step_kernels steps_avx2;
extern const step_kernels steps_avx512;
extern const step_kernels steps_vbmi;

extern const posit_kernels posits_sse2;
extern const posit_kernels posits_avx2;
extern const posit_kernels posits_avx512;

/// The table of the active backend, null for `scalar`.
const kernel_table* active_table();
const block_kernels* active_blocks();
const posit_kernels* active_posits();
/// For `avx512` this asks the machine for VBMI, too.
const step_kernels* active_steps();

}  // namespace halfulp::simd
