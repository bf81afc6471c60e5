// Formats with the lane's own binades (bfloat16, TF32, binary32 in binary32 lanes; e11m<M> in binary64 lanes), subnormals
// included: the bits of a magnitude are an integer in which one unit is one unit in the last place, in every binade. Adding
// what the mode wants and cutting the last s bits rounds; a carry out of the fraction raises the exponent, as it should.
//
// With D the s bits that go, a mode goes away from zero when D + K >= 2^s. K is 2^(s-1) for ties away, 2^(s-1) - 1 + odd for ties to
// even, 0 toward zero, 2^s - 1 away from zero, and so on. stochastic_a: floor(D 2^N / 2^s) + R >= 2^N. For N >= s that is
// D >= 2^s - floor(R / 2^(N-s)), for N < s it is (D without its last s-N bits) + R 2^(s-N) >= 2^s, where those bits cannot carry:
// K = R brought to the top of s bits in both cases. stochastic_b adds the half of R's last bit, stochastic_c first rounds to N bits.
#pragma once

#include "finish.hpp"

namespace halfulp::simd {

/// What the number added depends on besides the mode.
enum class addend_of { parity, sign, word };

template <class A, class Lane, class Out, addend_of By>
struct aligned_step {
    using U = typename lane_types<Lane>::bits;
    using vu = xsimd::batch<U, A>;
    static constexpr bool codes = !std::is_same_v<Lane, Out>;
    static constexpr bool random = By == addend_of::word;
    static constexpr std::size_t lanes = vu::size;

    const aligned_plan<Lane> plan;  // a copy, which no store of results can change
    vu kept, base, by_sign, by_odd, lowest_kept;
    finisher<A, Lane, codes> finish;

    HALFULP_INLINE explicit aligned_step(const aligned_plan<Lane>& p)
        : plan(p),
          kept(p.dropped == 0 ? ~U{0} : ~((U{1} << p.dropped) - 1)),
          base(p.base),
          by_sign(p.sign),
          by_odd(p.odd),
          lowest_kept(U{1} << p.dropped),
          finish(p.out) {}

    HALFULP_INLINE vu random_addend(const std::uint32_t* words) const {
        vu word;
        if constexpr (sizeof(U) == 4) {
            word = vu::load_unaligned(words);
        } else {
            word = load_widened<A>(words);
        }
        if (plan.given_up != 0) word = word << plan.given_up;
        if (plan.coin) {  // all ones below 2^s where the word's top bit is set
            if constexpr (sizeof(U) == 8) word = word << 32;
            return xsimd::bitwise_andnot(spread_top_bit<U, A>(word), kept);
        }
        if constexpr (sizeof(U) == 4) {
            if (plan.word_down > 31) return base;
            word = word >> plan.word_down;
        } else {
            if (plan.word_down > 63) return base;
            word = plan.word_down < 0 ? word << -plan.word_down : word >> plan.word_down;
        }
        return (word & all<U, A>(plan.word_mask)) + base;
    }

    template <std::size_t N>
    HALFULP_INLINE void operator()(const Lane* x, const std::uint32_t* words, vu (&y)[N], flags& report) const {
        vu bits[N];
        for (std::size_t k = 0; k < N; ++k) {
            bits[k] = as_bits<Lane, A>(xsimd::batch<Lane, A>::load_unaligned(x + k * lanes));
        }
        if constexpr (!random) flush<A, Lane>(bits, plan.flush);
        for (std::size_t k = 0; k < N; ++k) y[k] = rounded(bits[k], words == nullptr ? words : words + k * lanes);
        finish(bits, y, report);
    }

    HALFULP_INLINE vu rounded(const vu& bits, const std::uint32_t* words) const {
        const vu magnitude = xsimd::bitwise_andnot(bits, finish.sign_bit);
        vu sum;
        if constexpr (By == addend_of::word) {
            vu start = magnitude;
            if (plan.pre_dropped != 0) {
                const vu odd =
                    spread_top_bit<U, A>(magnitude << (static_cast<int>(sizeof(U)) * 8 - 1 - plan.pre_dropped));
                const vu below = all<U, A>((U{1} << plan.pre_dropped) - 1);
                start = xsimd::bitwise_andnot(magnitude + all<U, A>(plan.pre_half) - odd, below);
            }
            sum = start + random_addend(words);
        } else if constexpr (By == addend_of::sign) {
            sum = add_where<U, A>(has_top_bit<U, A>(bits), magnitude + base, by_sign);
        } else {
            sum = add_where<U, A>(has_bit<U, A>(magnitude, lowest_kept), magnitude + base, by_odd);
        }
        vu result = sum & kept;
        if constexpr (codes) result = result >> plan.dropped;
        return result;
    }
};

}  // namespace halfulp::simd
