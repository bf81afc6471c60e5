// The kernels of matrix units for AVX-512 F, CD, BW, DQ, VL. Compiled with that instruction set, so nothing of this file may run before the machine has been asked.
#include "matrix_unit_kernel.hpp"

namespace halfulp::simd {

const matrix_unit_kernels matrix_units_avx512 = make_matrix_unit_kernels<xsimd::avx512bw>();

}  // namespace halfulp::simd
