// The block kernels for SSE2. Compiled with that instruction set, so nothing of this file may run before the machine has been asked.
#include "block_kernels.hpp"
#include "tables.hpp"

namespace halfulp::simd {

const block_kernels blocks_sse2 = make_block_kernels<xsimd::sse2>();

}  // namespace halfulp::simd
