// Codes of posits to binary32, as posit_plan.hpp describes it, the other way round: codes of at most 24 bits are exact as numbers.
#pragma once

#include "posit_kernel.hpp"

namespace halfulp::simd {

template <class A, class C>
flags decode_posits(const C* codes, float* out, std::size_t size, const posit_decode_plan& plan, bool stream) {
    using vu = xsimd::batch<std::uint32_t, A>;
    constexpr std::size_t lanes = vu::size;
    const vu sign_bit = all<std::uint32_t, A>(0x80000000u);
    const vu middle = all<std::uint32_t, A>(std::uint32_t{127 + 30} << 23);  // of 2^30: strings end at the top bit
    vu seen = all<std::uint32_t, A>(0);
    const auto value = [&](const vu& code) HALFULP_INLINE_LAMBDA {
        const vu string = code << plan.up;
        const vu negative = spread_top_bit<std::uint32_t, A>(string);
        const vu magnitude = negated_where<A>(negative, string);
        const vu from_one = spread_top_bit<std::uint32_t, A>(magnitude << 1);
        const vu below = xsimd::bitwise_andnot(negated_where<A>(from_one, magnitude), sign_bit);
        const vu logarithm = (bits_of_integers<A>(below) - middle) << plan.exponent_bits;
        const vu number = negated_where<A>(from_one, logarithm) + all<std::uint32_t, A>(0x3F800000u);
        // What is left of 0 and of NaR, the sign alone, is 0.
        return vu(xsimd::select(below == all<std::uint32_t, A>(0), negative & all<std::uint32_t, A>(0x7FC00000u),
                                with_bits_of<std::uint32_t, A>(number, string, sign_bit)));
    };
    for_groups<4 * lanes>(codes, out, size, nullptr, stream,
                          [&](const C* from, float* to, const std::uint32_t*, bool past_caches) HALFULP_INLINE_LAMBDA {
                              for (std::size_t k = 0; k < 4; ++k) {
                                  const vu code = decode_step<A, C>::load(from + k * lanes);
                                  seen = seen | code;
                                  put(to + k * lanes, as_number<float, A>(value(code)), past_caches);
                              }
                          });
    return xsimd::any((seen & all<std::uint32_t, A>(~plan.code_mask)) != all<std::uint32_t, A>(0)) ? 1 : 0;
}

}  // namespace halfulp::simd
