// The kernels for posits for AVX2 and FMA.
// Compiled with that instruction set, so nothing of this file may run before the machine has been asked.
#include "posit_kernels.hpp"
#include "tables.hpp"

namespace halfulp::simd {

const posit_kernels posits_avx2 = make_posit_kernels<xsimd::avx2>();

}  // namespace halfulp::simd
