// The last step of every conversion: sign, overflow, and operands that are NaN or infinite.
#pragma once

#include "vectors.hpp"

namespace halfulp::simd {

/// Codes: the sign goes to its place in the code. Otherwise results are bits of a lane.
template <class A, class Lane, bool Codes>
struct finisher {
    using U = typename lane_types<Lane>::bits;
    using vu = xsimd::batch<U, A>;

    vu sign_bit, largest, overflow, overflow_difference, below_infinity;
    const outcome<Lane>& out;

    HALFULP_INLINE explicit finisher(const outcome<Lane>& o)
        : sign_bit(lane_types<Lane>::sign),
          largest(o.largest),
          overflow(o.overflow.positive),
          overflow_difference(o.overflow.positive ^ o.overflow.negative),
          below_infinity(lane_types<Lane>::infinity - 1),
          out(o) {}

    /// x: the operand's bits; magnitude: without the sign; result: bits or code of the rounded magnitude.
    HALFULP_INLINE vu operator()(const vu& x, const vu& magnitude, const vu& result, flags& report) const {
        vu sign = x & sign_bit;
        if constexpr (Codes) sign = sign >> out.sign_down;
        if (!out.signed_zero) sign = xsimd::select(above<U, A>(result, all<U, A>(0)), sign, all<U, A>(0));
        const vu beyond = overflow ^ (spread_top_bit<U, A>(x) & overflow_difference);
        vu y = xsimd::select(above<U, A>(result, largest), beyond, result | sign);
        const auto special = above<U, A>(magnitude, below_infinity);
        if (xsimd::any(special)) [[unlikely]]
            y = replace_special(x, magnitude, y, special, report);
        return y;
    }

    HALFULP_INLINE vu replace_special(const vu& x, const vu& magnitude, const vu& y,
                                      const xsimd::batch_bool<U, A>& special, flags& report) const {
        const vu negative = spread_top_bit<U, A>(x);
        const auto pick = [&](const by_sign<U>& v) {
            return all<U, A>(v.positive) ^ (negative & all<U, A>(v.positive ^ v.negative));
        };
        const auto nan = above<U, A>(magnitude, all<U, A>(lane_types<Lane>::infinity));
        if (out.report_special) report = 1;
        return xsimd::select(special, xsimd::select(nan, pick(out.nan), pick(out.infinity)), y);
    }
};

}  // namespace halfulp::simd
