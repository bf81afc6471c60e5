// The kernels for integers and fixed point for AVX2 and FMA. Compiled with that instruction set, so nothing of this file may run before the machine has been asked.
#include "integer_kernels.hpp"

namespace halfulp::simd {

const integer_kernels integers_avx2 = make_integer_kernels<xsimd::fma3<xsimd::avx2>>();

}  // namespace halfulp::simd
