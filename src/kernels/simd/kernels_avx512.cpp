// The kernels for AVX-512 F, CD, BW, DQ, VL. Compiled with that instruction set, so nothing of this file may run before the machine has been asked.
#include "kernels.hpp"
#include "tables.hpp"

namespace halfulp::simd {

const kernel_table table_avx512 = make_table<xsimd::avx512bw>();

}  // namespace halfulp::simd
