// The block kernels for AVX-512 F, CD, BW, DQ, VL. Compiled with that instruction set, so nothing of this file may run before the machine has been asked.
#include "block_kernels.hpp"
#include "tables.hpp"

namespace halfulp::simd {

const block_kernels blocks_avx512 = make_block_kernels<xsimd::avx512bw>();

}  // namespace halfulp::simd
