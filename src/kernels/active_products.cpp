#include "halfulp/kernels/backend.hpp"
#include "kernels/simd/matrix_unit_plan.hpp"
#include "kernels/simd/product_plan.hpp"

namespace halfulp::simd {

const product_kernels* active_products() {
    switch (active_backend()) {
#if defined(HALFULP_SIMD_X86)
        case backend::sse2: return &products_sse2;
        case backend::avx2: return &products_avx2;
        case backend::avx512: return &products_avx512;
#endif
        default: return nullptr;
    }
}

const matrix_unit_kernels* active_matrix_units() {
    switch (active_backend()) {
#if defined(HALFULP_SIMD_X86)
        case backend::sse2: return &matrix_units_sse2;
        case backend::avx2: return &matrix_units_avx2;
        case backend::avx512: return &matrix_units_avx512;
#endif
        default: return nullptr;
    }
}

}  // namespace halfulp::simd
