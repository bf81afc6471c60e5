// Matrix products with every sum rounded (product_plan.hpp). Four rows by two vectors of sums stay in registers: eight chains of dependent roundings hide one
// another's latency.
#pragma once

#include <limits>

#include "philox_kernel.hpp"
#include "product_plan.hpp"
#include "vectors.hpp"

namespace halfulp::simd {

template <class A>
struct product_words {
    using vu = xsimd::batch<std::uint32_t, A>;
    using vi = xsimd::batch<std::int32_t, A>;
    using vf = xsimd::batch<float, A>;
    static constexpr std::uint32_t sign_bit = 0x80000000u;

    static HALFULP_INLINE vu bits(const vf& x) { return xsimd::bitwise_cast<std::uint32_t>(x); }
    static HALFULP_INLINE vf number(const vu& x) { return xsimd::bitwise_cast<float>(x); }

    /// x with the sign of `of`.
    static HALFULP_INLINE vf with_sign(const vf& x, const vu& of) {
        const vu sign(sign_bit);
        if constexpr (is_avx512<A>) {
            return number(vu(_mm512_ternarylogic_epi32(sign, of, bits(x), 0xCA)));  // sign ? of : x
        } else {
            return number(xsimd::bitwise_andnot(bits(x), sign) | (of & sign));
        }
    }

    /// The larger magnitude; NaN may be forgotten, infinity is not.
    static HALFULP_INLINE vf farther(const vf& seen, const vf& x) {
        if constexpr (is_avx512<A>) {
            return vf(_mm512_range_ps(seen, x, 0x0B));  // the larger magnitude, sign cleared
        } else {
            return xsimd::max(xsimd::abs(x), seen);
        }
    }

    /// a b + s, rounded once; a b is exact, so where there is no such instruction two give the same bits.
    static HALFULP_INLINE vf fused(const vf& a, const vf& b, const vf& s) {
        if constexpr (is_avx512<A>) {
            return vf(_mm512_fmadd_ps(a, b, s));
        } else if constexpr (is_avx2<A>) {
            return vf(_mm256_fmadd_ps(a, b, s));
        } else {
            return s + a * b;
        }
    }

    /// a b + s to odd, for an exact a b (environment: nearest even).
    static HALFULP_INLINE vf fused_to_odd(const vf& a, const vf& b, const vf& s) {
        if constexpr (is_avx512<A>) {
            const __m512 down = _mm512_fmadd_round_ps(a, b, s, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
            const __m512 up = _mm512_fmadd_round_ps(a, b, s, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
            const __mmask16 odd = _mm512_test_epi32_mask(_mm512_castps_si512(down), vu(1u));
            return vf(_mm512_mask_blend_ps(odd, up, down));
        } else {
            return sum_to_odd(s, a * b);
        }
    }

    /// x + y to odd: of the two neighbours of an inexact sum the one whose last bit is set (environment: nearest even).
    static HALFULP_INLINE vf sum_to_odd(const vf& x, const vf& y) {
        // The error of a sum to nearest is a number (Knuth's TwoSum); an even sum moves toward it by one.
        const vu one(1u);
        const vf s = x + y;
        const vf part = s - x;
        const vf error = (x - (s - part)) + (y - part);
        const auto inexact = (error > vf(0.0f)) | (error < vf(0.0f));  // false for the NaN of an infinite sum
        const vu even = (bits(s) & one) - one;
        const vu apart = spread_top_bit(bits(error) ^ bits(s)) | one;  // -1 where the signs differ, else 1
        const vu mask = xsimd::bitwise_cast<std::uint32_t>(vf(inexact.data));
        return number(bits(s) + (apart & even & mask));
    }
};

/// Whether what is beyond the largest member is replaced: not at all, where factors are finite, or whatever they are.
enum class replacing : std::uint8_t { nothing, finite, all };

/// R, for one engine. All constants in registers.
template <class A, product_engine Engine, bool Sign, replacing Replace>
struct product_rounding {
    using words = product_words<A>;
    using vu = typename words::vu;
    using vf = typename words::vf;

    vu exponent, lowest, adder, half, one, kept, add_positive, add_negative;
    vf largest, beyond, over_positive, over_negative, infinite_positive, infinite_negative;
    int dropped;
    bool nearest;

    HALFULP_INLINE explicit product_rounding(const product_plan& p)
        : exponent(0x7F800000u),
          lowest(p.lowest),
          adder(p.adder),
          half((1u << (p.dropped == 0 ? 0 : p.dropped - 1)) - 1),
          one(1u),
          kept(~((1u << p.dropped) - 1)),
          add_positive(p.add_positive),
          add_negative(p.add_negative),
          largest(p.largest),
          beyond(2.0f * p.largest),
          over_positive(p.over_positive),
          over_negative(p.over_negative),
          infinite_positive(p.infinite_positive),
          infinite_negative(p.infinite_negative),
          dropped(static_cast<int>(p.dropped)),
          nearest(p.nearest) {}

    HALFULP_INLINE vf rounded(const vf& y) const {
        const vu b = words::bits(y);
        if constexpr (Engine == product_engine::grid) {
            const vu c = higher(b & exponent, lowest) + adder;
            if constexpr (Sign) {
                // Toward zero the power of two has to have y's sign, lest a negative sum be rounded down.
                const vf shift = words::number(with_bits_of(c, b, vu(words::sign_bit)));
                return words::with_sign((y + shift) - shift, b);
            } else {
                const vf shift = words::number(c);
                return (y + shift) - shift;
            }
        } else if constexpr (Engine == product_engine::exponents) {
            const vu add =
                nearest ? half + ((b >> dropped) & one) : xsimd::select(has_top_bit(b), add_negative, add_positive);
            return words::number((b + add) & kept);
        } else {
            static_assert(is_avx512<A>);
            return vf(_mm512_cvtph_ps(_mm512_cvtps_ph(y, _MM_FROUND_CUR_DIRECTION)));
        }
    }

    HALFULP_INLINE vf operator()(const vf& y) const {
        const vf r = rounded(y);
        if constexpr (Replace == replacing::finite) {
            // An infinity or NaN on the way stands for an overflow before: the first stays beyond the largest member, the second compares with nothing.
            const vf over =
                xsimd::select(xsimd::batch_bool_cast<float>(has_top_bit(words::bits(y))), over_negative, over_positive);
            return xsimd::select(xsimd::abs(r) > largest, over, r);
        } else if constexpr (Replace == replacing::all) {
            const auto negative = xsimd::batch_bool_cast<float>(has_top_bit(words::bits(y)));
            const vf magnitude = xsimd::abs(y);
            // Far beyond the largest member the power of two overflows, so y itself is asked, too.
            const auto inside = (xsimd::abs(r) <= largest) & (magnitude <= beyond);
            const auto infinite = magnitude == vf(std::numeric_limits<float>::infinity());
            const vf over = xsimd::select(infinite, xsimd::select(negative, infinite_negative, infinite_positive),
                                          xsimd::select(negative, over_negative, over_positive));
            return xsimd::select(inside, r, xsimd::select(y != y, y, over));
        }
        return r;
    }
};

template <class A, product_engine Engine, bool Fused, bool Odd, bool Sign, replacing Replace, std::size_t Rows>
HALFULP_INLINE void product_rows(const float* a, std::size_t a_stride, const float* panel, float* sums,
                                 std::size_t inner, const product_rounding<A, Engine, Sign, Replace>& round,
                                 xsimd::batch<float, A> (&seen)[2]) {
    using words = product_words<A>;
    using vf = typename words::vf;
    constexpr std::size_t lanes = vf::size;
    vf s[Rows][2];
    for (std::size_t i = 0; i < Rows; ++i) {
        for (std::size_t v = 0; v < 2; ++v) s[i][v] = vf::load_unaligned(sums + i * 2 * lanes + v * lanes);
    }
    for (std::size_t k = 0; k < inner; ++k) {
        const vf b[2] = {vf::load_unaligned(panel + k * 2 * lanes), vf::load_unaligned(panel + k * 2 * lanes + lanes)};
        for (std::size_t i = 0; i < Rows; ++i) {
            const vf factor(a[i * a_stride + k]);
            for (std::size_t v = 0; v < 2; ++v) {
                if constexpr (Odd) {
                    s[i][v] = round(words::fused_to_odd(factor, b[v], s[i][v]));
                } else if constexpr (Fused) {
                    s[i][v] = round(words::fused(factor, b[v], s[i][v]));
                } else {
                    const vf p = round(factor * b[v]);
                    if constexpr (Replace == replacing::nothing && Engine == product_engine::grid)
                        seen[v] = words::farther(seen[v], p);
                    s[i][v] = round(s[i][v] + p);
                }
                if constexpr (Replace == replacing::nothing && Engine == product_engine::grid)
                    seen[v] = words::farther(seen[v], s[i][v]);
            }
        }
    }
    for (std::size_t i = 0; i < Rows; ++i) {
        for (std::size_t v = 0; v < 2; ++v) s[i][v].store_unaligned(sums + i * 2 * lanes + v * lanes);
    }
}

template <class A, product_engine Engine, bool Fused, bool Odd, bool Sign, replacing Replace>
float product(const float* a, std::size_t a_stride, const float* panel, float* sums, std::size_t rows,
              std::size_t inner, const product_plan& plan) {
    using vf = xsimd::batch<float, A>;
    constexpr std::size_t width = 2 * vf::size;
    constexpr std::size_t block = is_avx512<A> ? 4 : 2;  // as many chains as the registers hold
    const product_rounding<A, Engine, Sign, Replace> round(plan);
    vf seen[2] = {vf(0.0f), vf(0.0f)};
    std::size_t i = 0;
    for (; i + block <= rows; i += block) {
        product_rows<A, Engine, Fused, Odd, Sign, Replace, block>(a + i * a_stride, a_stride, panel, sums + i * width,
                                                                  inner, round, seen);
    }
    for (; i < rows; ++i) {
        product_rows<A, Engine, Fused, Odd, Sign, Replace, 1>(a + i * a_stride, a_stride, panel, sums + i * width,
                                                              inner, round, seen);
    }
    return xsimd::reduce_max(xsimd::max(seen[0], seen[1]));
}

/// The variant that a plan asks for.
template <class A, product_engine Engine>
float product_by(const float* a, std::size_t a_stride, const float* panel, float* sums, std::size_t rows,
                 std::size_t inner, const product_plan& plan) {
    const auto with = [&]<bool Fused, bool Odd, bool Sign, replacing Replace>() {
        return product<A, Engine, Fused, Odd, Sign, Replace>(a, a_stride, panel, sums, rows, inner, plan);
    };
    const auto by_kind = [&]<bool Sign, replacing Replace>() {
        if (plan.odd) return with.template operator()<true, true, Sign, Replace>();
        return plan.fused ? with.template operator()<true, false, Sign, Replace>()
                          : with.template operator()<false, false, Sign, Replace>();
    };
    if constexpr (Engine == product_engine::grid) {
        if (plan.replaces && !plan.finite) return by_kind.template operator()<true, replacing::all>();
        if (plan.replaces) return by_kind.template operator()<true, replacing::finite>();
        return plan.keeps_sign ? by_kind.template operator()<true, replacing::nothing>()
                               : by_kind.template operator()<false, replacing::nothing>();
    } else {
        return by_kind.template operator()<false, replacing::nothing>();
    }
}

/// R by stochastic_a, in binary64 lanes. With the number's bits and a quantum that they end at, adding the random word to the bits that
/// are to go carries just where floor(f 2^32) + R >= 2^32. Below the format's normal range 2^emin is added first, and the quantum is right again.
template <class A, bool Replace>
struct stochastic_rounding {
    using vu = xsimd::batch<std::uint64_t, A>;
    using vd = xsimd::batch<double, A>;

    vd least_normal, largest, over_positive, over_negative;
    vu kept, sign;
    int word_shift;

    HALFULP_INLINE explicit stochastic_rounding(const stochastic_product_plan& p)
        : least_normal(p.least_normal),
          largest(p.largest),
          over_positive(p.over_positive),
          over_negative(p.over_negative),
          kept(p.kept & ~(std::uint64_t{1} << 63)),
          sign(std::uint64_t{1} << 63),
          word_shift(p.word_shift) {}

    /// The rounded magnitude.
    HALFULP_INLINE vd moved(const vd& magnitude, const vu& random) const {
        if constexpr (is_avx512<A>) {
            const __mmask8 low = _mm512_cmp_pd_mask(magnitude, least_normal, _CMP_LT_OQ);
            const vd shifted(_mm512_mask_add_pd(magnitude, low, magnitude, least_normal));
            const vd cut = xsimd::bitwise_cast<double>((xsimd::bitwise_cast<std::uint64_t>(shifted) + random) & kept);
            return vd(_mm512_mask_sub_pd(cut, low, cut, least_normal));
        } else {
            const vd offset = xsimd::select(magnitude < least_normal, least_normal, vd(0.0));
            const vu sum = xsimd::bitwise_cast<std::uint64_t>(magnitude + offset) + random;
            return xsimd::bitwise_cast<double>(sum & kept) - offset;
        }
    }

    /// The larger magnitude, of one that was seen and a number.
    static HALFULP_INLINE vd farther(const vd& seen, const vd& x) {
        if constexpr (is_avx512<A>) {
            return vd(_mm512_range_pd(seen, x, 0x0B));  // the larger magnitude, sign cleared
        } else {
            return xsimd::max(xsimd::abs(x), seen);
        }
    }

    HALFULP_INLINE vd operator()(const vd& y, const std::uint32_t* words) const {
        const vd magnitude = xsimd::abs(y);
        const vd rounded = moved(magnitude, load_widened<A>(words) << word_shift);
        const vd r = xsimd::bitwise_cast<double>(
            with_bits_of(xsimd::bitwise_cast<std::uint64_t>(rounded), xsimd::bitwise_cast<std::uint64_t>(y), sign));
        if constexpr (Replace) {
            // An infinity or NaN on the way stands for an overflow before, and stays.
            const vd over = xsimd::select(y < vd(0.0), over_negative, over_positive);
            const auto number = magnitude < vd(std::numeric_limits<double>::infinity());
            return xsimd::select(number, xsimd::select(xsimd::abs(r) > largest, over, r), y);
        }
        return r;
    }
};

template <class A, bool Replace>
double stochastic_rows(const float* a, std::size_t inner, const float* panel, std::size_t stride, double* sums,
                       std::size_t count, std::uint64_t index, const stochastic_product_plan& plan) {
    using generator = philox<A>;
    using vd = xsimd::batch<double, A>;
    constexpr std::size_t lanes = vd::size;
    const stochastic_rounding<A, Replace> round(plan);
    const auto lane = generator::lane_blocks();
    const auto skip = static_cast<std::size_t>(index % 4);
    typename generator::shared_words shared(plan.seed, plan.stream, static_cast<std::uint32_t>(index / 4 >> 32), 0);
    alignas(64) std::uint32_t product_words[generator::group + lanes];
    alignas(64) std::uint32_t sum_words[generator::group + lanes];
    const auto draw = [&](std::uint32_t ordinal, std::uint32_t* to) HALFULP_INLINE_LAMBDA {
        shared.first_c2 = all<std::uint64_t, A>(ordinal ^ static_cast<std::uint32_t>(plan.seed >> 32));
        generator::generate(shared, index / 4, lane, to);
        if (plan.random_mask != ~std::uint32_t{0}) {
            for (std::size_t i = 0; i < generator::group; ++i) to[i] &= plan.random_mask;
        }
    };
    vd seen(0.0);
    std::uint32_t ordinal = 0;
    for (std::size_t k = 0; k < inner; ++k) {
        if (!plan.fused) draw(ordinal++, product_words);
        draw(ordinal++, sum_words);
        const vd factor(static_cast<double>(a[k]));
        for (std::size_t j = 0; j < count;
             j += lanes) {  // a last vector may reach beyond `count`: all arrays have room
            vd p = factor * load_floats<A>(panel + k * stride + j);
            if (!plan.fused) {
                p = round(p, product_words + skip + j);
                seen = round.farther(seen, p);
            }
            const vd s = round(vd::load_unaligned(sums + j) + p, sum_words + skip + j);
            seen = round.farther(seen, s);
            s.store_unaligned(sums + j);
        }
    }
    return xsimd::reduce_max(seen);
}

template <class A>
double stochastic_product(const float* a, std::size_t inner, const float* panel, std::size_t stride, double* sums,
                          std::size_t count, std::uint64_t index, const stochastic_product_plan& plan) {
    return plan.replaces ? stochastic_rows<A, true>(a, inner, panel, stride, sums, count, index, plan)
                         : stochastic_rows<A, false>(a, inner, panel, stride, sums, count, index, plan);
}

template <class A>
constexpr product_kernels make_product_kernels() {
    product_kernels t{};
    t.width = 2 * xsimd::batch<float, A>::size;
    t.stochastic_width = philox<A>::group;
    t.stochastic = stochastic_product<A>;
    t.grid = product_by<A, product_engine::grid>;
    t.exponents = product_by<A, product_engine::exponents>;
    if constexpr (is_avx512<A>) t.half = product_by<A, product_engine::half>;
    return t;
}

}  // namespace halfulp::simd
