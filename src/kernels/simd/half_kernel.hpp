// Codes of binary16 by the instruction that makes them: AVX-512 alone, where it needs no question of its own to the machine.
#pragma once

#include "grid_kernel.hpp"

namespace halfulp::simd {

/// Nearest even. Overflow, NaN and infinity are what the policies make of them, as in every kernel: the instruction gives infinity for an
/// overflow, which is above the largest member.
template <class A>
struct half_step {
    using vu = xsimd::batch<std::uint32_t, A>;
    static constexpr bool random = false;
    static constexpr std::size_t lanes = vu::size;

    const grid_plan<float> plan;
    finisher<A, float, true> finish;

    HALFULP_INLINE explicit half_step(const grid_plan<float>& p) : plan(p), finish(p.out) {}

    template <std::size_t N>
    HALFULP_INLINE void operator()(const float* x, const std::uint32_t*, vu (&y)[N], flags& report) const {
        vu bits[N];
        for (std::size_t k = 0; k < N; ++k)
            bits[k] = as_bits<float, A>(xsimd::batch<float, A>::load_unaligned(x + k * lanes));
        flush<A, float>(bits, plan.flush);
        for (std::size_t k = 0; k < N; ++k) {
            const vu magnitude = xsimd::bitwise_andnot(bits[k], finish.sign_bit);
            const __m512 number = as_number<float, A>(magnitude);  // a macro takes no comma of a template's
            const __m256i half = _mm512_cvtps_ph(number, _MM_FROUND_TO_NEAREST_INT);
            y[k] = vu(_mm512_cvtepu16_epi32(half));
        }
        finish(bits, y, report);
    }
};

}  // namespace halfulp::simd
