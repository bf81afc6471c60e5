// The block kernels of one architecture, gathered in a table.
#pragma once

#include "hadamard_kernel.hpp"
#include "largest_kernel.hpp"
#include "pack_kernel.hpp"
#include "pair_decode_kernel.hpp"
#include "power_kernel.hpp"
#include "quotient_kernel.hpp"
#include "sign_kernel.hpp"

namespace halfulp::simd {

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
        choose_power_scales<A>,
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
        is_sse2<A> ? nullptr : decode_pairs<A>,
        sum_of_magnitudes<A>,
        codes_by_sign<A>,
        values_by_sign<A>,
        hadamard_runs<A>,
    };
}

}  // namespace halfulp::simd
