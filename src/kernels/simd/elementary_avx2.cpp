// The elementary functions for AVX2 and FMA. Compiled with that instruction set, so nothing of this file may run before the machine has
// been asked.
#include "elementary_kernel.hpp"

namespace halfulp::simd {

const elementary_kernels elementary_avx2 = make_elementary_kernels<xsimd::fma3<xsimd::avx2>>();

}  // namespace halfulp::simd
