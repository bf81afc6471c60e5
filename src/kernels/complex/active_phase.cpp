#include "halfulp/kernels/backend.hpp"
#include "kernels/simd/phase_table.hpp"

namespace halfulp::simd {

const phase_kernels* active_phase() {
    switch (active_backend()) {
#if defined(HALFULP_SIMD_X86)
        case backend::sse2: return &phase_sse2;
        case backend::avx2: return &phase_avx2;
        case backend::avx512: return &phase_avx512;
#endif
        default: return nullptr;
    }
}

}  // namespace halfulp::simd
