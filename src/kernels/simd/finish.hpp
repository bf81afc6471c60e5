// The last step of every conversion: sign, overflow, and operands that are NaN or infinite.
#pragma once

#include "vectors.hpp"

namespace halfulp::simd {

/// Codes: the sign goes to its place in the code. Otherwise results are bits of a lane.
///
/// Results above the largest member are rare, and replaced in a branch. NaN and infinity come out above it too, so that one comparison
/// finds all of them; with `SpecialsApart` they may not, and are looked for by themselves.
template <class A, class Lane, bool Codes, bool SpecialsApart>
struct finisher {
    using U = typename lane_types<Lane>::bits;
    using vu = xsimd::batch<U, A>;
    using mask = xsimd::batch_bool<U, A>;

    vu sign_bit, largest;
    int sign_down;
    bool signed_zero;
    const outcome<Lane>& out;

    HALFULP_INLINE explicit finisher(const outcome<Lane>& o)
        : sign_bit(lane_types<Lane>::sign),
          largest(o.largest),
          sign_down(o.sign_down),
          signed_zero(o.signed_zero),
          out(o) {}

    /// x: the operands' bits; y: bits or codes of the rounded magnitudes, which become the results. Several vectors at a time: what is
    /// unusual is asked for once.
    template <std::size_t N>
    HALFULP_INLINE void operator()(const vu (&x)[N], vu (&y)[N], flags& report) const {
        mask beyond[N];
        for (std::size_t k = 0; k < N; ++k) beyond[k] = above<U, A>(y[k], largest);
        for (std::size_t k = 0; k < N; ++k) y[k] = with_sign(x[k], y[k]);
        mask unusual = beyond[0];
        for (std::size_t k = 1; k < N; ++k) unusual = unusual | beyond[k];
        if constexpr (SpecialsApart) {
            for (std::size_t k = 0; k < N; ++k) unusual = unusual | is_special(xsimd::bitwise_andnot(x[k], sign_bit));
        }
        if (xsimd::any(unusual)) [[unlikely]] {
            for (std::size_t k = 0; k < N; ++k) y[k] = replace(x[k], y[k], beyond[k], report);
        }
    }

    /// A result's magnitude with the operand's sign, where the format has it.
    HALFULP_INLINE vu with_sign(const vu& x, const vu& result) const {
        vu y;
        if constexpr (Codes) {
            y = result | ((x & sign_bit) >> sign_down);
        } else {
            y = with_bits_of<U, A>(result, x, sign_bit);
        }
        if (!signed_zero) [[unlikely]]
            y = xsimd::select(result == all<U, A>(0), result, y);
        return y;
    }

    HALFULP_INLINE static mask is_special(const vu& magnitude) {
        return above<U, A>(magnitude, all<U, A>(lane_types<Lane>::infinity - 1));
    }

    HALFULP_INLINE vu replace(const vu& x, const vu& y, const mask& beyond, flags& report) const {
        const vu magnitude = xsimd::bitwise_andnot(x, sign_bit);
        const vu negative = spread_top_bit<U, A>(x);
        const auto pick = [&](const by_sign<U>& v) {
            return all<U, A>(v.positive) ^ (negative & all<U, A>(v.positive ^ v.negative));
        };
        const vu z = xsimd::select(beyond, pick(out.overflow), y);
        const mask special = is_special(magnitude);
        if (xsimd::none(special)) return z;
        const mask nan = above<U, A>(magnitude, all<U, A>(lane_types<Lane>::infinity));
        if (out.report_special) report = 1;
        return xsimd::select(special, xsimd::select(nan, pick(out.nan), pick(out.infinity)), z);
    }
};

}  // namespace halfulp::simd
