// E8M0 from binary32: unsigned powers of two whose codes are binary32's own exponent fields, but for the lowest binade. There the
// members 2^-127 and 2^-126 meet binary32's subnormals: a magnitude becomes the one or the other by lying below a limit or not.
#pragma once

#include "aligned_kernel.hpp"

namespace halfulp::simd {

template <class A, class Out, addend_of By>
struct exponent_step {
    using vu = xsimd::batch<std::uint32_t, A>;
    static constexpr bool random = false;
    static constexpr std::size_t lanes = vu::size;

    const exponent_plan plan;
    aligned_step<A, float, Out, By> above_lowest;
    vu operand_mask, smallest_normal, limit, first, second, none;

    HALFULP_INLINE explicit exponent_step(const exponent_plan& p)
        : plan(p),
          above_lowest(p.above_lowest),
          operand_mask(p.operand_mask),
          smallest_normal(0x00800000u),
          limit(p.limit),
          first(p.first),
          second(p.second),
          none(0u) {}

    template <std::size_t N>
    HALFULP_INLINE void operator()(const float* x, const std::uint32_t*, vu (&y)[N], flags& report) const {
        vu bits[N];
        vu magnitude[N];
        vu unusual = none;  // the top bit is set where an operand is negative or zero
        for (std::size_t k = 0; k < N; ++k) {
            bits[k] = as_bits<float, A>(xsimd::batch<float, A>::load_unaligned(x + k * lanes)) & operand_mask;
            magnitude[k] = xsimd::bitwise_andnot(bits[k], above_lowest.finish.sign_bit);
            const vu low = xsimd::select(above<std::uint32_t, A>(limit, magnitude[k]), first, second);
            y[k] = xsimd::select(above<std::uint32_t, A>(smallest_normal, magnitude[k]), low,
                                 above_lowest.rounded(bits[k], nullptr));
            unusual = unusual | bits[k] | (magnitude[k] - all<std::uint32_t, A>(1));
        }
        above_lowest.finish(magnitude, y, report);
        if (xsimd::any(has_top_bit<std::uint32_t, A>(unusual))) {
            for (std::size_t k = 0; k < N; ++k) y[k] = replaced(bits[k], magnitude[k], y[k]);
        }
    }

    /// Negative operands, of which NaN has no sign, and zeros.
    HALFULP_INLINE vu replaced(const vu& bits, const vu& magnitude, const vu& y) const {
        const auto& finish = above_lowest.finish;
        const auto negative = has_top_bit<std::uint32_t, A>(bits);
        const auto number = !above<std::uint32_t, A>(magnitude, finish.infinity);
        const auto infinite = magnitude == finish.infinity;
        const vu below_zero = xsimd::select(infinite, all<std::uint32_t, A>(plan.above_lowest.out.infinity.negative),
                                            all<std::uint32_t, A>(plan.negative_result));
        const vu result = xsimd::select(negative & number, below_zero, y);
        return xsimd::select(magnitude == none, finish.pick(bits, plan.exact_zero), result);
    }
};

}  // namespace halfulp::simd
