// Elements under any scale d: q = x × RN(1/d) is off by less than 2^-51.9 of itself. A deterministic mode compares x/d with members and
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
#include "largest_kernel.hpp"

namespace halfulp::simd {

/// Rounded to 48 of 53 bits.
template <class A>
HALFULP_INLINE xsimd::batch<std::uint64_t, A> snapped(const xsimd::batch<double, A>& q) {
    return (as_bits<double, A>(q) + all<std::uint64_t, A>(16)) & all<std::uint64_t, A>(~std::uint64_t{31});
}

/// A vector of elements, widened, and `count` results narrowed back to Out where fewer than a vector are meant.
template <class A, class In>
HALFULP_INLINE xsimd::batch<double, A> load_some(const In* from, std::size_t count) {
    constexpr std::size_t lanes = xsimd::batch<double, A>::size;
    const auto load = [](const In* p) {
        if constexpr (std::is_same_v<In, float>) {
            return load_floats<A>(p);
        } else {
            return xsimd::batch<double, A>::load_unaligned(p);
        }
    };
    if (count == lanes) return load(from);
    alignas(64) In rest[lanes] = {};
    for (std::size_t k = 0; k < count; ++k) rest[k] = from[k];
    return load(rest);
}
template <class A, class Out>
HALFULP_INLINE void store_some(Out* to, const xsimd::batch<double, A>& v, std::size_t count) {
    constexpr std::size_t lanes = xsimd::batch<double, A>::size;
    const auto store = [&](Out* p) {
        if constexpr (std::is_same_v<Out, float>) {
            store_floats<A>(p, v);
        } else {
            v.store_unaligned(p);
        }
    };
    if (count == lanes) return store(to);
    alignas(64) Out rest[lanes];
    store(rest);
    for (std::size_t k = 0; k < count; ++k) to[k] = rest[k];
}

/// out[i] = f(x[i], of(i)), vector by vector. of(i, count): the factors of `count` elements from i on, one for each (run 0) or one for
/// all of them: factor[i / run].
template <class A, class In, class Out, class F>
HALFULP_INLINE void transform_runs(const In* x, Out* out, std::size_t size, std::size_t run, const F& f) {
    constexpr std::size_t lanes = xsimd::batch<double, A>::size;
    const std::size_t length = run == 0 ? size : run;
    for (std::size_t begin = 0; begin < size; begin += length) {
        const std::size_t end = size - begin < length ? size : begin + length;
        for (std::size_t i = begin; i < end; i += lanes) {
            const std::size_t count = end - i < lanes ? end - i : lanes;
            const auto factor = [&](const double* of) {
                return run == 0 ? load_some<A>(of + i, count) : xsimd::batch<double, A>(of[i / run]);
            };
            store_some<A>(out + i, f(load_some<A>(x + i, count), factor), count);
        }
    }
}

template <class A>
void quotients(const float* x, double* q, std::size_t size, const double* reciprocal, std::size_t run) {
    using vd = xsimd::batch<double, A>;
    transform_runs<A>(x, q, size, run, [&](const vd& v, const auto& factor) {
        return as_number<double, A>(snapped<A>(v * factor(reciprocal)));
    });
}

template <class A>
flags quotients64(const double* x, double* q, std::size_t size, const double* scale, const double* reciprocal,
                  std::size_t run) {
    using vd = xsimd::batch<double, A>;
    using vu = xsimd::batch<std::uint64_t, A>;
    const vu magnitude_mask = all<std::uint64_t, A>(0x7FFFFFFFFFFFFFFFu);
    const vu one = all<std::uint64_t, A>(1);
    const vd least(0x1p-600);
    const vd most(0x1p600);
    const vd zero(0.0);
    auto odd = xsimd::batch_bool<double, A>(false);
    transform_runs<A>(x, q, size, run, [&](const vd& v, const auto& factor) {
        const vd m = as_number<double, A>(as_bits<double, A>(v) & magnitude_mask);
        odd = odd | ((m != zero) & !((m >= least) & (m <= most)));
        const vu near = snapped<A>(v * factor(reciprocal));
        // m - near × d, rounded once: the sign is exact
        const vd left = xsimd::fnma(as_number<double, A>(near & magnitude_mask), factor(scale), m);
        const vu up = add_where<std::uint64_t, A>(xsimd::batch_bool_cast<std::uint64_t>(left > zero), near, one);
        return as_number<double, A>(add_where<std::uint64_t, A>(xsimd::batch_bool_cast<std::uint64_t>(left < zero), up,
                                                                all<std::uint64_t, A>(~std::uint64_t{0})));
    });
    return xsimd::any(odd) ? 1 : 0;
}

template <class A, class Out>
std::uint64_t products(const double* y, Out* out, std::size_t size, const double* scale, std::size_t run,
                       double largest) {
    using vd = xsimd::batch<double, A>;
    using vu = xsimd::batch<std::uint64_t, A>;
    const vd infinity = all<double, A>(__builtin_inf());
    const vu most = as_bits<double, A>(all<double, A>(largest));
    const vu sign_bit = all<std::uint64_t, A>(0x8000000000000000u);
    const vu one = all<std::uint64_t, A>(1);
    vu over = all<std::uint64_t, A>(0);
    transform_runs<A>(y, out, size, run, [&](const vd& v, const auto& factor) {
        const auto saturated = xsimd::batch_bool_cast<std::uint64_t>(xsimd::abs(v) == infinity);
        over = add_where<std::uint64_t, A>(saturated, over, one);
        const vu bits = as_bits<double, A>(v);
        return as_number<double, A>(xsimd::select(saturated, (bits & sign_bit) | most, bits)) * factor(scale);
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
    const vu magnitude_mask64 = all<std::uint64_t, A>(0x7FFFFFFFFFFFFFFFu);
    const vu one = all<std::uint64_t, A>(1);
    const vu exponent = all<std::uint64_t, A>(0x7FF0000000000000u);
    const vu offset = all<std::uint64_t, A>(plan.adder_offset);
    const vd low_adder = as_number<double, A>(all<std::uint64_t, A>(plan.low_adder));
    const vd largest(plan.largest);
    const auto sign_bit = pinned<std::uint32_t, A>(all<std::uint32_t, A>(0x80000000u));
    vu over = all<std::uint64_t, A>(0);
    const auto step = [&](const vd& v, const vd& s, const vd& r) HALFULP_INLINE_LAMBDA {
        const vu q = snapped<A>(v * r) & magnitude_mask64;
        const vd c = xsimd::max(as_number<double, A>((q & exponent) + offset), low_adder);
        const vd y = (as_number<double, A>(q) + c) - c;
        over = add_where<std::uint64_t, A>(xsimd::batch_bool_cast<std::uint64_t>(y > largest), over, one);
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

}  // namespace halfulp::simd
