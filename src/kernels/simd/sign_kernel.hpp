// Three-way decisions by sign and magnitude, and sums of magnitudes: what ternary and binary elements under means need. Plain loops, which the
// compiler turns into vectors of the architecture that the file is compiled for.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "block_plan.hpp"

namespace halfulp::simd {

/// The sum of at most 1024 magnitudes, if binary64 holds it exactly: their last bits are at most 2^29 times apart from twice 1024 times the
/// first bit of the largest, which is so where exponents differ by at most 18. False where they do not, or one is no finite number.
template <class A>
bool sum_of_magnitudes(const float* x, std::size_t size, double* sum) {
    std::uint32_t most = 0;
    std::uint32_t least = 0x7F000000u;
    double total = 0;
    for (std::size_t i = 0; i < size; ++i) {
        const std::uint32_t magnitude = std::bit_cast<std::uint32_t>(x[i]) & 0x7FFFFFFFu;
        const std::uint32_t weight = magnitude == 0 ? 0x7F000000u : magnitude;
        most = magnitude > most ? magnitude : most;
        least = weight < least ? weight : least;
    }
    // A subnormal's last bit is that of exponent field 1.
    const std::uint32_t low = least >> 23 == 0 ? 1 : least >> 23;
    if (most >= 0x7F800000u || (most >> 23) > low + 18) return false;
    // In any order, since nothing is rounded.
    constexpr std::size_t ways = 16;
    double parts[ways] = {};
    std::size_t i = 0;
    for (; i + ways <= size; i += ways) {
        for (std::size_t k = 0; k < ways; ++k)
            parts[k] += static_cast<double>(std::bit_cast<float>(std::bit_cast<std::uint32_t>(x[i + k]) & 0x7FFFFFFFu));
    }
    for (; i < size; ++i)
        total += static_cast<double>(std::bit_cast<float>(std::bit_cast<std::uint32_t>(x[i]) & 0x7FFFFFFFu));
    for (const double part : parts) total += part;
    *sum = total;
    return true;
}

/// out[i] = members[0] below -limit, members[2] above it, else members[1]; each sign has a limit of its own, as bits.
template <class A, class Out>
void members_by_sign(const float* x, Out* out, std::size_t size, sign_limits limits, const Out* members) {
    const Out below = members[0];
    const Out between = members[1];
    const Out above = members[2];
    for (std::size_t i = 0; i < size; ++i) {
        const std::uint32_t bits = std::bit_cast<std::uint32_t>(x[i]);
        const auto magnitude = static_cast<std::int32_t>(bits & 0x7FFFFFFFu);
        const bool negative = static_cast<std::int32_t>(bits) < 0;
        const std::int32_t limit = negative ? limits.negative : limits.positive;
        const Out outer = negative ? below : above;
        out[i] = magnitude > limit ? outer : between;
    }
}

}  // namespace halfulp::simd
