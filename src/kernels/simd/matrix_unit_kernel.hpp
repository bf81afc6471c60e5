// Matrix units that align, truncate and add (matrix_unit_plan.hpp): a lane for each output. The caller sets the environment toward zero.
#pragma once

#include <limits>

#include "matrix_unit_plan.hpp"
#include "vectors.hpp"

namespace halfulp::simd {

template <class A>
struct matrix_unit {
    using vi = xsimd::batch<std::int32_t, A>;
    using vu = xsimd::batch<std::uint32_t, A>;
    using vf = xsimd::batch<float, A>;
    using vd = xsimd::batch<double, A>;
    using vl = xsimd::batch<std::int64_t, A>;
    static constexpr std::size_t lanes = vf::size;
    static constexpr std::size_t halves = vd::size;

    static HALFULP_INLINE vi bits(const vf& x) { return xsimd::bitwise_cast<std::int32_t>(x); }

    /// 2^n for n from -126 to 127.
    static HALFULP_INLINE vf power(const vi& n) { return xsimd::bitwise_cast<float>((n + vi(127)) << 23); }

    /// significand × 2^(fraction_bits - down), cut off to an integer. Below 2^-62 nothing is left.
    static HALFULP_INLINE vi cut(const vf& significand, const vi& down, const vi& fraction_bits) {
        const vi limited = xsimd::min(down, vi(90));
        return xsimd::to_int(significand * power(fraction_bits - limited));
    }

    /// The running sums' significands and exponents.
    static HALFULP_INLINE void take_apart(const vf& s, const matrix_unit_plan& p, vf& significand, vi& exponent) {
        const vi magnitude = bits(s) & vi(0x7FFFFFFF);
        const vi own = (magnitude >> 23) - vi(127);  // of subnormals -127, which the format's own emin replaces
        const auto zero = magnitude == vi(0);
        exponent = xsimd::max(own, vi(p.sum_emin));
        // By two powers of two: the product of all factors is significand's own size.
        const vi half = exponent >> 1;
        significand = s * power(vi(0) - half) * power(half - exponent);
        exponent = xsimd::select(zero, vi(p.zero_addend_exponent), exponent);
    }

    /// total × 2^quantum as the running sum's format has it, infinity where it is beyond; total below 2^52.
    static HALFULP_INLINE vd rounded(const vd& total, const vl& quantum, const matrix_unit_plan& p) {
        const vl half = quantum >> 1;
        const auto power64 = [](const vl& n)
                                 HALFULP_INLINE_LAMBDA { return xsimd::bitwise_cast<double>((n + vl(1023)) << 52); };
        const vd x = total * power64(half) * power64(quantum - half);
        const vd infinity(std::numeric_limits<double>::infinity());
        if (!p.half) return xsimd::select(xsimd::abs(x) >= vd(0x1p128), infinity, x);
        // binary16 to nearest even with the environment toward zero: quanta of x by adding a power of two, then the remainder decides.
        const vl exponent = (xsimd::bitwise_cast<std::int64_t>(xsimd::abs(x)) >> 52) - vl(1023);
        const vl last = xsimd::max(exponent, vl(-14)) - vl(10);
        const vd unit = power64(last);
        const vd steps = xsimd::abs(x) * power64(vl(0) - last);  // below 2^11, exact
        const vd two52(4503599627370496.0);
        const vd down = (steps + two52) - two52;
        const vd rest = steps - down;
        const auto odd = (xsimd::bitwise_cast<std::int64_t>(down + two52) & vl(1)) != vl(0);
        const auto up = (rest > vd(0.5)) | ((rest == vd(0.5)) & xsimd::batch_bool_cast<double>(odd));
        const vd magnitude = (down + xsimd::select(up, vd(1.0), vd(0.0))) * unit;
        const vd signed_one = xsimd::select(x < vd(0.0), vd(-1.0), vd(1.0));
        const vd result = magnitude * signed_one;
        return xsimd::select(magnitude > vd(65504.0), infinity, result);
    }

    /// One step for a vector of outputs.
    static HALFULP_INLINE vf step(const float* a, const std::int32_t* a_exponents, const float* panel,
                                  const std::int32_t* panel_exponents, std::size_t stride, std::size_t count,
                                  const vf& sum, const matrix_unit_plan& p) {
        vf own;
        vi own_exponent;
        take_apart(sum, p, own, own_exponent);
        vi largest = xsimd::max(own_exponent, vi(p.lowest_exponent));
        for (std::size_t k = 0; k < count; ++k) {
            const vi e = vi(a_exponents[k]) + vi::load_unaligned(panel_exponents + k * stride);
            largest = xsimd::max(largest, e);
        }
        const vi fraction_bits(p.fraction_bits);
        alignas(64) std::int32_t parts[lanes];
        alignas(64) std::int32_t quanta[lanes];
        alignas(64) float results[lanes];
        vd total[lanes / halves];
        vi signs = p.negative_zeros ? bits(own) : vi(0);
        cut(own, largest - own_exponent, fraction_bits).store_aligned(parts);
        for (std::size_t h = 0; h < lanes / halves; ++h) total[h] = widened(parts + h * halves);
        for (std::size_t k = 0; k < count;) {
            vi sums(0);
            const std::size_t end = count - k < p.chunk ? count : k + p.chunk;
            for (; k < end; ++k) {
                const vi e = vi(a_exponents[k]) + vi::load_unaligned(panel_exponents + k * stride);
                const vf product = vf(a[k]) * vf::load_unaligned(panel + k * stride);
                signs = signs & bits(product);
                sums += cut(product, largest - e, fraction_bits);
            }
            sums.store_aligned(parts);
            for (std::size_t h = 0; h < lanes / halves; ++h) total[h] = total[h] + widened(parts + h * halves);
        }
        (largest - fraction_bits).store_aligned(quanta);
        for (std::size_t h = 0; h < lanes / halves; ++h) {
            const vl quantum =
                xsimd::bitwise_cast<std::int64_t>(widened(quanta + h * halves) + vd(6755399441055744.0)) -
                vl(0x4338000000000000);
            store_floats<A>(results + h * halves, rounded(total[h], quantum, p));
        }
        const vi result = bits(vf::load_aligned(results)) & vi(static_cast<std::int32_t>(p.kept));
        const auto zero = (result & vi(0x7FFFFFFF)) == vi(0);
        const vi sign(std::numeric_limits<std::int32_t>::min());
        return xsimd::bitwise_cast<float>(xsimd::select(zero, (result | signs) & sign, result));
    }

    static HALFULP_INLINE vd widened(const std::int32_t* x) {
        if constexpr (is_avx512<A>) {
            return vd(_mm512_cvtepi32_pd(_mm256_load_si256(reinterpret_cast<const __m256i*>(x))));
        } else if constexpr (is_avx2<A>) {
            return vd(_mm256_cvtepi32_pd(_mm_load_si128(reinterpret_cast<const __m128i*>(x))));
        } else {
            return vd(_mm_cvtepi32_pd(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(x))));
        }
    }

    static float run(const float* a, const std::int32_t* a_exponents, const float* panel,
                     const std::int32_t* panel_exponents, float* sums, std::size_t inner, const matrix_unit_plan& p) {
        constexpr std::size_t vectors = 2;
        constexpr std::size_t width = vectors * lanes;
        vf s[vectors];
        for (std::size_t v = 0; v < vectors; ++v) s[v] = vf::load_unaligned(sums + v * lanes);
        vf seen(0.0f);
        for (std::size_t k = 0; k < inner; k += p.group) {
            const std::size_t count = inner - k < p.group ? inner - k : p.group;
            for (std::size_t v = 0; v < vectors; ++v) {
                s[v] = step(a + k, a_exponents + k, panel + k * width + v * lanes,
                            panel_exponents + k * width + v * lanes, width, count, s[v], p);
                seen = xsimd::max(xsimd::abs(s[v]), seen);
            }
        }
        for (std::size_t v = 0; v < vectors; ++v) s[v].store_unaligned(sums + v * lanes);
        return xsimd::reduce_max(seen);
    }
};

template <class A>
constexpr matrix_unit_kernels make_matrix_unit_kernels() {
    return {2 * matrix_unit<A>::lanes, matrix_unit<A>::run};
}

}  // namespace halfulp::simd
