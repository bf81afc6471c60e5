// The kernels of one architecture, gathered in a table.
#pragma once

#include "aligned_kernel.hpp"
#include "decode_kernel.hpp"
#include "exponent_kernel.hpp"
#include "grid_kernel.hpp"
#include "half_kernel.hpp"
#include "philox_kernel.hpp"

namespace halfulp::simd {

template <class A, class Lane, class Out, class Step, class Plan>
flags convert(const Lane* x, Out* out, std::size_t size, const random_words& words, const Plan& plan, bool stream) {
    using U = typename lane_types<Lane>::bits;
    using vu = xsimd::batch<U, A>;
    constexpr std::size_t lanes = vu::size;
    const Step step(plan);
    flags report = 0;
    // Several vectors at a time hide one another's latencies; narrow codes fill a vector together.
    constexpr std::size_t vectors = std::is_same_v<Lane, Out> ? 2 : sizeof(Out) == 8 ? 1 : 4;
    const auto one = [&](const Lane* from, Out* to, const std::uint32_t* w, bool past_caches) HALFULP_INLINE_LAMBDA {
        vu y[vectors];
        step(from, w, y, report);
        if constexpr (std::is_same_v<Lane, Out>) {
            for (std::size_t k = 0; k < vectors; ++k) put(to + k * lanes, as_number<Lane, A>(y[k]), past_caches);
        } else if constexpr (sizeof(Out) == 8) {
            put(to, y[0], past_caches);
        } else {
            put_codes<Out, A>(to, y, past_caches);
        }
    };
    if constexpr (Step::random) {
        if (words.given == nullptr) {
            // A group of words, its elements, the next group: the processor works on both at once, and memory never waits.
            philox<A>::each_group(
                words.seed, words.stream, words.first, 0, size,
                [](std::size_t, std::uint32_t* part) HALFULP_INLINE_LAMBDA { return part; },
                [&](const std::uint32_t* made, std::size_t i, std::size_t count) HALFULP_INLINE_LAMBDA {
                    const bool aligned = reinterpret_cast<std::uintptr_t>(out + i) % sizeof(vu) == 0;
                    for_groups<lanes * vectors>(x + i, out + i, count, made, stream && aligned, one);
                });
            return report;
        }
    }
    for_groups<lanes * vectors>(x, out, size, Step::random ? words.given : nullptr, stream, one);
    return report;
}

/// Deterministic modes look at the sign or at the parity, or at neither.
template <class A, class Lane, class Out>
flags convert_aligned(const Lane* x, Out* out, std::size_t size, const random_words& words,
                      const aligned_plan<Lane>& plan, bool stream) {
    if (plan.sign != 0)
        return convert<A, Lane, Out, aligned_step<A, Lane, Out, addend_of::sign>>(x, out, size, words, plan, stream);
    return convert<A, Lane, Out, aligned_step<A, Lane, Out, addend_of::parity>>(x, out, size, words, plan, stream);
}

template <class A, class Out>
flags convert_exponents(const float* x, Out* out, std::size_t size, const random_words& words,
                        const exponent_plan& plan, bool stream) {
    if (plan.above_lowest.sign != 0)
        return convert<A, float, Out, exponent_step<A, Out, addend_of::sign>>(x, out, size, words, plan, stream);
    return convert<A, float, Out, exponent_step<A, Out, addend_of::parity>>(x, out, size, words, plan, stream);
}

/// The environment's rounding direction, or the instruction that knows the format.
template <class A, class Lane, class Out>
flags convert_direct(const Lane* x, Out* out, std::size_t size, const random_words& words, const grid_plan<Lane>& plan,
                     bool stream) {
    if constexpr (is_avx512<A> && std::is_same_v<Out, std::uint16_t>) {
        if (plan.is_nearest_half) return convert<A, Lane, Out, half_step<A>>(x, out, size, words, plan, stream);
    }
    return convert<A, Lane, Out, grid_step<A, Lane, Out, grid_engine::direct, false>>(x, out, size, words, plan,
                                                                                      stream);
}

/// The simple `general` engine: a kernel for each way to decide.
template <class A, class Lane, class Out>
flags convert_general(const Lane* x, Out* out, std::size_t size, const random_words& words, const grid_plan<Lane>& plan,
                      bool stream) {
    return by_decision(plan, [&]<decided_by By>() {
        using step = grid_step<A, Lane, Out, grid_engine::general, false, By>;
        return convert<A, Lane, Out, step>(x, out, size, words, plan, stream);
    });
}

template <class A>
void widen_floats(const float* x, double* out, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<double>(x[i]);
}
template <class A>
void narrow_doubles(const double* x, float* out, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<float>(x[i]);
}

template <class A, class Lane, class Out>
constexpr convert_kernels<Lane, Out> convert_table() {
    convert_kernels<Lane, Out> t{};
    t.aligned = convert_aligned<A, Lane, Out>;
    t.aligned_stochastic = convert<A, Lane, Out, aligned_step<A, Lane, Out, addend_of::word>, aligned_plan<Lane>>;
    if constexpr (sizeof(Lane) == 4) t.exponents = convert_exponents<A, Out>;
    using enum grid_engine;
    using plan = grid_plan<Lane>;
    const auto at = [](grid_engine e) { return static_cast<std::size_t>(e); };
    if constexpr (sizeof(Lane) == 4) {
        t.grid[at(direct)] = convert_direct<A, Lane, Out>;
        t.grid[at(direct_signed)] = convert<A, Lane, Out, grid_step<A, Lane, Out, direct_signed, false>, plan>;
        t.grid[at(general)] = convert_general<A, Lane, Out>;
        t.grid[at(stochastic_a)] = convert<A, Lane, Out, grid_step<A, Lane, Out, stochastic_a, false>, plan>;
    } else {
        t.grid[at(direct)] = convert<A, Lane, Out, grid_step<A, Lane, Out, direct, false>, plan>;
        t.grid[at(general)] = convert<A, Lane, Out, grid_step<A, Lane, Out, general, true>, plan>;
        t.grid[at(stochastic_a)] = convert<A, Lane, Out, grid_step<A, Lane, Out, stochastic_a, true>, plan>;
        t.grid[at(stochastic_b)] = convert<A, Lane, Out, grid_step<A, Lane, Out, stochastic_b, true>, plan>;
        t.grid[at(stochastic_c)] = convert<A, Lane, Out, grid_step<A, Lane, Out, stochastic_c, true>, plan>;
        t.grid[at(stochastic_equal)] = convert<A, Lane, Out, grid_step<A, Lane, Out, stochastic_equal, true>, plan>;
    }
    return t;
}

template <class A>
constexpr kernel_table make_table() {
    kernel_table t{};
    t.round32 = convert_table<A, float, float>();
    t.encode32_8 = convert_table<A, float, std::uint8_t>();
    t.encode32_16 = convert_table<A, float, std::uint16_t>();
    t.encode32_32 = convert_table<A, float, std::uint32_t>();
    t.round64 = convert_table<A, double, double>();
    t.encode64 = convert_table<A, double, std::uint64_t>();
    t.decode8 = decode_codes<A, std::uint8_t>;
    t.decode16 = decode_codes<A, std::uint16_t>;
    t.decode32 = decode_codes<A, std::uint32_t>;
    t.fill_words = philox<A>::fill;
    t.widen = widen_floats<A>;
    t.narrow = narrow_doubles<A>;
    return t;
}

}  // namespace halfulp::simd
