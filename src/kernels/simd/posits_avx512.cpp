// The kernels for posits for AVX-512 F, CD, BW, DQ, VL.
// Compiled with that instruction set, so nothing of this file may run before the machine has been asked.
#include "posit_kernels.hpp"
#include "tables.hpp"

namespace halfulp::simd {

const posit_kernels posits_avx512 = make_posit_kernels<xsimd::avx512bw>();

}  // namespace halfulp::simd
