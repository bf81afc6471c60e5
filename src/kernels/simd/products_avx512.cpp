// The product kernels for AVX-512 F, CD, BW, DQ, VL. Compiled with that instruction set, so nothing of this file may run before the machine has been asked.
#include "product_kernel.hpp"

namespace halfulp::simd {

const product_kernels products_avx512 = make_product_kernels<xsimd::avx512bw>();

}  // namespace halfulp::simd
