// The elementary functions for AVX-512 F, CD, BW, DQ, VL. Compiled with that instruction set, so nothing of this file may run before the machine has
// been asked.
#include "elementary_kernel.hpp"

namespace halfulp::simd {

const elementary_kernels elementary_avx512 = make_elementary_kernels<xsimd::avx512bw>();

}  // namespace halfulp::simd
