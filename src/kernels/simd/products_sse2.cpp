// The product kernels for SSE2. Compiled with that instruction set, so nothing of this file may run before the machine has been asked.
#include "product_kernel.hpp"

namespace halfulp::simd {

const product_kernels products_sse2 = make_product_kernels<xsimd::sse2>();

}  // namespace halfulp::simd
