// Formats on a lane's grid. For a magnitude m of exponent e let c = 2^(max(e, emin) - M + mantissa_bits): m + c lies in [c, 2c) (for
// M <= mantissa_bits - 2), where the lane's last bit is worth just the format's quantum. So the hardware's own rounding of m + c is
// the rounding wanted, and t - c is exact. The bits of t count quanta: the next one away from zero is t + 1, parity is the last bit.
//
// The kernel does not set the rounding direction; whoever calls it does (float_environment). `direct` takes whatever is set;
// the others want toward zero: then t - c is the neighbour toward zero, the remainder m - (t - c) is exact, as both are multiples of
// m's last bit and the difference is below the quantum, and the mode's decision adds 0 or 1 to t.
#pragma once

#include "finish.hpp"

namespace halfulp::simd {

/// What a simple `general` engine looks at. `nearest`: the remainder above half, or half in the cases that the name says. `to_odd`:
/// no half, the last bit is set where anything is left over.
enum class decided_by { nearest_alone, nearest_and_sign, nearest_and_parity, to_odd };

/// Full: every option of a projection and of a format; otherwise signed formats with subnormals, M >= 1, no flushing.
template <class A, class Lane, class Out, grid_engine Engine, bool Full, decided_by By = decided_by::nearest_alone>
struct grid_step {
    using U = typename lane_types<Lane>::bits;
    using vu = xsimd::batch<U, A>;
    using vf = xsimd::batch<Lane, A>;
    static constexpr bool codes = !std::is_same_v<Lane, Out>;
    static constexpr std::size_t lanes = vu::size;
    static constexpr bool random = Engine >= grid_engine::stochastic_a;
    static constexpr bool hardware = Engine == grid_engine::direct || Engine == grid_engine::direct_signed;
    static constexpr int mantissa_bits = lane_types<Lane>::mantissa_bits;
    // Magnitudes far above the largest member give no c. Where comparisons are unsigned, what the hardware makes of them alone comes out
    // above the largest member all the same: the number itself, infinity, or NaN of either sign. Otherwise magnitudes are capped first
    // (adding 1 to the bits of a NaN may carry into the sign).
    static constexpr bool capped = Full || codes || !hardware || !is_avx512<A>;

    const grid_plan<Lane> plan;  // a copy, which no store of results can change
    vu cap, low_limit, low_adder, adder_offset, exponent, code_base, tie_offset, tie_change, scale, random_mask, one;
    finisher<A, Lane, codes> finish;

    HALFULP_INLINE explicit grid_step(const grid_plan<Lane>& p)
        : plan(p),
          cap(p.cap),
          low_limit(p.low_limit),
          low_adder(p.low_adder),
          adder_offset(p.adder_offset),
          exponent(lane_types<Lane>::infinity),
          code_base(p.code_base),
          tie_offset(U{0} - (U{mantissa_bits + 1} << mantissa_bits) - p.tie.constant),
          tie_change(p.tie.constant != 0 ? U{1} : ~U{0}),
          scale(p.scale),
          random_mask(p.random_mask),
          one(U{1}),
          finish(p.out) {}

    HALFULP_INLINE vu decide(const decision<U>& d, const vu& sign, const vu& odd) const {
        return all<U, A>(d.constant) ^ (sign & all<U, A>(d.sign)) ^ (odd & all<U, A>(d.parity));
    }

    /// t, or t + 1 where a simple mode goes away from zero. value = t - c is the neighbour toward zero.
    HALFULP_INLINE vu decided(const vu& bits, const vu& m, const vu& c, const vu& t, const vf& value,
                              const std::uint32_t* words) const {
        if constexpr (Engine == grid_engine::stochastic_a) {
            static_assert(sizeof(U) == 4);
            const vf scaled = (as_number<Lane, A>(m) - value) * as_number<Lane, A>(scale - c);
            vu word = vu::load_unaligned(words);
            if (plan.given_up != 0) [[unlikely]]
                word = word << plan.given_up;
            return add_where<U, A>(carries<A>(scaled, word, random_mask), t, one);
        } else if constexpr (By == decided_by::to_odd) {
            const auto inexact = as_bits<Lane, A>(value) != m;
            if constexpr (is_avx512<A>) {
                return xsimd::select(inexact, t | one, t);
            } else {
                return t | (vu(inexact.data) & one);
            }
        } else {
            // Bits of positive numbers compare as the numbers do. half - 1 is what a remainder that goes away at the tie is above.
            const vu remainder = as_bits<Lane, A>(as_number<Lane, A>(m) - value);
            vu half = c + tie_offset;
            if constexpr (By == decided_by::nearest_and_sign)
                half = add_where<U, A>(has_top_bit<U, A>(bits), half, tie_change);
            if constexpr (By == decided_by::nearest_and_parity)
                half = add_where<U, A>(has_bit<U, A>(t, one), half, tie_change);
            return add_where<U, A>(above<U, A>(remainder, half), t, one);
        }
    }

    /// Full: 1 where the number goes to its neighbour away from zero, else 0. t is the sum, rounded toward zero.
    HALFULP_INLINE vu away(const vu& bits, const vu& m, const vu& c, const vu& t, const std::uint32_t* words) const {
        const vf remainder = as_number<Lane, A>(m) - (as_number<Lane, A>(t) - as_number<Lane, A>(c));
        const vu zero = all<U, A>(0);
        if constexpr (Engine == grid_engine::general) {
            const vu half_step = all<U, A>(U{mantissa_bits + 1} << mantissa_bits);
            const vf half = as_number<Lane, A>((c - half_step) & all<U, A>(plan.half_mask));
            vu odd = t & one;
            odd = odd & (((c >> mantissa_bits) + all<U, A>(plan.parity_shift)) | all<U, A>(plan.parity_mask));
            const vu sign = bits >> (static_cast<int>(sizeof(U)) * 8 - 1);
            const auto more = xsimd::batch_bool_cast<U>(remainder > half);
            const auto equal = xsimd::batch_bool_cast<U>(remainder == half);
            return xsimd::select(more, decide(plan.above, sign, odd),
                                 xsimd::select(equal, decide(plan.tie, sign, odd), zero));
        } else {
            static_assert(sizeof(U) == 8);
            vu word = load_widened<A>(words);
            if (plan.given_up != 0) word = word << plan.given_up;
            word = word & all<U, A>(plan.random_mask);
            if constexpr (Engine == grid_engine::stochastic_equal) {
                const auto inexact = xsimd::batch_bool_cast<U>(remainder > all<Lane, A>(0));
                return xsimd::select(inexact, word >> 31, zero);
            } else {
                // In units of 2^-32 of the gap. A: floor(f 2^N) + R >= 2^N, and 2^N - R is an integer, so the floor is of no
                // consequence: f 2^32 >= 2^32 - R 2^(32-N). B: the same with half of R's last bit more. C: nearest-even of f 2^N
                // reaches V = 2^N - R above V - 1/2, and at V - 1/2 when V is even. All of them are binary64 numbers.
                const vf scaled = remainder * as_number<Lane, A>(all<U, A>(plan.scale) - c);
                vf threshold = all<Lane, A>(4294967296.0) - to_double<A>(word);
                if constexpr (Engine == grid_engine::stochastic_a) {
                    return xsimd::select(xsimd::batch_bool_cast<U>(scaled >= threshold), one, zero);
                } else {
                    threshold = threshold - all<Lane, A>(plan.random_half);
                    const auto reached = xsimd::batch_bool_cast<U>(scaled >= threshold);
                    if constexpr (Engine == grid_engine::stochastic_b) {
                        return xsimd::select(reached, one, zero);
                    } else {
                        const auto at = xsimd::batch_bool_cast<U>(scaled == threshold);
                        const auto odd = above<U, A>(word & all<U, A>(plan.random_last), zero);
                        return xsimd::select(reached & !(at & odd), one, zero);
                    }
                }
            }
        }
    }

    template <std::size_t N>
    HALFULP_INLINE void operator()(const Lane* x, const std::uint32_t* words, vu (&y)[N], flags& report) const {
        vu bits[N];
        for (std::size_t k = 0; k < N; ++k) {
            bits[k] = as_bits<Lane, A>(vf::load_unaligned(x + k * lanes));
        }
        if constexpr (!Full && !random) flush<A, Lane>(bits, plan.flush);
        for (std::size_t k = 0; k < N; ++k) {
            const std::uint32_t* w = words == nullptr ? words : words + k * lanes;
            if constexpr (Full) {
                y[k] = full(bits[k] & all<U, A>(plan.operand_mask), w, report);
            } else {
                const vu magnitude = xsimd::bitwise_andnot(bits[k], finish.sign_bit);
                y[k] = rounded(bits[k], capped ? lower<U, A>(magnitude, cap) : magnitude, w, low_adder, code_base);
            }
        }
        if constexpr (!Full) finish(bits, y, report);
    }

    /// t for stochastic_a. With u = R x quantum / 2^N, a number goes away where its fraction and R carry: t counts the quanta of
    /// floor(m + u), and cutting m + u first to the lane's bits changes no floor. R's first 24 bits decide: above quantum / 2, m has no
    /// bit below quantum / 2^24, as the lane has 24 bits. Below it, the other bits matter only where m + u so cut is the last number below
    /// the smallest quantum; a vector with such a lane is done from the remainders.
    HALFULP_INLINE vu drawn(const vu& bits, const vu& m, const std::uint32_t* words, const vu& c, const vu& low) const {
        static_assert(sizeof(U) == 4);
        const vu one_quantum =
            all<U, A>(U{mantissa_bits} << mantissa_bits);  // what c's bits have more than the quantum's
        vu word = vu::load_unaligned(words);
        if (plan.given_up != 0) [[unlikely]]
            word = word << plan.given_up;
        const vf first24 = xsimd::to_float(xsimd::bitwise_cast<std::int32_t>((word & random_mask) >> 8));
        const vf unit = as_number<Lane, A>(c - one_quantum - all<U, A>(U{24} << mantissa_bits));
        const vf moved = xsimd::fma(first24, unit, as_number<Lane, A>(m));  // the product is exact, fused or not
        const vf whole = as_number<Lane, A>(c);
        if (xsimd::any(as_bits<Lane, A>(moved) == low - one_quantum - one)) [[unlikely]] {
            const vf cut = as_number<Lane, A>(m) + whole;
            return decided(bits, m, c, as_bits<Lane, A>(cut), cut - whole, words);
        }
        return as_bits<Lane, A>(moved + whole);
    }

    /// Bits or codes of magnitudes of simple formats. c is `low` where the magnitude is below 2^emin: for gradual underflow that is the
    /// maximum of the exponents. `low` and `base` are the plan's own, or those of a grid moved by some binades.
    HALFULP_INLINE vu rounded(const vu& bits, const vu& m, const std::uint32_t* words, const vu& low,
                              const vu& base) const {
        const vu c = higher<U, A>((m & exponent) + adder_offset, low);
        if constexpr (Engine == grid_engine::direct_signed) {
            const vu sign = bits & finish.sign_bit;
            const vf signed_c = as_number<Lane, A>(c | sign);
            const vf t = as_number<Lane, A>(m | sign) + signed_c;
            if constexpr (codes) {
                return (as_bits<Lane, A>(t) ^ sign) - c + ((c >> plan.code_down) - base);
            } else {
                return xsimd::bitwise_andnot(as_bits<Lane, A>(t - signed_c), finish.sign_bit);
            }
        }
        vu t;
        if constexpr (Engine == grid_engine::stochastic_a) {
            t = drawn(bits, m, words, c, low);
        } else {
            t = as_bits<Lane, A>(as_number<Lane, A>(m) + as_number<Lane, A>(c));
            if constexpr (!hardware) {
                const vf value = as_number<Lane, A>(t) - as_number<Lane, A>(c);
                t = decided(bits, m, c, t, value, words);
            }
        }
        const vf value = as_number<Lane, A>(t) - as_number<Lane, A>(c);
        if constexpr (codes) {
            return t - c + ((c >> plan.code_down) - base);
        } else {
            return as_bits<Lane, A>(value);
        }
    }

    HALFULP_INLINE vu full(const vu& bits, const std::uint32_t* words, flags& report) const {
        const vu magnitude = xsimd::bitwise_andnot(bits, finish.sign_bit);
        const vu m = lower<U, A>(magnitude, cap);
        const auto low = above<U, A>(low_limit, m);
        const vu c = xsimd::select(low, low_adder, (m & exponent) + adder_offset);
        vu t = as_bits<Lane, A>(as_number<Lane, A>(m) + as_number<Lane, A>(c));
        if constexpr (!hardware) t = t + away(bits, m, c, t, words);
        const vu zero = all<U, A>(0);
        const vu value = as_bits<Lane, A>(as_number<Lane, A>(t) - as_number<Lane, A>(c));
        vu result = value;
        if constexpr (codes) {
            result = t - c + ((c >> plan.code_down) - code_base) - all<U, A>(plan.code_hidden);
            if (plan.low_is_one_gap) {
                result =
                    xsimd::select(low, xsimd::select(above<U, A>(value, zero), all<U, A>(plan.low_code), zero), result);
            }
        }
        if (plan.has_low_value) result = xsimd::select(low, all<U, A>(plan.low_value), result);
        const auto flushed =
            above<U, A>(all<U, A>(plan.flush_operand), m) | above<U, A>(all<U, A>(plan.flush_result), value);
        if (plan.flush_operand != 0 || plan.flush_result != 0) result = xsimd::select(flushed, zero, result);
        const auto rare = (above<U, A>(magnitude, zero) & above<U, A>(all<U, A>(plan.rare_below), magnitude)) |
                          (above<U, A>(magnitude, all<U, A>(plan.rare_above)) &
                           above<U, A>(all<U, A>(lane_types<Lane>::infinity), magnitude));
        if (xsimd::any(rare)) [[unlikely]]
            report = 1;
        vu finished[1] = {result};
        finish({bits}, finished, report);
        vu y = finished[0];
        const vu negative = spread_top_bit<U, A>(bits);
        if (plan.is_unsigned) {
            const auto finite = above<U, A>(all<U, A>(lane_types<Lane>::infinity), magnitude);
            auto moved = (negative != zero) & finite;
            if (!plan.has_low_value) moved = moved & (result != zero);
            y = xsimd::select(moved, all<U, A>(plan.negative_result), y);
        }
        const vu exact_zero = all<U, A>(plan.exact_zero.positive) ^
                              (negative & all<U, A>(plan.exact_zero.positive ^ plan.exact_zero.negative));
        return xsimd::select(magnitude == zero, exact_zero, y);
    }
};

/// Calls run.operator()<By>() with the way in which a simple plan of the `general` engine decides.
template <class Lane, class Run>
HALFULP_INLINE auto by_decision(const grid_plan<Lane>& plan, const Run& run) {
    using enum decided_by;
    if (plan.half_mask == 0) return run.template operator()<to_odd>();
    if (plan.tie.sign != 0) return run.template operator()<nearest_and_sign>();
    if (plan.tie.parity != 0) return run.template operator()<nearest_and_parity>();
    return run.template operator()<nearest_alone>();
}

}  // namespace halfulp::simd
