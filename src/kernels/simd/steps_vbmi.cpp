// The kernels for tables and step functions for AVX-512 with VBMI. Compiled with that instruction set, so nothing of this file may run before the machine has been asked.
#include "step_kernels.hpp"
#include "tables.hpp"

namespace halfulp::simd {

const step_kernels steps_vbmi = make_step_kernels<xsimd::avx512vbmi>();

}  // namespace halfulp::simd
