// The elementary functions for SSE2. Compiled with that instruction set, so nothing of this file may run before the machine has
// been asked.
#include "elementary_kernel.hpp"

namespace halfulp::simd {

const elementary_kernels elementary_sse2 = make_elementary_kernels<xsimd::sse2>();

}  // namespace halfulp::simd
