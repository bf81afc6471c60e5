// The phase kernels for AVX2 and FMA. Compiled with that instruction set, so nothing of this file may run before the machine has been asked.
#include "phase_kernel.hpp"

namespace halfulp::simd {

const phase_kernels phase_avx2 = make_phase_kernels<xsimd::fma3<xsimd::avx2>>();

}  // namespace halfulp::simd
