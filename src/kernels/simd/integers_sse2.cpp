// The kernels for integers and fixed point for SSE2. Compiled with that instruction set, so nothing of this file may run before the machine has been asked.
#include "integer_kernels.hpp"

namespace halfulp::simd {

const integer_kernels integers_sse2 = make_integer_kernels<xsimd::sse2>();

}  // namespace halfulp::simd
