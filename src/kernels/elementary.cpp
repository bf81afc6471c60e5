#include "halfulp/kernels/elementary.hpp"

#include <cmath>

#include "halfulp/kernels/backend.hpp"
#include "kernels/simd/elementary_plan.hpp"

namespace halfulp {
namespace {

void exp_of(const double* x, double* out, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) out[i] = std::exp(x[i]);
}

void log_of(const double* x, double* out, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) out[i] = std::log(x[i]);
}

}  // namespace

elementary_functions active_elementary() {
    switch (active_backend()) {
#if defined(HALFULP_SIMD_X86)
        case backend::sse2: return {simd::elementary_sse2.exp, simd::elementary_sse2.log};
        case backend::avx2: return {simd::elementary_avx2.exp, simd::elementary_avx2.log};
        case backend::avx512: return {simd::elementary_avx512.exp, simd::elementary_avx512.log};
#endif
        default: return {exp_of, log_of};
    }
}

}  // namespace halfulp
