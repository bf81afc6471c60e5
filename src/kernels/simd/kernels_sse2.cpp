// The kernels for SSE2. Compiled with that instruction set, so nothing of this file may run before the machine has been asked.
#include "kernels.hpp"
#include "tables.hpp"

namespace halfulp::simd {

const kernel_table table_sse2 = make_table<xsimd::sse2>();

}  // namespace halfulp::simd
