// Integers and fixed point under any scale d, to nearest even: quotient_kernel.hpp's two ways, with its proofs. Here the quantum is one
// number, so signed quotients are rounded by adding 1.5 × 2^mantissa_bits quanta and taking them off again, and k is what the sum's bits have more.
#pragma once

#include "integer_plan.hpp"
#include "quotient_kernel.hpp"

namespace halfulp::simd {

/// Out: float (the product with the scale again) or a code type.
template <class A, class Out>
class integer_quotients {
    using vd = xsimd::batch<double, A>;
    using vf = xsimd::batch<float, A>;
    using vu = xsimd::batch<std::uint32_t, A>;
    using vq = xsimd::batch<std::uint64_t, A>;
    static constexpr bool codes = !std::is_same_v<Out, float>;
    static constexpr std::size_t lanes = vf::size;
    static constexpr std::size_t bunch = 4 * lanes;

  public:
    HALFULP_INLINE integer_quotients(const integer_quotient_plan& plan, const double* scale, const double* reciprocal,
                                     const short_scales* brief)
        : adder_(plan.adder),
          lowest_(plan.lowest),
          highest_(plan.highest),
          uncounted_(plan.uncounted),
          short_adder_(plan.short_adder),
          half_(plan.short_half),
          short_lowest_(plan.short_lowest),
          short_highest_(plan.short_highest),
          code_mask_(plan.code_mask),
          scale_(scale),
          reciprocal_(reciprocal),
          brief_(brief) {}

    HALFULP_INLINE std::uint64_t run(const float* x, Out* out, std::size_t size, std::size_t run, bool stream) {
        if (run == 0) {
            for (std::size_t i = 0; i < size; i += bunch)
                part(x + i, out + i, size - i, stream, [i](std::size_t v) { return place{i + v * lanes, 1}; });
            return over_;
        }
        if (bunch % run == 0 && run % lanes == 0 && run != bunch) {  // some groups to a bunch
            std::size_t group = 0;
            std::size_t of[4];
            for (std::size_t v = 0; v < 4; ++v) of[v] = v * lanes / run;
            for (std::size_t i = 0; i < size; i += bunch, group += bunch / run)
                part(x + i, out + i, size - i, stream, [&](std::size_t v) { return place{group + of[v], 0}; });
            return over_;
        }
        for (std::size_t begin = 0, g = 0; begin < size; begin += run, ++g) {
            const std::size_t end = size - begin < run ? size : begin + run;
            for (std::size_t i = begin; i < end; i += bunch)
                part(x + i, out + i, end - i, stream, [g](std::size_t) { return place{g, 0}; });
        }
        return over_;
    }

  private:
    /// Where the scale of a vector's lanes stands: one for all (step 0), or one for each from there on.
    struct place {
        std::size_t first;
        std::size_t step;
    };

    template <class At>
    HALFULP_INLINE void part(const float* x, Out* out, std::size_t count, bool stream, const At& at) {
        if (count >= bunch) {
            prefetch_later_chunk<bunch, 1>(x);
            whole(x, out, stream, at);
            return;
        }
        alignas(64) float in[bunch] = {};
        alignas(64) Out results[bunch];
        for (std::size_t k = 0; k < count; ++k) in[k] = x[k];
        // What lies beyond has no scale of its own: zero under the first one.
        const place first = at(0);
        if (first.step == 0) {
            const std::size_t vectors = (count + lanes - 1) / lanes;
            whole(in, results, false, [&](std::size_t v) { return at(v < vectors ? v : 0); });
        } else {
            lone_lanes(in, results, count, first.first);
        }
        for (std::size_t k = 0; k < count; ++k) out[k] = results[k];
    }

    /// Fewer than a bunch under scales of their own.
    HALFULP_INLINE void lone_lanes(const float* in, Out* results, std::size_t count, std::size_t first) {
        alignas(64) double s[bunch];
        alignas(64) double r[bunch];
        for (std::size_t k = 0; k < bunch; ++k) {
            s[k] = k < count ? scale_[first + k] : 1.0;
            r[k] = k < count ? reciprocal_[first + k] : 1.0;
        }
        integer_quotients rest(*this);
        rest.scale_ = s;
        rest.reciprocal_ = r;
        rest.brief_ = nullptr;
        rest.over_ = 0;
        rest.whole(in, results, false, [](std::size_t v) { return place{v * lanes, 1}; });
        over_ += rest.over_;
    }

    template <class At>
    HALFULP_INLINE void whole(const float* x, Out* out, bool stream, const At& at) {
        if constexpr (codes) {
            vu y[4];
            for (std::size_t v = 0; v < 4; ++v) y[v] = code(quotient(x + v * lanes, at(v)));
            put_codes<Out, A>(out, y, stream);
        } else {
            for (std::size_t v = 0; v < 4; ++v)
                put(out + v * lanes, product(quotient(x + v * lanes, at(v)), at(v)), stream);
        }
    }

    HALFULP_INLINE static vf load_floats_at(const float* from, const place& p) {
        return p.step == 0 ? vf(from[p.first]) : vf::load_unaligned(from + p.first);
    }
    HALFULP_INLINE static vd load_half(const double* from, const place& p, std::size_t half) {
        return p.step == 0 ? vd(from[p.first]) : vd::load_unaligned(from + p.first + half * vd::size);
    }

    /// Members, within the ends.
    HALFULP_INLINE vf quotient(const float* x, const place& p) {
        if constexpr (!is_sse2<A>) {
            if (brief_ != nullptr) {
                const vf q = vf::load_unaligned(x) * load_floats_at(brief_->reciprocal, p);
                const vf y = (q + short_adder_) - short_adder_;
                const auto in_doubt = xsimd::abs(q - y) >= xsimd::fnma(vf(0x1p-21f), xsimd::abs(q), half_);
                // false where q is so large that y is none of its neighbours
                const auto held = (y <= short_highest_) & (y >= short_lowest_);
                if (xsimd::all(xsimd::bitwise_andnot(held, in_doubt))) [[likely]]
                    return y;
            }
        }
        alignas(64) float y[lanes];
        for (std::size_t h = 0; h < 2; ++h)
            store_floats<A>(y + h * vd::size,
                            in_doubles(load_floats<A>(x + h * vd::size), load_half(reciprocal_, p, h)));
        return vf::load_aligned(y);
    }

    HALFULP_INLINE vd in_doubles(const vd& x, const vd& reciprocal) {
        const vd q = as_number<double, A>(snapped<A>(x * reciprocal));
        const vd y = xsimd::max((q + adder_) - adder_, uncounted_);
        const vd held = xsimd::max(xsimd::min(y, highest_), lowest_);
        const vq beyond = xsimd::select(xsimd::batch_bool_cast<std::uint64_t>(y != held), all<std::uint64_t, A>(1),
                                        all<std::uint64_t, A>(0));
        over_ += xsimd::reduce_add(beyond);
        return held;
    }

    HALFULP_INLINE vu code(const vf& y) const {
        return (as_bits<float, A>(y + short_adder_) - as_bits<float, A>(short_adder_)) & code_mask_;
    }

    HALFULP_INLINE vf product(const vf& y, const place& p) const {
        if constexpr (!is_sse2<A>) {
            if (brief_ != nullptr)
                return xsimd::fma(y, load_floats_at(brief_->high, p), y * load_floats_at(brief_->low, p));
        }
        alignas(64) float in[lanes];
        alignas(64) float results[lanes];
        y.store_aligned(in);
        for (std::size_t h = 0; h < 2; ++h)
            store_floats<A>(results + h * vd::size, load_floats<A>(in + h * vd::size) * load_half(scale_, p, h));
        return vf::load_aligned(results);
    }

    vd adder_, lowest_, highest_, uncounted_;
    vf short_adder_, half_, short_lowest_, short_highest_;
    vu code_mask_;
    const double* scale_;
    const double* reciprocal_;
    const short_scales* brief_;
    std::uint64_t over_ = 0;
};

template <class A, class Out>
std::uint64_t quantize_integers(const float* x, Out* out, std::size_t size, const double* scale,
                                const double* reciprocal, std::size_t run, const short_scales* brief,
                                const integer_quotient_plan& plan, bool stream) {
    integer_quotients<A, Out> quotients(plan, scale, reciprocal, brief);
    return quotients.run(x, out, size, run, stream);
}

}  // namespace halfulp::simd
