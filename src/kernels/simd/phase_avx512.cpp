// The phase kernels for AVX-512 F, CD, BW, DQ, VL. Compiled with that instruction set, so nothing of this file may run before the machine has been asked.
#include "phase_kernel.hpp"

namespace halfulp::simd {

const phase_kernels phase_avx512 = make_phase_kernels<xsimd::avx512bw>();

}  // namespace halfulp::simd
