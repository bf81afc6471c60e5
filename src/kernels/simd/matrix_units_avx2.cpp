// The kernels of matrix units for AVX2 and FMA. Compiled with that instruction set, so nothing of this file may run before the machine has been asked.
#include "matrix_unit_kernel.hpp"

namespace halfulp::simd {

const matrix_unit_kernels matrix_units_avx2 = make_matrix_unit_kernels<xsimd::fma3<xsimd::avx2>>();

}  // namespace halfulp::simd
