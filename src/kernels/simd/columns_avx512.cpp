// Arithmetic on columns for AVX-512 F, CD, BW, DQ, VL. Compiled with that instruction set, so nothing of this file may run before the machine has
// been asked.
#include <xsimd/xsimd.hpp>

#include "columns_kernel.hpp"

namespace halfulp::simd {

const column_kernels columns_avx512 = make_column_kernels<xsimd::batch<double, xsimd::avx512bw>>();

}  // namespace halfulp::simd
