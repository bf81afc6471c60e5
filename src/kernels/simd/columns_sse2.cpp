// Arithmetic on columns for SSE2. Compiled with that instruction set, so nothing of this file may run before the machine has
// been asked.
#include <xsimd/xsimd.hpp>

#include "columns_kernel.hpp"

namespace halfulp::simd {

const column_kernels columns_sse2 = make_column_kernels<xsimd::batch<double, xsimd::sse2>>();

}  // namespace halfulp::simd
