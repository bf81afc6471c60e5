// binary32 numbers to posits, as posit_plan.hpp describes it. One step of the code is 2^(26 - N) or more units of the last place of the
// number that is converted, so for N <= 24 the ES bits that L loses by the division may be jammed into its last bit: that lies below
// the half.
#pragma once

#include "kernels.hpp"
#include "posit_plan.hpp"

namespace halfulp::simd {

/// binary32 numbers below 2^31 as integers, in the environment's direction.
template <class A>
HALFULP_INLINE xsimd::batch<std::uint32_t, A> to_integers(const xsimd::batch<float, A>& x) {
    using vu = xsimd::batch<std::uint32_t, A>;
    if constexpr (is_avx512<A>) {
        return vu(_mm512_cvtps_epi32(x));
    } else if constexpr (is_avx2<A>) {
        return vu(_mm256_cvtps_epi32(x));
    } else {
        return vu(_mm_cvtps_epi32(x));
    }
}

/// Bits of signed integers as binary32 numbers, which hold them exactly.
template <class A>
HALFULP_INLINE xsimd::batch<std::uint32_t, A> bits_of_integers(const xsimd::batch<std::uint32_t, A>& k) {
    using vu = xsimd::batch<std::uint32_t, A>;
    if constexpr (is_avx512<A>) {
        return vu(_mm512_castps_si512(_mm512_cvtepi32_ps(k)));
    } else if constexpr (is_avx2<A>) {
        return vu(_mm256_castps_si256(_mm256_cvtepi32_ps(k)));
    } else {
        return vu(_mm_castps_si128(_mm_cvtepi32_ps(k)));
    }
}

/// Where `where` is all ones, -x; where it is zero, x.
template <class A>
HALFULP_INLINE xsimd::batch<std::uint32_t, A> negated_where(const xsimd::batch<std::uint32_t, A>& where,
                                                            const xsimd::batch<std::uint32_t, A>& x) {
    return (x ^ where) - where;
}

template <class A, class Out, bool ByMagnitude>
struct posit_step {
    using vu = xsimd::batch<std::uint32_t, A>;
    static constexpr bool random = false;
    static constexpr std::size_t lanes = vu::size;
    static constexpr std::uint32_t one = 0x3F800000u;
    int exponent_bits;
    vu lowest, highest, middle, last, not_a_real, code_sign, code_mask, lost;

    HALFULP_INLINE explicit posit_step(const posit_plan& p)
        : exponent_bits(p.exponent_bits),
          lowest(p.lowest),
          highest(p.highest),
          middle(p.middle),
          last(p.last),
          not_a_real(p.not_a_real),
          code_sign(p.sign),
          code_mask(p.code_mask),
          lost((1u << p.exponent_bits) - 1) {}

    template <std::size_t N>
    HALFULP_INLINE void operator()(const float* from, const std::uint32_t*, vu (&y)[N], flags&) const {
        for (std::size_t k = 0; k < N; ++k)
            y[k] = result(as_bits<float, A>(xsimd::batch<float, A>::load_unaligned(from + k * lanes)));
    }

    HALFULP_INLINE vu result(const vu& x) const {
        const vu sign_bit = all<std::uint32_t, A>(0x80000000u);
        const vu m = xsimd::bitwise_andnot(x, sign_bit);
        // No rounding leads to zero or beyond maxpos.
        const vu logarithm =
            lower<std::uint32_t, A>(higher<std::uint32_t, A>(m, lowest), highest) - all<std::uint32_t, A>(one);
        const vu from_one = ~spread_top_bit<std::uint32_t, A>(logarithm);  // x >= 1
        const vu below = negated_where<A>(from_one, logarithm);  // -|L|
        const vu jam = ((below & lost) + lost) >> exponent_bits;
        const vu divided =
            xsimd::bitwise_cast<std::uint32_t>(xsimd::bitwise_cast<std::int32_t>(below) >> exponent_bits) | jam;
        // Above 1 the code falls with what is converted, and so does the code of a negative number: modulo 2^N both are its negative.
        const vu falls = ByMagnitude ? from_one : from_one ^ x;
        const vu near = with_bits_of<std::uint32_t, A>(divided + middle, falls, sign_bit);
        const vu k = to_integers<A>(as_number<float, A>(near));
        vu made;
        if constexpr (std::is_same_v<Out, float>) {
            const vu rounded = (xsimd::bitwise_andnot(bits_of_integers<A>(k), sign_bit) - middle) << exponent_bits;
            made = negated_where<A>(from_one, rounded) + all<std::uint32_t, A>(one);
            made = with_bits_of<std::uint32_t, A>(made, x, sign_bit);
        } else {
            made = k ^ (from_one & code_sign);
            if constexpr (ByMagnitude) made = negated_where<A>(spread_top_bit<std::uint32_t, A>(x), made);
            made = made & code_mask;
        }
        made = xsimd::select(m == all<std::uint32_t, A>(0), m, made);
        return xsimd::select(above<std::uint32_t, A>(m, last), not_a_real, made);
    }
};

template <class A, class Out>
flags convert_to_posits(const float* x, Out* out, std::size_t size, const posit_plan& plan, bool stream) {
    if (plan.by_magnitude) return convert<A, float, Out, posit_step<A, Out, true>>(x, out, size, {}, plan, stream);
    return convert<A, float, Out, posit_step<A, Out, false>>(x, out, size, {}, plan, stream);
}

}  // namespace halfulp::simd
