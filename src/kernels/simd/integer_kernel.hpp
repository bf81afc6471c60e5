// Integers and fixed point: the magnitude rounded on the lane's grid, the sign as two's complement, the ends.
#pragma once

#include "grid_kernel.hpp"
#include "integer_plan.hpp"

namespace halfulp::simd {

/// |k| of magnitudes, by any engine: what is left of the sum when c's bits are taken off.
template <class A, class Lane, grid_engine Engine, decided_by By>
struct integer_rounder {
    using U = typename lane_types<Lane>::bits;
    using S = signed_bits<Lane>;
    using vu = xsimd::batch<U, A>;
    using vs = xsimd::batch<S, A>;
    using vf = xsimd::batch<Lane, A>;
    static constexpr bool in_double = sizeof(Lane) == 8;
    /// Only decides; its results are never finished.
    using decider = grid_step<A, Lane, U, Engine, in_double && Engine != grid_engine::direct, By>;
    static constexpr bool random = decider::random;

    decider grid;

    HALFULP_INLINE explicit integer_rounder(const grid_plan<Lane>& plan) : grid(plan) {}

    HALFULP_INLINE vu operator()(const vu& bits, const vu& m, const std::uint32_t* words, const vu& c) const {
        if constexpr (Engine == grid_engine::direct_signed) {
            const vu sign = bits & grid.finish.sign_bit;
            const vf t = as_number<Lane, A>(m | sign) + as_number<Lane, A>(c | sign);
            return (as_bits<Lane, A>(t) ^ sign) - c;
        } else if constexpr (Engine == grid_engine::stochastic_a && !in_double) {
            return grid.drawn(bits, m, words, c, c) - c;
        } else {
            const vu t = as_bits<Lane, A>(as_number<Lane, A>(m) + as_number<Lane, A>(c));
            if constexpr (Engine == grid_engine::direct) {
                return t - c;
            } else if constexpr (in_double) {
                return t + grid.away(bits, m, c, t, words) - c;
            } else {
                return grid.decided(bits, m, c, t, as_number<Lane, A>(t) - as_number<Lane, A>(c), words) - c;
            }
        }
    }

    /// k, two's complement, before the ends.
    HALFULP_INLINE vs number(const vu& bits, const vu& m, const std::uint32_t* words, const vu& c) const {
        const vu negative = spread_top_bit<U, A>(bits);
        return xsimd::bitwise_cast<S>(((*this)(bits, m, words, c) ^ negative) - negative);
    }
};

template <class A, class Lane, class Out, grid_engine Engine, decided_by By>
struct integer_step {
    using rounder = integer_rounder<A, Lane, Engine, By>;
    using U = typename rounder::U;
    using S = typename rounder::S;
    using vu = typename rounder::vu;
    using vs = typename rounder::vs;
    using vf = typename rounder::vf;
    static constexpr bool codes = !std::is_same_v<Lane, Out>;
    static constexpr bool random = rounder::random;
    static constexpr std::size_t lanes = vu::size;

    const rounder rounded;
    const integer_plan<Lane>& plan;
    vu cap, c, code_mask, infinity;
    vs lowest, highest;
    vf quantum, signed_adder;

    HALFULP_INLINE explicit integer_step(const integer_plan<Lane>& p)
        : rounded(p.grid),
          plan(p),
          cap(p.grid.cap),
          c(p.adder),
          code_mask(p.code_mask),
          infinity(lane_types<Lane>::infinity),
          lowest(static_cast<S>(p.lowest)),
          highest(static_cast<S>(p.highest)),
          quantum(p.quantum),
          signed_adder(as_number<Lane, A>(c) * vf(Lane{1.5})) {}

    template <std::size_t N>
    HALFULP_INLINE void operator()(const Lane* x, const std::uint32_t* words, vu (&y)[N], flags& report) const {
        vu bits[N];
        vu m[N];
        for (std::size_t k = 0; k < N; ++k) {
            bits[k] = as_bits<Lane, A>(vf::load_unaligned(x + k * lanes));
            m[k] = xsimd::bitwise_andnot(bits[k], rounded.grid.finish.sign_bit);
        }
        for (std::size_t k = 0; k < N; ++k) {
            const std::uint32_t* w = words == nullptr ? words : words + k * lanes;
            const vs number = rounded.number(bits[k], lower<U, A>(m[k], cap), w, c);
            const vs held = xsimd::max(xsimd::min(number, highest), lowest);
            y[k] = result(held);
            if (plan.marks_overflow) y[k] = marked(number, held, y[k]);
        }
        vu top = m[0];
        for (std::size_t k = 1; k < N; ++k) top = higher<U, A>(top, m[k]);
        if (xsimd::any(above<U, A>(top, infinity))) [[unlikely]] {
            if (plan.report_nan) report = 1;
            for (std::size_t k = 0; k < N; ++k)
                y[k] = xsimd::select(above<U, A>(m[k], infinity), all<U, A>(plan.nan), y[k]);
        }
    }

  private:
    HALFULP_INLINE vu result(const vs& k) const {
        if constexpr (codes) {
            return xsimd::bitwise_cast<U>(k) & code_mask;
        } else if constexpr (sizeof(Lane) == 4) {
            return as_bits<Lane, A>(xsimd::to_float(k) * quantum);
        } else {
            // No hardware converts 64-bit integers everywhere. The direction is never downward here, so zero is +0.
            const vu sum = as_bits<Lane, A>(signed_adder) + xsimd::bitwise_cast<U>(k);
            return as_bits<Lane, A>(as_number<Lane, A>(sum) - signed_adder);
        }
    }

    HALFULP_INLINE vu marked(const vs& number, const vs& held, const vu& y) const {
        const auto over = xsimd::batch_bool_cast<U>(number > held);
        const auto under = xsimd::batch_bool_cast<U>(held > number);
        return xsimd::select(over, all<U, A>(plan.overflow.positive),
                             xsimd::select(under, all<U, A>(plan.overflow.negative), y));
    }
};

}  // namespace halfulp::simd
