// The product kernels for AVX2 and FMA. Compiled with that instruction set, so nothing of this file may run before the machine has been asked.
#include "product_kernel.hpp"

namespace halfulp::simd {

const product_kernels products_avx2 = make_product_kernels<xsimd::fma3<xsimd::avx2>>();

}  // namespace halfulp::simd
