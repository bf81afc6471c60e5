// Arithmetic on columns for AVX2 and FMA. Compiled with that instruction set, so nothing of this file may run before the machine has
// been asked.
#include <xsimd/xsimd.hpp>

#include "columns_kernel.hpp"

namespace halfulp::simd {

const column_kernels columns_avx2 = make_column_kernels<xsimd::batch<double, xsimd::fma3<xsimd::avx2>>>();

}  // namespace halfulp::simd
