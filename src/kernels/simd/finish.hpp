// The last step of every conversion: sign, overflow, and operands that are NaN or infinite.
#pragma once

#include "vectors.hpp"

namespace halfulp::simd {

template <class A, class Lane, std::size_t N>
HALFULP_INLINE void flush(xsimd::batch<typename lane_types<Lane>::bits, A> (&x)[N],
                          const flush_limits<typename lane_types<Lane>::bits>& limits) {
    using U = typename lane_types<Lane>::bits;
    if (!limits.any) [[likely]]
        return;
    const auto sign_bit = all<U, A>(lane_types<Lane>::sign);
    const auto positive = all<U, A>(limits.below.positive);
    const auto change = all<U, A>(limits.below.positive ^ limits.below.negative);
    for (std::size_t k = 0; k < N; ++k) {
        const auto limit = positive ^ (spread_top_bit<U, A>(x[k]) & change);
        const auto small = above<U, A>(limit, xsimd::bitwise_andnot(x[k], sign_bit));
        x[k] = xsimd::select(small, x[k] & sign_bit, x[k]);
    }
}

/// Codes: the sign goes to its place in the code. Otherwise results are bits of a lane.
///
/// NaN and infinite operands are rare, and replaced in a branch. Results above the largest member are not, in narrow formats: they are
/// replaced without one where their replacement is the same for both signs, but for the sign.
template <class A, class Lane, bool Codes>
struct finisher {
    using U = typename lane_types<Lane>::bits;
    using vu = xsimd::batch<U, A>;
    using mask = xsimd::batch_bool<U, A>;

    vu sign_bit, stored_sign, largest, overflow, infinity;
    int sign_down;
    bool signed_zero;
    bool symmetric;
    const outcome<Lane>& out;

    HALFULP_INLINE explicit finisher(const outcome<Lane>& o)
        : sign_bit(lane_types<Lane>::sign),
          stored_sign(lane_types<Lane>::sign >> o.sign_down),
          largest(o.largest),
          overflow(o.overflow.positive),
          infinity(lane_types<Lane>::infinity),
          sign_down(o.sign_down),
          signed_zero(o.signed_zero),
          symmetric(o.overflow.negative ==
                    (o.overflow.positive | (Codes ? lane_types<Lane>::sign >> o.sign_down : lane_types<Lane>::sign))),
          out(o) {}

    /// x: the operands' bits; y: bits or codes of the rounded magnitudes, which become the results. Several vectors at a time: what is
    /// unusual is asked for once.
    template <std::size_t N>
    HALFULP_INLINE void operator()(const vu (&x)[N], vu (&y)[N], flags& report) const {
        if (symmetric) [[likely]] {
            for (std::size_t k = 0; k < N; ++k) y[k] = xsimd::select(above<U, A>(y[k], largest), overflow, y[k]);
            for (std::size_t k = 0; k < N; ++k) y[k] = with_sign(x[k], y[k]);
        } else {
            mask beyond[N];
            for (std::size_t k = 0; k < N; ++k) beyond[k] = above<U, A>(y[k], largest);
            for (std::size_t k = 0; k < N; ++k) y[k] = with_sign(x[k], y[k]);
            mask any_beyond = beyond[0];
            for (std::size_t k = 1; k < N; ++k) any_beyond = any_beyond | beyond[k];
            if (xsimd::any(any_beyond)) [[unlikely]] {
                for (std::size_t k = 0; k < N; ++k) y[k] = xsimd::select(beyond[k], pick(x[k], out.overflow), y[k]);
            }
        }
        vu top = xsimd::bitwise_andnot(x[0], sign_bit);
        for (std::size_t k = 1; k < N; ++k) top = higher<U, A>(top, xsimd::bitwise_andnot(x[k], sign_bit));
        if (xsimd::any(!above<U, A>(infinity, top))) [[unlikely]] {
            if (out.report_special) report = 1;
            for (std::size_t k = 0; k < N; ++k) y[k] = replace_special(x[k], y[k]);
        }
    }

    /// A result's magnitude with the operand's sign, where the format has it.
    HALFULP_INLINE vu with_sign(const vu& x, const vu& result) const {
        vu y;
        if constexpr (Codes) {
            y = with_bits_of<U, A>(result, x >> sign_down, stored_sign);
        } else {
            y = with_bits_of<U, A>(result, x, sign_bit);
        }
        if (!signed_zero) [[unlikely]]
            y = xsimd::select(result == all<U, A>(0), result, y);
        return y;
    }

    HALFULP_INLINE vu pick(const vu& x, const by_sign<U>& v) const {
        return all<U, A>(v.positive) ^ (spread_top_bit<U, A>(x) & all<U, A>(v.positive ^ v.negative));
    }

    HALFULP_INLINE vu replace_special(const vu& x, const vu& y) const {
        const vu magnitude = xsimd::bitwise_andnot(x, sign_bit);
        const mask nan = above<U, A>(magnitude, infinity);
        const vu special = xsimd::select(nan, pick(x, out.nan), pick(x, out.infinity));
        return xsimd::select(above<U, A>(infinity, magnitude), y, special);
    }
};

}  // namespace halfulp::simd
