// The kernels for tables and step functions for SSE2. Compiled with that instruction set, so nothing of this file may run before the machine has been asked.
#include "step_kernels.hpp"
#include "tables.hpp"

namespace halfulp::simd {

const step_kernels steps_sse2 = make_step_kernels<xsimd::sse2>();

}  // namespace halfulp::simd
