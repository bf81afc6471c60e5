// The phase kernels for SSE2. Compiled with that instruction set, so nothing of this file may run before the machine has been asked.
#include "phase_kernel.hpp"

namespace halfulp::simd {

const phase_kernels phase_sse2 = make_phase_kernels<xsimd::sse2>();

}  // namespace halfulp::simd
