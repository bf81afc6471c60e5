// Exponentials and logarithms of arrays of binary64, as xsimd computes them: within about 1 ulp, and not the same last bit on every
// machine. Nothing that is promised to the bit may use them.
#pragma once

#include <cstddef>

namespace halfulp::simd {

struct elementary_kernels {
    void (*exp)(const double* x, double* out, std::size_t size);
    void (*log)(const double* x, double* out, std::size_t size);
};

#if defined(HALFULP_SIMD_X86)
extern const elementary_kernels elementary_sse2, elementary_avx2, elementary_avx512;
#endif

}  // namespace halfulp::simd
