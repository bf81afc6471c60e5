// Integers and fixed point under power-of-two scales.
#pragma once

#include "integer_kernel.hpp"
#include "power_kernel.hpp"

namespace halfulp::simd {

template <class A, class Out, grid_engine Engine, decided_by By>
struct integer_elements {
    using architecture = A;
    using result = Out;
    using plan_type = integer_power_plan;
    using rounder = integer_rounder<A, float, Engine, By>;
    using vu = typename rounder::vu;
    using vs = typename rounder::vs;

    struct moved {
        vu c;
        vu quantum;

        template <int G>
        HALFULP_INLINE moved of_group() const {
            return {spread_in_quarters<G, A>(c), spread_in_quarters<G, A>(quantum)};
        }
    };

    const integer_power_plan& plan;
    rounder rounded;
    vu c, quantum, code_mask;
    vs lowest, highest, uncounted;

    HALFULP_INLINE explicit integer_elements(const integer_power_plan& p)
        : plan(p),
          rounded(p.grid.grid),
          c(p.grid.adder),
          quantum(as_bits<float, A>(all<float, A>(p.grid.quantum))),
          code_mask(p.grid.code_mask),
          lowest(static_cast<std::int32_t>(p.grid.lowest)),
          highest(static_cast<std::int32_t>(p.grid.highest)),
          uncounted(static_cast<std::int32_t>(p.grid.uncounted)) {}

    HALFULP_INLINE moved move(const vu& k) const {
        const vu up = k << 23;
        return {c + up, quantum + up};
    }

    HALFULP_INLINE vu operator()(const float* x, const std::uint32_t* words, const moved& at, vu& over) const {
        const vu bits = as_bits<float, A>(xsimd::batch<float, A>::load_unaligned(x));
        const vu m = xsimd::bitwise_andnot(bits, rounded.grid.finish.sign_bit);
        const vs number = xsimd::max(rounded.number(bits, m, words, at.c), uncounted);
        const vs held = xsimd::max(xsimd::min(number, highest), lowest);
        over =
            add_where<std::uint32_t, A>(xsimd::batch_bool_cast<std::uint32_t>(number != held), over, rounded.grid.one);
        if constexpr (std::is_same_v<Out, float>) {
            return as_bits<float, A>(xsimd::to_float(held) * as_number<float, A>(at.quantum));
        } else {
            return xsimd::bitwise_cast<std::uint32_t>(held) & code_mask;
        }
    }
};

template <class A, class Out, grid_engine Engine>
std::uint64_t integer_groups(const float* x, Out* out, std::size_t groups, std::size_t length,
                             const std::uint32_t* words, const integer_power_plan& plan, std::uint8_t* scale_codes,
                             std::uint8_t* rare, bool stream) {
    return with_power_step<A, Out, integer_elements, Engine>(plan.grid.grid, [&]<class Step>() {
        return power_groups_by<A, Out, Step>(x, out, groups, length, words, plan, scale_codes, rare, stream);
    });
}

template <class A, class Out, grid_engine Engine>
std::uint64_t integer_lanes(const float* x, Out* out, std::size_t size, const std::uint32_t* words,
                            const integer_power_plan& plan, const std::int32_t* k, bool stream) {
    return with_power_step<A, Out, integer_elements, Engine>(plan.grid.grid, [&]<class Step>() {
        return power_lanes_by<A, Out, Step>(x, out, size, words, plan, k, stream);
    });
}

}  // namespace halfulp::simd
