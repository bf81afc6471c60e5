// Which operands a comparison of instruction and twin puts in, by its index: the same on host and device.
#pragma once

#include <array>
#include <cstdint>

#include "halfulp/codecs/carrier.hpp"
#include "halfulp/core/random.hpp"
#include "hardware_on.hpp"
#include "thread_context.hpp"

namespace halfulp::cuda {

/// Operand b of index i where a has the bits i: another walk over every pattern (an odd factor is a bijection mod 2^32).
constexpr std::uint32_t second_pattern(std::uint32_t i) noexcept { return i * 0x9E3779B1u + 0x85EBCA6Bu; }

/// Case i of a stochastic form: words of Philox, every other case with exponents from 2^-20 to 2^11, where the formats are busy.
HALFULP_HOST_DEVICE constexpr rs_case rs_case_at(std::uint64_t i) noexcept {
    const random_source source{.seed = 20260101};
    const std::array<std::uint32_t, 4> words = source.block(2 * i);
    rs_case out{{}, source.block(2 * i + 1)[0]};
    for (int lane = 0; lane < 4; ++lane) {
        std::uint32_t bits = words[static_cast<std::size_t>(lane)];
        if (i % 2 == 0) bits = (bits & 0x807FFFFFu) | (107 + (bits >> 23 & 31)) << 23;
        out.x.lane[lane] = from_bits<float>(bits);
    }
    return out;
}

}  // namespace halfulp::cuda
