// Flushing to zero ahead of a conversion that knows gradual underflow alone: deterministic rounding is monotonic, so those that
// become zero are the magnitudes below a limit, and the others round as they do without flushing.
#pragma once

#include "vectors.hpp"

namespace halfulp::simd {

template <class A>
void flush_small(const float* x, float* out, std::size_t size, const by_sign<std::uint32_t>& limits) {
    using vu = xsimd::batch<std::uint32_t, A>;
    using vf = xsimd::batch<float, A>;
    const vu positive = all<std::uint32_t, A>(limits.positive);
    const vu change = all<std::uint32_t, A>(limits.positive ^ limits.negative);
    const vu sign_bit = all<std::uint32_t, A>(lane_types<float>::sign);
    for_groups<vu::size>(
        x, out, size, nullptr, false,
        [&](const float* from, float* to, const std::uint32_t*, bool) HALFULP_INLINE_LAMBDA {
            const vu bits = as_bits<float, A>(vf::load_unaligned(from));
            const vu limit = positive ^ (spread_top_bit<std::uint32_t, A>(bits) & change);
            const vu kept = xsimd::select(above<std::uint32_t, A>(limit, xsimd::bitwise_andnot(bits, sign_bit)),
                                          bits & sign_bit, bits);
            as_number<float, A>(kept).store_unaligned(to);
        });
}

}  // namespace halfulp::simd
