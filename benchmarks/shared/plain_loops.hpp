// The loops that encode and decode are compared with: nothing but the change of width, by the widest vectors that the machine has.
#pragma once

#include <cstdint>
#include <span>

namespace halfulp::benchmarks {

/// out[i] = the low bits of x[i]'s pattern.
void narrow(std::span<const float> x, std::span<std::uint8_t> out);
void narrow(std::span<const float> x, std::span<std::uint16_t> out);

/// out[i] = codes[i] as a number.
void widen(std::span<const std::uint8_t> codes, std::span<float> out);
void widen(std::span<const std::uint16_t> codes, std::span<float> out);

}  // namespace halfulp::benchmarks
