#include "halfulp/kernels/backend.hpp"
#include "integer_plan.hpp"

namespace halfulp::simd {

const integer_kernels* active_integers() {
    switch (active_backend()) {
#if defined(HALFULP_SIMD_X86)
        case backend::sse2: return &integers_sse2;
        case backend::avx2: return &integers_avx2;
        case backend::avx512: return &integers_avx512;
#endif
        default: return nullptr;
    }
}

}  // namespace halfulp::simd
