// The kernels of one architecture for integers and fixed point, gathered in a table.
#pragma once

#include "integer_power_kernel.hpp"
#include "integer_quotient_kernel.hpp"
#include "kernels.hpp"

namespace halfulp::simd {

template <class A, class Lane, class Out, grid_engine Engine>
flags convert_integers(const Lane* x, Out* out, std::size_t size, const random_words& words,
                       const integer_plan<Lane>& plan, bool stream) {
    if constexpr (Engine == grid_engine::general && sizeof(Lane) == 4) {
        return by_decision(plan.grid, [&]<decided_by By>() {
            return convert<A, Lane, Out, integer_step<A, Lane, Out, Engine, By>>(x, out, size, words, plan, stream);
        });
    } else {
        using step = integer_step<A, Lane, Out, Engine, decided_by::nearest_alone>;
        return convert<A, Lane, Out, step>(x, out, size, words, plan, stream);
    }
}

template <class A, class Lane, class Out>
constexpr integer_converters<Lane, Out> integer_table() {
    using enum grid_engine;
    if constexpr (sizeof(Lane) == 4) {
        return {{convert_integers<A, Lane, Out, direct>, convert_integers<A, Lane, Out, direct_signed>,
                 convert_integers<A, Lane, Out, general>, convert_integers<A, Lane, Out, stochastic_a>, nullptr,
                 nullptr, nullptr}};
    } else {
        return {{convert_integers<A, Lane, Out, direct>, nullptr, convert_integers<A, Lane, Out, general>,
                 convert_integers<A, Lane, Out, stochastic_a>, convert_integers<A, Lane, Out, stochastic_b>,
                 convert_integers<A, Lane, Out, stochastic_c>, convert_integers<A, Lane, Out, stochastic_equal>}};
    }
}

template <class A>
constexpr integer_kernels make_integer_kernels() {
    using enum grid_engine;
    return {
        integer_table<A, float, float>(),
        integer_table<A, float, std::uint8_t>(),
        integer_table<A, float, std::uint16_t>(),
        integer_table<A, float, std::uint32_t>(),
        integer_table<A, double, double>(),
        integer_table<A, double, std::uint64_t>(),
        {integer_groups<A, float, direct>, integer_groups<A, float, direct_signed>, integer_groups<A, float, general>,
         integer_groups<A, float, stochastic_a>},
        {integer_groups<A, std::uint8_t, direct>, integer_groups<A, std::uint8_t, direct_signed>,
         integer_groups<A, std::uint8_t, general>, integer_groups<A, std::uint8_t, stochastic_a>},
        {integer_lanes<A, float, direct>, integer_lanes<A, float, direct_signed>, integer_lanes<A, float, general>,
         integer_lanes<A, float, stochastic_a>},
        {integer_lanes<A, std::uint8_t, direct>, integer_lanes<A, std::uint8_t, direct_signed>,
         integer_lanes<A, std::uint8_t, general>, integer_lanes<A, std::uint8_t, stochastic_a>},
        quantize_integers<A, float>,
        quantize_integers<A, std::uint8_t>,
    };
}

}  // namespace halfulp::simd
