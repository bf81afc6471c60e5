// Elements under scales.
//
// A power-of-two scale moves the element's grid: the step is grid_kernel.hpp's with other constants, and no division is made.
//
// Any other scale d: q = x × RN(1/d) is off by less than 2^-51.9 of itself. A deterministic mode compares x/d with members and
// midpoints m of at most p + 1 bits. Where x/d is not m, it is at least 2^-B away, relatively, with B = max(24, p + 1 + bits of d) (exact_ratio.hpp);
// callers see to B <= 46. Rounding q to 48 bits (off by at most 2^-48) therefore gives m itself where x/d is m, which has fewer
// bits, and else a number on the same side of m. So q, rounded to 48 bits, is rounded by the mode as x/d would be.
//
// For binary64 numbers x there is no such B. There q, rounded to 48 bits, is m itself or on the same side of m as x/d: no 48-bit number but
// q lies between them, as those are 2^-48 apart and RN(x × RN(1/d)) is off by less. The sign of x - q d, which one fused
// multiply-add gives exactly, then says on which side of q the quotient is, and q moves there by its last bit of 53.
//
// Most elements need no binary64 at all: m = |x| × RN32(1/d) is off by less than 2^-22.9 of itself. With y the number on the grid
// nearest to m, the midpoint nearest to m is half a quantum - |m - y| away. Where that is more than 2^-21 m, x/d lies on the same side of it
// as m, so y is what x/d rounds to. Vectors with a lane in doubt are done again in binary64. The product y d comes from one fused
// multiply-add: with d = high + low, y × low is exact, and y × high + y × low is rounded once.
#pragma once

#include "block_plan.hpp"
#include "vectors.hpp"

namespace halfulp::simd {

template <class A>
HALFULP_INLINE std::uint32_t largest_lane(const xsimd::batch<std::uint32_t, A>& v) {
    if constexpr (is_avx512<A>) {
        return _mm512_reduce_max_epu32(v);
    } else {
        alignas(64) std::uint32_t lanes[xsimd::batch<std::uint32_t, A>::size];
        v.store_aligned(lanes);
        std::uint32_t most = lanes[0];
        for (const std::uint32_t lane : lanes) most = lane > most ? lane : most;
        return most;
    }
}

/// The greater of two magnitudes, as bits.
template <class A>
HALFULP_INLINE xsimd::batch<std::uint32_t, A> higher(const xsimd::batch<std::uint32_t, A>& a,
                                                     const xsimd::batch<std::uint32_t, A>& b) {
    if constexpr (is_sse2<A>) {
        return xsimd::select(above<std::uint32_t, A>(a, b), a, b);
    } else {
        return xsimd::max(a, b);
    }
}

/// over + 1 in the lanes of the mask.
template <class U, class A>
HALFULP_INLINE xsimd::batch<U, A> count_where(const xsimd::batch<U, A>& over, const xsimd::batch_bool<U, A>& mask) {
    if constexpr (is_avx512<A> && sizeof(U) == 4) {
        return xsimd::batch<U, A>(_mm512_mask_add_epi32(over, mask, over, _mm512_set1_epi32(1)));
    } else if constexpr (is_avx512<A>) {
        return xsimd::batch<U, A>(_mm512_mask_add_epi64(over, mask, over, _mm512_set1_epi64(1)));
    } else {
        return over - xsimd::select(mask, all<U, A>(~U{0}), all<U, A>(0));
    }
}

// In each 128-bit quarter: a0 b0 a1 b1, a2 b2 a3 b3; and the same of pairs.
template <class A>
HALFULP_INLINE xsimd::batch<std::uint32_t, A> low_of_both(const xsimd::batch<std::uint32_t, A>& a,
                                                          const xsimd::batch<std::uint32_t, A>& b) {
    using vu = xsimd::batch<std::uint32_t, A>;
    if constexpr (is_avx512<A>) {
        return vu(_mm512_unpacklo_epi32(a, b));
    } else if constexpr (is_avx2<A>) {
        return vu(_mm256_unpacklo_epi32(a, b));
    } else {
        return vu(_mm_unpacklo_epi32(a, b));
    }
}
template <class A>
HALFULP_INLINE xsimd::batch<std::uint32_t, A> high_of_both(const xsimd::batch<std::uint32_t, A>& a,
                                                           const xsimd::batch<std::uint32_t, A>& b) {
    using vu = xsimd::batch<std::uint32_t, A>;
    if constexpr (is_avx512<A>) {
        return vu(_mm512_unpackhi_epi32(a, b));
    } else if constexpr (is_avx2<A>) {
        return vu(_mm256_unpackhi_epi32(a, b));
    } else {
        return vu(_mm_unpackhi_epi32(a, b));
    }
}

/// The largest lanes of four vectors, A B C D, in every quarter of one vector.
template <class A>
HALFULP_INLINE xsimd::batch<std::uint32_t, A> largest_of_four(const xsimd::batch<std::uint32_t, A> (&v)[4]) {
    using vu = xsimd::batch<std::uint32_t, A>;
    const vu ab = higher<A>(low_of_both<A>(v[0], v[1]), high_of_both<A>(v[0], v[1]));  // A B A B
    const vu cd = higher<A>(low_of_both<A>(v[2], v[3]), high_of_both<A>(v[2], v[3]));
    if constexpr (is_avx512<A>) {
        const vu four = higher<A>(vu(_mm512_unpacklo_epi64(ab, cd)), vu(_mm512_unpackhi_epi64(ab, cd)));
        const vu half = higher<A>(four, vu(_mm512_shuffle_i32x4(four, four, 0x4E)));
        return higher<A>(half, vu(_mm512_shuffle_i32x4(half, half, 0xB1)));
    } else if constexpr (is_avx2<A>) {
        const vu four = higher<A>(vu(_mm256_unpacklo_epi64(ab, cd)), vu(_mm256_unpackhi_epi64(ab, cd)));
        return higher<A>(four, vu(_mm256_permute2x128_si256(four, four, 1)));
    } else {
        return higher<A>(vu(_mm_unpacklo_epi64(ab, cd)), vu(_mm_unpackhi_epi64(ab, cd)));
    }
}

/// Lane Index of every quarter, throughout that quarter.
template <int Index, class A>
HALFULP_INLINE xsimd::batch<std::uint32_t, A> spread_in_quarters(const xsimd::batch<std::uint32_t, A>& v) {
    using vu = xsimd::batch<std::uint32_t, A>;
    if constexpr (is_avx512<A>) {
        return vu(_mm512_shuffle_epi32(v, static_cast<_MM_PERM_ENUM>(Index * 0x55)));
    } else if constexpr (is_avx2<A>) {
        return vu(_mm256_shuffle_epi32(v, Index * 0x55));
    } else {
        return vu(_mm_shuffle_epi32(v, Index * 0x55));
    }
}

/// The four numbers of the first quarter.
template <class A>
HALFULP_INLINE void store_quarter(std::uint32_t* to, const xsimd::batch<std::uint32_t, A>& v) {
    if constexpr (is_avx512<A>) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_castsi512_si128(v));
    } else if constexpr (is_avx2<A>) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(v));
    } else {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), v);
    }
}

/// The lanes' largest magnitudes of four groups of `length` neighbours, a multiple of the vector.
template <class A>
HALFULP_INLINE xsimd::batch<std::uint32_t, A> largest_of_four_groups(const float* x, std::size_t length) {
    using vu = xsimd::batch<std::uint32_t, A>;
    constexpr std::size_t lanes = vu::size;
    const vu mask = all<std::uint32_t, A>(0x7FFFFFFFu);
    vu most[4];
    for (std::size_t g = 0; g < 4; ++g)
        most[g] = as_bits<float, A>(xsimd::batch<float, A>::load_unaligned(x + g * length)) & mask;
    for (std::size_t i = lanes; i < length; i += lanes) {
        for (std::size_t g = 0; g < 4; ++g) {
            const vu m = as_bits<float, A>(xsimd::batch<float, A>::load_unaligned(x + g * length + i)) & mask;
            most[g] = higher<A>(most[g], m);
        }
    }
    return largest_of_four<A>(most);
}

template <class A>
HALFULP_INLINE std::uint32_t largest_magnitude(const float* x, std::size_t size) {
    using vu = xsimd::batch<std::uint32_t, A>;
    constexpr std::size_t lanes = vu::size;
    const vu mask = all<std::uint32_t, A>(0x7FFFFFFFu);
    vu most = all<std::uint32_t, A>(0);
    vu most2 = most;
    std::size_t i = 0;
    for (; i + 2 * lanes <= size; i += 2 * lanes) {
        most = higher<A>(most, as_bits<float, A>(xsimd::batch<float, A>::load_unaligned(x + i)) & mask);
        most2 = higher<A>(most2, as_bits<float, A>(xsimd::batch<float, A>::load_unaligned(x + i + lanes)) & mask);
    }
    std::uint32_t top = largest_lane<A>(higher<A>(most, most2));
    for (; i < size; ++i) {
        const std::uint32_t m = __builtin_bit_cast(std::uint32_t, x[i]) & 0x7FFFFFFFu;
        top = m > top ? m : top;
    }
    return top;
}

/// The element step under scales 2^k. The constants for k are made by move().
template <class A, class Out, grid_engine Engine>
struct power_step {
    using vu = xsimd::batch<std::uint32_t, A>;
    using vf = xsimd::batch<float, A>;
    static constexpr bool codes = !std::is_same_v<Out, float>;
    static constexpr std::size_t lanes = vu::size;

    struct moved {
        vu low_adder;
        vu largest;
        vu code_base;
    };

    const power_plan plan;
    vu sign_bit, exponent, adder_offset;

    HALFULP_INLINE explicit power_step(const power_plan& p)
        : plan(p), sign_bit(0x80000000u), exponent(0x7F800000u), adder_offset(p.adder_offset) {}

    HALFULP_INLINE moved move(const vu& k) const {
        const vu up = k << 23;
        return {all<std::uint32_t, A>(plan.low_adder) + up,
                codes ? all<std::uint32_t, A>(plan.largest) : all<std::uint32_t, A>(plan.largest) + up,
                codes ? all<std::uint32_t, A>(plan.code_base) + (k << plan.mantissa_bits) : up};
    }

    HALFULP_INLINE vu decide(const decision<std::uint32_t>& d, const vu& sign, const vu& odd) const {
        return all<std::uint32_t, A>(d.constant) ^ (sign & all<std::uint32_t, A>(d.sign)) ^
               (odd & all<std::uint32_t, A>(d.parity));
    }

    /// 1 for lanes that go away from zero: grid_kernel.hpp's decisions.
    HALFULP_INLINE vu away(const vu& bits, const vu& m, const vu& c, const vu& t, const std::uint32_t* words) const {
        const vf remainder = as_number<float, A>(m) - (as_number<float, A>(t) - as_number<float, A>(c));
        const vu one = all<std::uint32_t, A>(1);
        const vu zero = all<std::uint32_t, A>(0);
        if constexpr (Engine == grid_engine::general) {
            const vf half =
                as_number<float, A>((c - all<std::uint32_t, A>(24u << 23)) & all<std::uint32_t, A>(plan.half_mask));
            const vu odd = t & one;
            const vu sign = bits >> 31;
            const auto more = xsimd::batch_bool_cast<std::uint32_t>(remainder > half);
            const auto equal = xsimd::batch_bool_cast<std::uint32_t>(remainder == half);
            return xsimd::select(more, decide(plan.above, sign, odd),
                                 xsimd::select(equal, decide(plan.tie, sign, odd), zero));
        } else {
            const vf scaled = remainder * as_number<float, A>(all<std::uint32_t, A>(plan.scale) - c);
            vu word = vu::load_unaligned(words);
            if (plan.given_up != 0) word = word << plan.given_up;
            const vu mask = all<std::uint32_t, A>(plan.random_mask);
            return xsimd::select((floor_to_uint32<A>(scaled) & mask) > xsimd::bitwise_andnot(mask, word), one, zero);
        }
    }

    /// Bits or codes of one vector; `over` counts, in each lane, the elements that saturated.
    HALFULP_INLINE vu operator()(const float* x, const std::uint32_t* words, const moved& at, vu& over) const {
        const vu bits = as_bits<float, A>(vf::load_unaligned(x));
        const vu sign = bits & sign_bit;
        const vu m = bits ^ sign;
        vu c = higher<A>((m & exponent) + adder_offset, at.low_adder);
        vu t;
        if constexpr (Engine == grid_engine::direct_signed) {
            t = as_bits<float, A>(as_number<float, A>(bits) + as_number<float, A>(c | sign)) ^ sign;
        } else {
            t = as_bits<float, A>(as_number<float, A>(m) + as_number<float, A>(c));
        }
        if constexpr (Engine == grid_engine::general || Engine == grid_engine::stochastic_a)
            t = t + away(bits, m, c, t, words);
        vu y;
        if constexpr (codes) {
            y = t - c + ((c >> plan.code_down) - at.code_base);
        } else {
            // In a downward direction t - c = 0 would be -0.
            y = as_bits<float, A>(as_number<float, A>(t) - as_number<float, A>(c));
            if constexpr (Engine == grid_engine::direct_signed) y = xsimd::bitwise_andnot(y, sign_bit);
        }
        const auto saturates = above<std::uint32_t, A>(y, at.largest);
        over = count_where<std::uint32_t, A>(over, saturates);
        y = lower<std::uint32_t, A>(y, at.largest);
        vu s = sign;
        if (!plan.signed_zero)
            s = xsimd::select(above<std::uint32_t, A>(y, all<std::uint32_t, A>(0)), s, all<std::uint32_t, A>(0));
        if constexpr (codes) s = s >> plan.sign_down;
        return y | s;
    }
};

/// Four groups of a length that is a multiple of the vector; everything about their scales stays in vector registers. False, and
/// nothing written, where one of them is left to the definition.
template <class A, class Out, grid_engine Engine>
HALFULP_INLINE bool power_four_groups(const power_step<A, Out, Engine>& step, const float* x, Out* out,
                                      std::size_t length, const std::uint32_t* words, std::uint8_t* scale_codes,
                                      xsimd::batch<std::uint32_t, A>& over, bool stream) {
    using step_type = power_step<A, Out, Engine>;
    using vu = typename step_type::vu;
    using vi = xsimd::batch<std::int32_t, A>;
    constexpr std::size_t lanes = vu::size;
    const power_plan& plan = step.plan;
    const vu top = largest_of_four_groups<A>(x, length);
    const auto zero = top == all<std::uint32_t, A>(0);
    const auto outside = above<std::uint32_t, A>(all<std::uint32_t, A>(plan.least), top) |
                         above<std::uint32_t, A>(top, all<std::uint32_t, A>(plan.most));
    if (xsimd::any(outside & !zero)) [[unlikely]]
        return false;
    const vi wanted = xsimd::bitwise_cast<std::int32_t>(top >> 23) - all<std::int32_t, A>(plan.field_at_zero);
    vi held = wanted;
    held = xsimd::select(held < all<std::int32_t, A>(plan.lowest_k), all<std::int32_t, A>(plan.lowest_k), held);
    held = xsimd::select(held > all<std::int32_t, A>(plan.highest_k), all<std::int32_t, A>(plan.highest_k), held);
    const vu k = xsimd::select(zero, all<std::uint32_t, A>(0), xsimd::bitwise_cast<std::uint32_t>(held));
    if (scale_codes != nullptr) {
        // A group of zeros has the smallest scale; its elements are zeros under any.
        const vu code = xsimd::select(zero, all<std::uint32_t, A>(0),
                                      xsimd::bitwise_cast<std::uint32_t>(held - all<std::int32_t, A>(plan.lowest_k)));
        std::uint32_t four[4];
        store_quarter<A>(four, code);
        for (std::size_t g = 0; g < 4; ++g) scale_codes[g] = static_cast<std::uint8_t>(four[g]);
    }
    const auto moved = step.move(k);
    const typename step_type::moved at[4] = {
        {spread_in_quarters<0, A>(moved.low_adder), spread_in_quarters<0, A>(moved.largest),
         spread_in_quarters<0, A>(moved.code_base)},
        {spread_in_quarters<1, A>(moved.low_adder), spread_in_quarters<1, A>(moved.largest),
         spread_in_quarters<1, A>(moved.code_base)},
        {spread_in_quarters<2, A>(moved.low_adder), spread_in_quarters<2, A>(moved.largest),
         spread_in_quarters<2, A>(moved.code_base)},
        {spread_in_quarters<3, A>(moved.low_adder), spread_in_quarters<3, A>(moved.largest),
         spread_in_quarters<3, A>(moved.code_base)}};
    const auto one = [&](std::size_t g, std::size_t i) {
        const std::size_t e = g * length + i;
        return step(x + e, words == nullptr ? words : words + e, at[g], over);
    };
    if constexpr (!step_type::codes) {
        for (std::size_t g = 0; g < 4; ++g) {
            for (std::size_t i = 0; i < length; i += lanes)
                put(out + g * length + i, as_number<float, A>(one(g, i)), stream);
        }
    } else if (length == 2 * lanes) {  // the common 32: unrolled, so that codes are packed from registers
        const vu first[4] = {one(0, 0), one(0, lanes), one(1, 0), one(1, lanes)};
        put_codes<Out, A>(out, first, stream);
        const vu second[4] = {one(2, 0), one(2, lanes), one(3, 0), one(3, lanes)};
        put_codes<Out, A>(out + 2 * length, second, stream);
    } else {
        vu y[4];
        std::size_t filled = 0;
        Out* to = out;
        for (std::size_t g = 0; g < 4; ++g) {
            for (std::size_t i = 0; i < length; i += lanes) {
                y[filled++] = one(g, i);
                if (filled < 4) continue;
                put_codes<Out, A>(to, y, stream);
                to += 4 * lanes;
                filled = 0;
            }
        }
    }
    return true;
}

template <class A, class Out, grid_engine Engine>
std::uint64_t power_groups(const float* x, Out* out, std::size_t groups, std::size_t length, const std::uint32_t* words,
                           const power_plan& plan, std::uint8_t* scale_codes, std::uint8_t* rare, bool stream) {
    using step_type = power_step<A, Out, Engine>;
    using vu = typename step_type::vu;
    constexpr std::size_t lanes = vu::size;
    constexpr std::size_t bunch = step_type::codes ? 4 * lanes : lanes;  // elements stored together
    const step_type step(plan);
    vu over = all<std::uint32_t, A>(0);
    const auto vectors = [&](const float* f, Out* o, const std::uint32_t* w, const typename step_type::moved& at) {
        if constexpr (step_type::codes) {
            vu y[4];
            for (std::size_t v = 0; v < 4; ++v) y[v] = step(f + v * lanes, w == nullptr ? w : w + v * lanes, at, over);
            put_codes<Out, A>(o, y, false);
        } else {
            put(o, as_number<float, A>(step(f, w, at, over)), false);
        }
    };
    for (std::size_t g = 0; g < groups; ++g) {
        const float* from = x + g * length;
        Out* to = out + g * length;
        const std::uint32_t* random = words == nullptr ? nullptr : words + g * length;
        if (length % lanes == 0 && g + 4 <= groups &&
            power_four_groups<A, Out, Engine>(step, from, to, length, random,
                                              scale_codes == nullptr ? nullptr : scale_codes + g, over, stream)) {
            for (std::size_t k = 0; k < 4; ++k) rare[g + k] = 0;
            g += 3;
            continue;
        }
        const std::uint32_t top = largest_magnitude<A>(from, length);
        rare[g] = top != 0 && (top < plan.least || top > plan.most);
        if (rare[g] != 0) continue;
        std::int32_t k = static_cast<std::int32_t>(top >> 23) - plan.field_at_zero;
        k = k < plan.lowest_k ? plan.lowest_k : k > plan.highest_k ? plan.highest_k : k;
        if (scale_codes != nullptr) scale_codes[g] = static_cast<std::uint8_t>(top == 0 ? 0 : k - plan.lowest_k);
        const auto at = step.move(all<std::uint32_t, A>(top == 0 ? 0u : static_cast<std::uint32_t>(k)));
        std::size_t i = 0;
        for (; i + bunch <= length; i += bunch) vectors(from + i, to + i, random == nullptr ? random : random + i, at);
        if (i == length) continue;
        // What is left is done on copies: lanes beyond it are zero and saturate nothing.
        alignas(64) float rest[bunch] = {};
        alignas(64) std::uint32_t rest_words[bunch] = {};
        alignas(64) Out results[bunch];
        for (std::size_t r = i; r < length; ++r) {
            rest[r - i] = from[r];
            if (random != nullptr) rest_words[r - i] = random[r];
        }
        vectors(rest, results, random == nullptr ? nullptr : rest_words, at);
        for (std::size_t r = i; r < length; ++r) to[r] = results[r - i];
    }
    return xsimd::reduce_add(over);
}

template <class A, class Out, grid_engine Engine>
std::uint64_t power_lanes(const float* x, Out* out, std::size_t size, const std::uint32_t* words,
                          const power_plan& plan, const std::int32_t* k, bool stream) {
    using step_type = power_step<A, Out, Engine>;
    using vu = typename step_type::vu;
    constexpr std::size_t lanes = vu::size;
    constexpr std::size_t bunch = step_type::codes ? 4 * lanes : lanes;
    const step_type step(plan);
    vu over = all<std::uint32_t, A>(0);
    const auto vectors = [&](const float* f, Out* o, const std::uint32_t* w, const std::int32_t* e, bool past_caches) {
        const auto one = [&](std::size_t v) {
            const vu at =
                xsimd::bitwise_cast<std::uint32_t>(xsimd::batch<std::int32_t, A>::load_unaligned(e + v * lanes));
            return step(f + v * lanes, w == nullptr ? w : w + v * lanes, step.move(at), over);
        };
        if constexpr (step_type::codes) {
            const vu y[4] = {one(0), one(1), one(2), one(3)};
            put_codes<Out, A>(o, y, past_caches);
        } else {
            put(o, as_number<float, A>(one(0)), past_caches);
        }
    };
    std::size_t i = 0;
    for (; i + bunch <= size; i += bunch) vectors(x + i, out + i, words == nullptr ? words : words + i, k + i, stream);
    if (i != size) {
        alignas(64) float rest[bunch] = {};
        alignas(64) std::uint32_t rest_words[bunch] = {};
        alignas(64) std::int32_t rest_k[bunch] = {};
        alignas(64) Out results[bunch];
        for (std::size_t r = i; r < size; ++r) {
            rest[r - i] = x[r];
            rest_k[r - i] = k[r];
            if (words != nullptr) rest_words[r - i] = words[r];
        }
        vectors(rest, results, words == nullptr ? nullptr : rest_words, rest_k, false);
        for (std::size_t r = i; r < size; ++r) out[r] = results[r - i];
    }
    return xsimd::reduce_add(over);
}

/// The caller comes back for the next few thousand elements: they may be on their way meanwhile. An address beyond the array is harmless.
template <class Lane>
HALFULP_INLINE void prefetch_next_chunk(const Lane* x) {
    constexpr std::uintptr_t ahead = 2048 * sizeof(Lane);
    __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(x) + ahead));
}

template <class A>
void largest_of_groups(const float* x, std::size_t groups, std::size_t length, std::uint32_t* largest) {
    std::size_t g = 0;
    if (length % xsimd::batch<std::uint32_t, A>::size == 0) {
        for (; g + 4 <= groups; g += 4) {
            for (std::size_t i = 0; i < 4 * length; i += 16) prefetch_next_chunk(x + g * length + i);
            store_quarter<A>(largest + g, largest_of_four_groups<A>(x + g * length, length));
        }
    }
    for (; g < groups; ++g) largest[g] = largest_magnitude<A>(x + g * length, length);
}

template <class A>
void raise_largest(const float* x, std::size_t size, std::uint32_t* largest) {
    using vu = xsimd::batch<std::uint32_t, A>;
    constexpr std::size_t lanes = vu::size;
    const vu mask = all<std::uint32_t, A>(0x7FFFFFFFu);
    std::size_t i = 0;
    for (; i + lanes <= size; i += lanes) {
        const vu m = as_bits<float, A>(xsimd::batch<float, A>::load_unaligned(x + i)) & mask;
        higher<A>(vu::load_unaligned(largest + i), m).store_unaligned(largest + i);
    }
    for (; i < size; ++i) {
        const std::uint32_t m = __builtin_bit_cast(std::uint32_t, x[i]) & 0x7FFFFFFFu;
        largest[i] = m > largest[i] ? m : largest[i];
    }
}

/// As many binary32 numbers as there are binary64 lanes, widened; and back.
template <class A>
HALFULP_INLINE xsimd::batch<double, A> load_floats(const float* from) {
    using vd = xsimd::batch<double, A>;
    if constexpr (is_avx512<A>) {
        return vd(_mm512_cvtps_pd(_mm256_loadu_ps(from)));
    } else if constexpr (is_avx2<A>) {
        return vd(_mm256_cvtps_pd(_mm_loadu_ps(from)));
    } else {
        return vd(_mm_cvtps_pd(_mm_castpd_ps(_mm_load_sd(reinterpret_cast<const double*>(from)))));
    }
}
template <class A>
HALFULP_INLINE void store_floats(float* to, const xsimd::batch<double, A>& v) {
    if constexpr (is_avx512<A>) {
        _mm256_storeu_ps(to, _mm512_cvtpd_ps(v));
    } else if constexpr (is_avx2<A>) {
        _mm_storeu_ps(to, _mm256_cvtpd_ps(v));
    } else {
        _mm_store_sd(reinterpret_cast<double*>(to), _mm_castps_pd(_mm_cvtpd_ps(v)));
    }
}

/// Calls body(first, count, factor) for stretches of at most a vector: full ones have count = lanes. run 0: a factor for each element.
template <class A, class Body>
HALFULP_INLINE void for_runs(std::size_t size, const double* factor, std::size_t run, const Body& body) {
    using vd = xsimd::batch<double, A>;
    constexpr std::size_t lanes = vd::size;
    if (run == 0) {
        std::size_t i = 0;
        for (; i + lanes <= size; i += lanes) body(i, lanes, vd::load_unaligned(factor + i));
        if (i == size) return;
        alignas(64) double rest[lanes] = {};
        for (std::size_t r = i; r < size; ++r) rest[r - i] = factor[r];
        body(i, size - i, vd::load_aligned(rest));
        return;
    }
    for (std::size_t begin = 0, g = 0; begin < size; begin += run, ++g) {
        const std::size_t end = size - begin < run ? size : begin + run;
        const vd f(factor[g]);
        std::size_t i = begin;
        for (; i + lanes <= end; i += lanes) body(i, lanes, f);
        if (i != end) body(i, end - i, f);
    }
}

template <class A>
void quotients(const float* x, double* q, std::size_t size, const double* reciprocal, std::size_t run) {
    using vd = xsimd::batch<double, A>;
    constexpr std::size_t lanes = vd::size;
    const auto half = all<std::uint64_t, A>(16);  // 53 - 48 bits go
    const auto kept = all<std::uint64_t, A>(~std::uint64_t{31});
    for_runs<A>(size, reciprocal, run, [&](std::size_t i, std::size_t count, const vd& r) {
        const auto snapped = [&](const vd& v) {
            return as_number<double, A>((as_bits<double, A>(v * r) + half) & kept);
        };
        if (count == lanes) {
            snapped(load_floats<A>(x + i)).store_unaligned(q + i);
        } else {
            alignas(64) float rest[lanes] = {};
            alignas(64) double results[lanes];
            for (std::size_t k = 0; k < count; ++k) rest[k] = x[i + k];
            snapped(load_floats<A>(rest)).store_aligned(results);
            for (std::size_t k = 0; k < count; ++k) q[i + k] = results[k];
        }
    });
}

template <class A>
flags quotients64(const double* x, double* q, std::size_t size, const double* scale, const double* reciprocal,
                  std::size_t run) {
    using vd = xsimd::batch<double, A>;
    using vu = xsimd::batch<std::uint64_t, A>;
    constexpr std::size_t lanes = vd::size;
    const vu half = all<std::uint64_t, A>(16);
    const vu kept = all<std::uint64_t, A>(~std::uint64_t{31});
    const vu magnitude_mask = all<std::uint64_t, A>(0x7FFFFFFFFFFFFFFFu);
    const vd least(0x1p-600);
    const vd most(0x1p600);
    const vd zero(0.0);
    auto odd = xsimd::batch_bool<double, A>(false);
    for_runs<A>(size, reciprocal, run, [&](std::size_t i, std::size_t count, const vd& r) {
        alignas(64) double rest[lanes] = {};
        alignas(64) double rest_scale[lanes] = {};
        alignas(64) double results[lanes];
        const bool full = count == lanes;
        for (std::size_t k = 0; k < count && !full; ++k) {
            rest[k] = x[i + k];
            rest_scale[k] = run == 0 ? scale[i + k] : scale[i / run];
        }
        const vd v = full ? vd::load_unaligned(x + i) : vd::load_aligned(rest);
        const vd d = run != 0 ? vd(scale[i / run])
                     : full   ? vd::load_unaligned(scale + i)
                              : vd::load_aligned(rest_scale);
        const vd m = as_number<double, A>(as_bits<double, A>(v) & magnitude_mask);
        odd = odd | ((m != zero) & !((m >= least) & (m <= most)));
        const vu snapped = (as_bits<double, A>(v * r) + half) & kept;
        const vd near = as_number<double, A>(snapped & magnitude_mask);
        const vd left = xsimd::fnma(near, d, m);  // m - near × d, rounded once: the sign is exact
        const vu up = xsimd::select(xsimd::batch_bool_cast<std::uint64_t>(left > zero), all<std::uint64_t, A>(1),
                                    all<std::uint64_t, A>(0));
        const vu down = xsimd::select(xsimd::batch_bool_cast<std::uint64_t>(left < zero), all<std::uint64_t, A>(1),
                                      all<std::uint64_t, A>(0));
        const vd y = as_number<double, A>(snapped + up - down);
        if (full) {
            y.store_unaligned(q + i);
        } else {
            y.store_aligned(results);
            for (std::size_t k = 0; k < count; ++k) q[i + k] = results[k];
        }
    });
    return xsimd::any(odd) ? 1 : 0;
}

// Plain loops: the compiler makes vectors of them.
template <class A>
void largest_of_groups64(const double* x, std::size_t groups, std::size_t length, std::uint64_t* largest) {
    for (std::size_t g = 0; g < groups; ++g) {
        std::uint64_t most = 0;
        for (std::size_t i = 0; i < length; ++i) {
            const std::uint64_t m = __builtin_bit_cast(std::uint64_t, x[g * length + i]) & 0x7FFFFFFFFFFFFFFFu;
            most = m > most ? m : most;
        }
        largest[g] = most;
    }
}
template <class A>
void raise_largest64(const double* x, std::size_t size, std::uint64_t* largest) {
    for (std::size_t i = 0; i < size; ++i) {
        const std::uint64_t m = __builtin_bit_cast(std::uint64_t, x[i]) & 0x7FFFFFFFFFFFFFFFu;
        largest[i] = m > largest[i] ? m : largest[i];
    }
}

template <class A, class Out>
std::uint64_t products(const double* y, Out* out, std::size_t size, const double* scale, std::size_t run,
                       double largest) {
    using vd = xsimd::batch<double, A>;
    constexpr std::size_t lanes = vd::size;
    const vd infinity = all<double, A>(__builtin_inf());
    const auto most = as_bits<double, A>(all<double, A>(largest));
    const auto sign_bit = all<std::uint64_t, A>(0x8000000000000000u);
    auto over = all<std::uint64_t, A>(0);
    const auto store = [](Out* to, const vd& v) {
        if constexpr (std::is_same_v<Out, float>) {
            store_floats<A>(to, v);
        } else {
            v.store_unaligned(to);
        }
    };
    for_runs<A>(size, scale, run, [&](std::size_t i, std::size_t count, const vd& s) {
        const auto product = [&](const vd& v) {
            const auto saturated = xsimd::batch_bool_cast<std::uint64_t>(xsimd::abs(v) == infinity);
            over = count_where<std::uint64_t, A>(over, saturated);
            const auto bits = as_bits<double, A>(v);
            return as_number<double, A>(xsimd::select(saturated, (bits & sign_bit) | most, bits)) * s;
        };
        if (count == lanes) {
            store(out + i, product(vd::load_unaligned(y + i)));
        } else {
            alignas(64) double rest[lanes] = {};
            alignas(64) Out results[lanes];
            for (std::size_t k = 0; k < count; ++k) rest[k] = y[i + k];
            store(results, product(vd::load_aligned(rest)));
            for (std::size_t k = 0; k < count; ++k) out[i + k] = results[k];
        }
    });
    return xsimd::reduce_add(over);
}

/// quotients, grid_kernel.hpp's `direct` rounding in binary64 lanes, and products at once, for simple formats. The environment has the
/// mode's rounding direction for magnitudes; the product is made to be exact, and its conversion is nearest-even only
/// where the direction is: other directions take the three steps one by one.
template <class A>
std::uint64_t round_quotients(const float* x, float* out, std::size_t size, const double* scale,
                              const double* reciprocal, std::size_t run, const short_scales* brief,
                              const quotient_plan& plan, bool stream) {
    using vd = xsimd::batch<double, A>;
    using vu = xsimd::batch<std::uint64_t, A>;
    constexpr std::size_t lanes = vd::size;
    const vu half = all<std::uint64_t, A>(16);
    const vu kept = all<std::uint64_t, A>(0x7FFFFFFFFFFFFFE0u);
    const vu exponent = all<std::uint64_t, A>(0x7FF0000000000000u);
    const vu offset = all<std::uint64_t, A>(plan.adder_offset);
    const vd low_adder = as_number<double, A>(all<std::uint64_t, A>(plan.low_adder));
    const vd largest(plan.largest);
    const auto sign_bit = pinned<std::uint32_t, A>(all<std::uint32_t, A>(0x80000000u));
    vu over = all<std::uint64_t, A>(0);
    const auto step = [&](const vd& v, const vd& s, const vd& r) HALFULP_INLINE_LAMBDA {
        const vu q = (as_bits<double, A>(v * r) + half) & kept;
        const vd c = xsimd::max(as_number<double, A>((q & exponent) + offset), low_adder);
        const vd y = (as_number<double, A>(q) + c) - c;
        over = count_where<std::uint64_t, A>(over, xsimd::batch_bool_cast<std::uint64_t>(y > largest));
        return xsimd::min(y, largest) * s;
    };
    // Two binary64 vectors make one of binary32, where the signs are put back.
    const auto both = [&](const float* from, float* to, const vd& s0, const vd& r0, const vd& s1, const vd& r1,
                          bool past_caches) HALFULP_INLINE_LAMBDA {
        const vd low = step(load_floats<A>(from), s0, r0);
        const vd high = step(load_floats<A>(from + lanes), s1, r1);
        alignas(64) float joined[2 * lanes];
        xsimd::batch<float, A> y;
        if constexpr (is_avx512<A>) {
            y = xsimd::batch<float, A>(
                _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(low)), _mm512_cvtpd_ps(high), 1));
        } else {
            store_floats<A>(joined, low);
            store_floats<A>(joined + lanes, high);
            y = xsimd::batch<float, A>::load_aligned(joined);
        }
        const auto bits = as_bits<float, A>(xsimd::batch<float, A>::load_unaligned(from));
        auto sign = bits & sign_bit;
        if (!plan.signed_zero)
            sign = xsimd::select(xsimd::batch_bool_cast<std::uint32_t>(y > all<float, A>(0)), sign, sign ^ sign);
        put(to, as_number<float, A>(as_bits<float, A>(y) | sign), past_caches);
    };
    using vf = xsimd::batch<float, A>;
    using vw = xsimd::batch<std::uint32_t, A>;
    const vw short_exponent = pinned<std::uint32_t, A>(all<std::uint32_t, A>(0x7F800000u));
    const vw magnitude_mask = pinned<std::uint32_t, A>(all<std::uint32_t, A>(0x7FFFFFFFu));
    const vw short_offset = all<std::uint32_t, A>(plan.short_adder_offset);
    const vf short_low_adder = as_number<float, A>(all<std::uint32_t, A>(plan.short_low_adder));
    const vw half_step = pinned<std::uint32_t, A>(all<std::uint32_t, A>(24u << 23));
    const vf short_largest(plan.short_largest);
    const vf margin = pinned<float, A>(vf(0x1p-21f));
    // False, and nothing written, where a lane is in doubt or saturates.
    const auto in_floats = [&](const float* from, float* to, const vf& r, const vf& high,
                               const vf& low) HALFULP_INLINE_LAMBDA {
        const vw bits = as_bits<float, A>(vf::load_unaligned(from));
        const vf m = as_number<float, A>(bits & magnitude_mask) * r;
        const vf c =
            xsimd::max(as_number<float, A>((as_bits<float, A>(m) & short_exponent) + short_offset), short_low_adder);
        const vf y = (m + c) - c;
        const vf off = as_number<float, A>(as_bits<float, A>(m - y) & magnitude_mask);
        const vf half_quantum = as_number<float, A>(as_bits<float, A>(c) - half_step);
        const auto in_doubt = off >= xsimd::fnma(margin, m, half_quantum);
        const auto held = y <= short_largest;  // false where m is so large that c and y are no numbers
        if (!xsimd::all(xsimd::bitwise_andnot(held, in_doubt))) [[unlikely]]
            return false;
        const vw product = as_bits<float, A>(xsimd::fma(y, high, y * low));
        vw sign = bits & sign_bit;
        if (!plan.signed_zero) {
            const auto positive = xsimd::batch_bool_cast<std::uint32_t>(y > all<float, A>(0));
            sign = xsimd::select(positive, sign, sign ^ sign);
        }
        put(to, as_number<float, A>(product | sign), stream);
        return true;
    };
    const auto rest = [&](std::size_t i, std::size_t count, const double* s, const double* r, bool one_scale) {
        alignas(64) float in[2 * lanes] = {};
        alignas(64) float results[2 * lanes];
        alignas(64) double ss[2 * lanes] = {};
        alignas(64) double rr[2 * lanes] = {};
        for (std::size_t k = 0; k < count; ++k) {
            in[k] = x[i + k];
            ss[k] = one_scale ? *s : s[k];
            rr[k] = one_scale ? *r : r[k];
        }
        both(in, results, vd::load_aligned(ss), vd::load_aligned(rr), vd::load_aligned(ss + lanes),
             vd::load_aligned(rr + lanes), false);
        for (std::size_t k = 0; k < count; ++k) out[i + k] = results[k];
    };
    if (run == 0) {
        std::size_t i = 0;
        for (; i + 2 * lanes <= size; i += 2 * lanes) {
            if constexpr (!is_sse2<A>) {
                if (brief != nullptr &&
                    in_floats(x + i, out + i, vf::load_unaligned(brief->reciprocal + i),
                              vf::load_unaligned(brief->high + i), vf::load_unaligned(brief->low + i)))
                    continue;
            }
            both(x + i, out + i, vd::load_unaligned(scale + i), vd::load_unaligned(reciprocal + i),
                 vd::load_unaligned(scale + i + lanes), vd::load_unaligned(reciprocal + i + lanes), stream);
        }
        if (i != size) rest(i, size - i, scale + i, reciprocal + i, false);
        return xsimd::reduce_add(over);
    }
    std::size_t first = 0;
    if constexpr (!is_sse2<A>) {
        if (brief != nullptr && run == 2 * lanes) {  // a group is a vector (NVFP4's 16): no loop within the loop
            const std::size_t groups = size / run;
            for (std::size_t g = 0; g < groups; ++g) {
                const std::size_t i = g * run;
                prefetch_next_chunk(x + i);
                if (in_floats(x + i, out + i, vf(brief->reciprocal[g]), vf(brief->high[g]), vf(brief->low[g])))
                    continue;
                both(x + i, out + i, vd(scale[g]), vd(reciprocal[g]), vd(scale[g]), vd(reciprocal[g]), stream);
            }
            first = groups * run;
        }
    }
    for (std::size_t begin = first, g = first / run; begin < size; begin += run, ++g) {
        const std::size_t end = size - begin < run ? size : begin + run;
        const vd s(scale[g]);
        const vd r(reciprocal[g]);
        std::size_t i = begin;
        if constexpr (!is_sse2<A>) {
            if (brief != nullptr) {
                const vf r32(brief->reciprocal[g]);
                const vf high(brief->high[g]);
                const vf low(brief->low[g]);
                for (; i + 2 * lanes <= end; i += 2 * lanes) {
                    prefetch_next_chunk(x + i);
                    if (!in_floats(x + i, out + i, r32, high, low)) both(x + i, out + i, s, r, s, r, stream);
                }
            }
        }
        for (; i + 2 * lanes <= end; i += 2 * lanes) {
            prefetch_next_chunk(x + i);
            both(x + i, out + i, s, r, s, r, stream);
        }
        if (i != end) rest(i, end - i, scale + g, reciprocal + g, true);
    }
    return xsimd::reduce_add(over);
}

/// scale[i] × outer and its reciprocal; rare[i] = 1 where the largest magnitude is not finite or the scale not above zero.
template <class A>
void invert_scales(const std::uint32_t* largest, double* scale, double* reciprocal, std::uint8_t* rare, double outer,
                   std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
        rare[i] = static_cast<std::uint8_t>((largest[i] >= 0x7F800000u) | !(scale[i] > 0));
        scale[i] = scale[i] * outer;
        reciprocal[i] = 1 / scale[i];
    }
}

template <class A>
bool shorten_scales(const double* scale, const double* reciprocal, std::size_t size, float* reciprocal32, float* high,
                    float* low) {
    using vd = xsimd::batch<double, A>;
    constexpr std::size_t lanes = vd::size;
    const vd least(0x1p-80);
    const vd most(0x1p80);
    auto unsuited = xsimd::batch_bool<double, A>(false);
    for (std::size_t i = 0; i < size; i += lanes) {  // whole vectors: the arrays are long enough
        const vd s = vd::load_unaligned(scale + i);
        store_floats<A>(reciprocal32 + i, vd::load_unaligned(reciprocal + i));
        store_floats<A>(high + i, s);
        store_floats<A>(low + i, s - load_floats<A>(high + i));
        // What is not above zero is left to the definition anyway.
        const auto here = (s > vd(0.0)) & !((s >= least) & (s <= most));
        if (i + lanes <= size) {
            unsuited = unsuited | here;
            continue;
        }
        for (std::size_t k = 0; i + k < size; ++k) {
            if (scale[i + k] > 0 && !(scale[i + k] >= 0x1p-80 && scale[i + k] <= 0x1p80)) return false;
        }
    }
    return !xsimd::any(unsuited);
}

template <class A>
void pack4(const std::uint8_t* codes, std::uint8_t* packed, std::size_t size) {
    std::size_t i = 0;
    // In 16-bit lanes: the low byte is the first code, the high byte the second, to be moved down by 4.
    if constexpr (is_avx512<A>) {
        const __m512i weights = _mm512_set1_epi16(0x1001);  // 1 for the first code of a pair, 16 for the second
        for (; i + 128 <= size; i += 128) {
            const __m512i a = _mm512_maddubs_epi16(_mm512_loadu_si512(codes + i), weights);
            const __m512i b = _mm512_maddubs_epi16(_mm512_loadu_si512(codes + i + 64), weights);
            const __m512i both =
                _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), _mm512_packus_epi16(a, b));
            _mm512_storeu_si512(packed + i / 2, both);
        }
    } else if constexpr (is_avx2<A>) {
        const __m256i weights = _mm256_set1_epi16(0x1001);
        for (; i + 64 <= size; i += 64) {
            const __m256i a =
                _mm256_maddubs_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + i)), weights);
            const __m256i b =
                _mm256_maddubs_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + i + 32)), weights);
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(packed + i / 2),
                                _mm256_permute4x64_epi64(_mm256_packus_epi16(a, b), 0xD8));
        }
    }
    for (; i + 2 <= size; i += 2) packed[i / 2] = static_cast<std::uint8_t>(codes[i] | codes[i + 1] << 4);
}

template <class A>
constexpr block_kernels make_block_kernels() {
    using enum grid_engine;
    return {
        {power_groups<A, float, direct>, power_groups<A, float, direct_signed>, power_groups<A, float, general>,
         power_groups<A, float, stochastic_a>},
        {power_groups<A, std::uint8_t, direct>, power_groups<A, std::uint8_t, direct_signed>,
         power_groups<A, std::uint8_t, general>, power_groups<A, std::uint8_t, stochastic_a>},
        {power_lanes<A, float, direct>, power_lanes<A, float, direct_signed>, power_lanes<A, float, general>,
         power_lanes<A, float, stochastic_a>},
        {power_lanes<A, std::uint8_t, direct>, power_lanes<A, std::uint8_t, direct_signed>,
         power_lanes<A, std::uint8_t, general>, power_lanes<A, std::uint8_t, stochastic_a>},
        largest_of_groups<A>,
        raise_largest<A>,
        quotients<A>,
        is_sse2<A> ? nullptr : quotients64<A>,
        largest_of_groups64<A>,
        raise_largest64<A>,
        products<A, float>,
        products<A, double>,
        round_quotients<A>,
        is_sse2<A> ? nullptr : shorten_scales<A>,
        invert_scales<A>,
        pack4<A>,
    };
}

}  // namespace halfulp::simd
