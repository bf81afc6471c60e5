// Elements under power-of-two scales: the element's grid, moved by as many binades as the scale has. The step is grid_kernel.hpp's with
// other constants, and no division is made.
#pragma once

#include "block_plan.hpp"
#include "grid_kernel.hpp"
#include "largest_kernel.hpp"

namespace halfulp::simd {

/// The scales 2^k of groups, out of their largest magnitudes.
template <class A>
struct power_scales {
    using vu = xsimd::batch<std::uint32_t, A>;

    vu k;
    vu code;
    bool rare;  ///< one of them is left to the definition

    HALFULP_INLINE power_scales(const vu& top, const scale_exponents& plan) {
        using vi = xsimd::batch<std::int32_t, A>;
        const vu none = all<std::uint32_t, A>(0);
        const auto zero = top == none;
        const auto outside = above<std::uint32_t, A>(all<std::uint32_t, A>(plan.least), top) |
                             above<std::uint32_t, A>(top, all<std::uint32_t, A>(plan.most));
        rare = xsimd::any(outside & !zero);
        const vi lowest = all<std::int32_t, A>(plan.lowest_k);
        const vi highest = all<std::int32_t, A>(plan.highest_k);
        vi held = xsimd::bitwise_cast<std::int32_t>((top + all<std::uint32_t, A>(plan.raise)) >> 23) -
                  all<std::int32_t, A>(plan.field_at_zero);
        held = xsimd::select(held < lowest, lowest, held);
        held = xsimd::select(held > highest, highest, held);
        // A group of zeros has the smallest scale; its elements are zeros under any.
        k = xsimd::select(zero, none, xsimd::bitwise_cast<std::uint32_t>(held));
        code = xsimd::select(zero, none, xsimd::bitwise_cast<std::uint32_t>(held - lowest));
    }
};

/// Float elements under scales 2^k. The constants for k are made by move().
template <class A, class Out, grid_engine Engine, decided_by By>
struct float_elements {
    using architecture = A;
    using result = Out;
    using plan_type = power_plan;
    using vu = xsimd::batch<std::uint32_t, A>;

    struct moved {
        vu low_adder;
        vu largest;
        vu code_base;

        /// Of lane k in quarter G, everywhere.
        template <int G>
        HALFULP_INLINE moved of_group() const {
            return {spread_in_quarters<G, A>(low_adder), spread_in_quarters<G, A>(largest),
                    spread_in_quarters<G, A>(code_base)};
        }
    };

    const power_plan& plan;
    grid_step<A, float, Out, Engine, false, By> grid;

    HALFULP_INLINE explicit float_elements(const power_plan& p) : plan(p), grid(p.grid) {}

    HALFULP_INLINE moved move(const vu& k) const {
        constexpr bool codes = !std::is_same_v<Out, float>;
        const vu up = k << 23;
        return {grid.low_adder + up, codes ? grid.finish.largest : grid.finish.largest + up,
                grid.code_base + (k << (23 - grid.plan.code_down))};
    }

    /// Bits or codes of one vector; `over` counts, in each lane, the elements that saturated.
    HALFULP_INLINE vu operator()(const float* x, const std::uint32_t* words, const moved& at, vu& over) const {
        const vu bits = as_bits<float, A>(xsimd::batch<float, A>::load_unaligned(x));
        const vu m = xsimd::bitwise_andnot(bits, grid.finish.sign_bit);
        const vu y = grid.rounded(bits, m, words, at.low_adder, at.code_base);
        over = add_where<std::uint32_t, A>(above<std::uint32_t, A>(y, at.largest), over, grid.one);
        return grid.finish.with_sign(bits, lower<std::uint32_t, A>(y, at.largest));
    }
};

/// Elements of a kind, vector by vector, to where they belong.
template <class Elements>
struct power_step : Elements {
    using A = typename Elements::architecture;
    using Out = typename Elements::result;
    using vu = typename Elements::vu;
    static constexpr bool codes = !std::is_same_v<Out, float>;
    static constexpr std::size_t lanes = vu::size;
    static constexpr std::size_t bunch = codes ? 4 * lanes : lanes;  ///< elements that are stored together

    using Elements::Elements;

    /// One bunch. at(v): the constants of its vector v.
    template <class At>
    HALFULP_INLINE void store_bunch(const float* x, Out* out, const std::uint32_t* words, const At& at, vu& over,
                                    bool stream) const {
        const auto one = [&](std::size_t v) {
            return (*this)(x + v * lanes, words == nullptr ? words : words + v * lanes, at(v), over);
        };
        if constexpr (codes) {
            const vu y[4] = {one(0), one(1), one(2), one(3)};
            put_codes<Out, A>(out, y, stream);
        } else {
            put(out, as_number<float, A>(one(0)), stream);
        }
    }

    /// `count` elements, fewer than a bunch, on copies: what lies beyond them is zero and saturates nothing.
    template <class At>
    HALFULP_INLINE void store_rest(const float* x, Out* out, const std::uint32_t* words, std::size_t count,
                                   const At& at, vu& over) const {
        alignas(64) float rest[bunch] = {};
        alignas(64) std::uint32_t rest_words[bunch] = {};
        alignas(64) Out results[bunch];
        for (std::size_t i = 0; i < count; ++i) {
            rest[i] = x[i];
            if (words != nullptr) rest_words[i] = words[i];
        }
        store_bunch(rest, results, words == nullptr ? nullptr : rest_words, at, over, false);
        for (std::size_t i = 0; i < count; ++i) out[i] = results[i];
    }
};

/// Four groups of a length that is a multiple of the vector; everything about their scales stays in vector registers. False, and
/// nothing written, where one of them is left to the definition.
template <class A, class Out, class Step>
HALFULP_INLINE bool power_four_groups(const Step& step, const float* x, Out* out, std::size_t length,
                                      const std::uint32_t* words, std::uint8_t* scale_codes,
                                      xsimd::batch<std::uint32_t, A>& over, bool stream) {
    using vu = typename Step::vu;
    using moved_type = typename Step::moved;
    constexpr std::size_t lanes = Step::lanes;
    const power_scales<A> scales(largest_of_four_groups<A>(x, length), step.plan.scales);
    if (scales.rare) [[unlikely]]
        return false;
    if (scale_codes != nullptr) {
        std::uint32_t four[4];
        store_quarter<A>(four, scales.code);
        for (std::size_t g = 0; g < 4; ++g) scale_codes[g] = static_cast<std::uint8_t>(four[g]);
    }
    const moved_type moved = step.move(scales.k);
    const moved_type at[4] = {moved.template of_group<0>(), moved.template of_group<1>(), moved.template of_group<2>(),
                              moved.template of_group<3>()};
    const auto one = [&](std::size_t g, std::size_t i) {
        const std::size_t e = g * length + i;
        return step(x + e, words == nullptr ? words : words + e, at[g], over);
    };
    if constexpr (!Step::codes) {
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

template <class A, class Out, class Step>
std::uint64_t power_groups_by(const float* x, Out* out, std::size_t groups, std::size_t length,
                              const std::uint32_t* words, const typename Step::plan_type& plan,
                              std::uint8_t* scale_codes, std::uint8_t* rare, bool stream) {
    using vu = typename Step::vu;
    const Step step(plan);
    vu over = all<std::uint32_t, A>(0);
    for (std::size_t g = 0; g < groups; ++g) {
        const float* from = x + g * length;
        Out* to = out + g * length;
        const std::uint32_t* random = words == nullptr ? nullptr : words + g * length;
        std::uint8_t* codes_at = scale_codes == nullptr ? nullptr : scale_codes + g;
        if (length % Step::lanes == 0 && g + 4 <= groups &&
            power_four_groups<A>(step, from, to, length, random, codes_at, over, stream)) {
            for (std::size_t k = 0; k < 4; ++k) rare[g + k] = 0;
            g += 3;
            continue;
        }
        const power_scales<A> scales(all<std::uint32_t, A>(largest_magnitude<A>(from, length)), plan.scales);
        rare[g] = scales.rare;
        if (scales.rare) continue;
        if (codes_at != nullptr) *codes_at = static_cast<std::uint8_t>(scales.code.get(0));
        const auto moved = step.move(scales.k);
        const auto at = [&](std::size_t) -> const typename Step::moved& { return moved; };
        std::size_t i = 0;
        for (; i + Step::bunch <= length; i += Step::bunch)
            step.store_bunch(from + i, to + i, random == nullptr ? random : random + i, at, over, false);
        if (i != length)
            step.store_rest(from + i, to + i, random == nullptr ? random : random + i, length - i, at, over);
    }
    return xsimd::reduce_add(over);
}

template <class A, class Out, class Step>
std::uint64_t power_lanes_by(const float* x, Out* out, std::size_t size, const std::uint32_t* words,
                             const typename Step::plan_type& plan, const std::int32_t* k, bool stream) {
    using vu = typename Step::vu;
    const Step step(plan);
    vu over = all<std::uint32_t, A>(0);
    const auto moved_by = [&](const std::int32_t* e) {
        return [&step, e](std::size_t v) {
            const auto at = xsimd::batch<std::int32_t, A>::load_unaligned(e + v * Step::lanes);
            return step.move(xsimd::bitwise_cast<std::uint32_t>(at));
        };
    };
    std::size_t i = 0;
    for (; i + Step::bunch <= size; i += Step::bunch)
        step.store_bunch(x + i, out + i, words == nullptr ? words : words + i, moved_by(k + i), over, stream);
    if (i != size) {
        alignas(64) std::int32_t rest[Step::bunch] = {};
        for (std::size_t r = i; r < size; ++r) rest[r - i] = k[r];
        step.store_rest(x + i, out + i, words == nullptr ? words : words + i, size - i, moved_by(rest), over);
    }
    return xsimd::reduce_add(over);
}

/// Calls run.operator()<Step>() with the step for an engine, and for `general` for the plan's way to decide.
template <class A, class Out, template <class, class, grid_engine, decided_by> class Elements, grid_engine Engine,
          class Run>
HALFULP_INLINE std::uint64_t with_power_step(const grid_plan<float>& grid, const Run& run) {
    if constexpr (Engine == grid_engine::general) {
        return by_decision(
            grid, [&]<decided_by By>() { return run.template operator()<power_step<Elements<A, Out, Engine, By>>>(); });
    } else {
        return run.template operator()<power_step<Elements<A, Out, Engine, decided_by::nearest_alone>>>();
    }
}

template <class A, class Out, grid_engine Engine>
std::uint64_t power_groups(const float* x, Out* out, std::size_t groups, std::size_t length, const std::uint32_t* words,
                           const power_plan& plan, std::uint8_t* scale_codes, std::uint8_t* rare, bool stream) {
    return with_power_step<A, Out, float_elements, Engine>(plan.grid, [&]<class Step>() {
        return power_groups_by<A, Out, Step>(x, out, groups, length, words, plan, scale_codes, rare, stream);
    });
}

template <class A, class Out, grid_engine Engine>
std::uint64_t power_lanes(const float* x, Out* out, std::size_t size, const std::uint32_t* words,
                          const power_plan& plan, const std::int32_t* k, bool stream) {
    return with_power_step<A, Out, float_elements, Engine>(
        plan.grid, [&]<class Step>() { return power_lanes_by<A, Out, Step>(x, out, size, words, plan, k, stream); });
}

/// k and the scale code of each group; false where one of them is left to the definition.
template <class A>
bool choose_power_scales(const std::uint32_t* largest, std::size_t size, const scale_exponents& plan, std::int32_t* k,
                         std::uint8_t* codes) {
    using vu = xsimd::batch<std::uint32_t, A>;
    constexpr std::size_t lanes = vu::size;
    for (std::size_t i = 0; i < size; i += lanes) {
        const std::size_t count = size - i < lanes ? size - i : lanes;
        alignas(64) std::uint32_t part[lanes] = {};  // zeros are never left to the definition
        for (std::size_t r = 0; r < count; ++r) part[r] = largest[i + r];
        const power_scales<A> scales(vu::load_aligned(part), plan);
        if (scales.rare) return false;
        alignas(64) std::uint32_t exponents[lanes];
        scales.k.store_aligned(exponents);
        scales.code.store_aligned(part);
        for (std::size_t r = 0; r < count; ++r) {
            k[i + r] = static_cast<std::int32_t>(exponents[r]);
            codes[i + r] = static_cast<std::uint8_t>(part[r]);
        }
    }
    return true;
}

}  // namespace halfulp::simd
