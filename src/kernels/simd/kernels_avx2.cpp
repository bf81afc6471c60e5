// The kernels for AVX2 and FMA. Compiled with that instruction set, so nothing of this file may run before the machine has been asked.
#include "kernels.hpp"
#include "tables.hpp"

namespace halfulp::simd {

const kernel_table table_avx2 = make_table<xsimd::fma3<xsimd::avx2>>();

}  // namespace halfulp::simd
