// Three-way decisions by sign and magnitude, and sums of magnitudes: what ternary and binary elements under means need.
#pragma once

#include "block_plan.hpp"
#include "vectors.hpp"

namespace halfulp::simd {

/// The sum of at most 1024 magnitudes whose bits are at least `from`, and how many they are, if binary64 holds sums of them exactly:
/// their last bits are at most 2^29 times apart from twice 1024 times the first bit of the largest, which is so where exponents differ
/// by at most 18. False where they do not, or one is no finite number.
template <class A>
bool sum_of_magnitudes(const float* x, std::size_t size, std::uint32_t from, double* sum, std::uint64_t* count) {
    using vu = xsimd::batch<std::uint32_t, A>;
    using vf = xsimd::batch<float, A>;
    using vd = xsimd::batch<double, A>;
    constexpr std::size_t lanes = vu::size;
    const vu mask = all<std::uint32_t, A>(0x7FFFFFFFu);
    const vu one = all<std::uint32_t, A>(1);
    const vu below = all<std::uint32_t, A>(from - 1);  // only used where from is not 0
    vu most = all<std::uint32_t, A>(0);
    vu least = mask;  // of magnitudes less one unit: zero is above all
    vu counts = most;
    vd sums[2] = {vd(0.0), vd(0.0)};
    const auto see = [&](const float* at) HALFULP_INLINE_LAMBDA {
        const vu m = as_bits<float, A>(vf::load_unaligned(at)) & mask;
        most = higher<std::uint32_t, A>(most, m);
        if (from == 0) {
            least = lower<std::uint32_t, A>(least, (m - one) & mask);
            for (std::size_t h = 0; h < 2; ++h) sums[h] += xsimd::abs(load_floats<A>(at + h * vd::size));
            return;
        }
        const auto kept = above<std::uint32_t, A>(m, below);
        counts = add_where<std::uint32_t, A>(kept, counts, one);
        const vu summed = xsimd::select(kept, m, all<std::uint32_t, A>(0));
        least = lower<std::uint32_t, A>(least, (summed - one) & mask);
        alignas(64) float numbers[lanes];
        as_number<float, A>(summed).store_aligned(numbers);
        for (std::size_t h = 0; h < 2; ++h) sums[h] += load_floats<A>(numbers + h * vd::size);
    };
    std::size_t i = 0;
    for (; i + lanes <= size; i += lanes) see(x + i);
    if (i < size) {
        alignas(64) float rest[lanes] = {};
        for (std::size_t k = i; k < size; ++k) rest[k - i] = x[k];
        see(rest);
    }
    alignas(64) std::uint32_t each[2][lanes];
    most.store_aligned(each[0]);
    least.store_aligned(each[1]);
    std::uint32_t top = 0;
    std::uint32_t bottom = 0x7F000000u;
    for (std::size_t k = 0; k < lanes; ++k) {
        top = each[0][k] > top ? each[0][k] : top;
        bottom = each[1][k] < bottom ? each[1][k] : bottom;
    }
    // A subnormal's last bit is that of exponent field 1.
    const std::uint32_t low = bottom >> 23 == 0 ? 1 : bottom >> 23;
    if (top >= 0x7F800000u || (top >> 23) > low + 18) return false;
    *sum = xsimd::reduce_add(sums[0] + sums[1]);  // in any order, since nothing is rounded
    *count = from == 0 ? size : xsimd::reduce_add(counts);
    return true;
}

/// out[i] = members[0] below -limit, members[2] above it, else members[1]; each sign has a limit of its own, as bits.
template <class A>
void codes_by_sign(const float* x, std::uint8_t* out, std::size_t size, sign_limits limits,
                   const std::uint8_t* members) {
    const std::uint8_t below = members[0];
    const std::uint8_t between = members[1];
    const std::uint8_t above = members[2];
    for (std::size_t i = 0; i < size; ++i) {
        const std::uint32_t bits = __builtin_bit_cast(std::uint32_t, x[i]);
        const auto magnitude = static_cast<std::int32_t>(bits & 0x7FFFFFFFu);
        const bool negative = static_cast<std::int32_t>(bits) < 0;
        const std::int32_t limit = negative ? limits.negative : limits.positive;
        const std::uint8_t outer = negative ? below : above;
        out[i] = magnitude > limit ? outer : between;
    }
}

template <class A>
void values_by_sign(const float* x, float* out, std::size_t size, sign_limits limits, const float* members,
                    bool stream) {
    using vf = xsimd::batch<float, A>;
    using vs = xsimd::batch<std::int32_t, A>;
    constexpr std::size_t lanes = vf::size;
    const vs positive(limits.positive);
    const vs negative(limits.negative);
    const vf below(members[0]);
    const vf between(members[1]);
    const vf beyond(members[2]);
    for_groups<4 * lanes>(
        x, out, size, nullptr, stream,
        [&](const float* from, float* to, const std::uint32_t*, bool past_caches) HALFULP_INLINE_LAMBDA {
            for (std::size_t k = 0; k < 4; ++k) {
                const vs bits = xsimd::bitwise_cast<std::int32_t>(vf::load_unaligned(from + k * lanes));
                const auto is_negative = bits < vs(0);
                const auto outside = (bits & vs(0x7FFFFFFF)) > xsimd::select(is_negative, negative, positive);
                const vf outer = xsimd::select(xsimd::batch_bool_cast<float>(is_negative), below, beyond);
                put(to + k * lanes, xsimd::select(xsimd::batch_bool_cast<float>(outside), outer, between), past_caches);
            }
        });
}

}  // namespace halfulp::simd
