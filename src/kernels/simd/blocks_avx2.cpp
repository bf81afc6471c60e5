// The block kernels for AVX2 and FMA. Compiled with that instruction set, so nothing of this file may run before the machine has been asked.
#include "block_kernels.hpp"
#include "tables.hpp"

namespace halfulp::simd {

const block_kernels blocks_avx2 = make_block_kernels<xsimd::fma3<xsimd::avx2>>();

}  // namespace halfulp::simd
