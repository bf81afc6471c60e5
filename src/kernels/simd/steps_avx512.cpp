// The kernels for tables and step functions for AVX-512 F, CD, BW, DQ, VL. Compiled with that instruction set, so nothing of this file may run before the machine has been asked.
#include "step_kernels.hpp"
#include "tables.hpp"

namespace halfulp::simd {

const step_kernels steps_avx512 = make_step_kernels<xsimd::avx512bw>();

}  // namespace halfulp::simd
