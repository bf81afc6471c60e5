// The kernels for integers and fixed point for AVX-512 F, CD, BW, DQ, VL. Compiled with that instruction set, so nothing of this file may run before the machine has been asked.
#include "integer_kernels.hpp"

namespace halfulp::simd {

const integer_kernels integers_avx512 = make_integer_kernels<xsimd::avx512bw>();

}  // namespace halfulp::simd
