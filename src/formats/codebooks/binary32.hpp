// Binary32 arithmetic on integers, so that a table has the same bits whatever the caller's floating-point environment.
#pragma once

#include <cstdint>
#include <vector>

#include "halfulp/core/config.hpp"

namespace halfulp::detail {

/// ±numerator ÷ denominator × 2^exponent to the nearest binary32, ties to even. The result is normal or zero, the denominator not 0.
double nearest_binary32(bool negative, std::uint64_t numerator, std::uint64_t denominator, int exponent);

/// Products and sums below stay exact in 63 bits on this grid: numbers below 2 with a last place of 2^-40 or higher, factors below 2^10.
inline constexpr int grid_places = 40;

/// x × 2^40 for a number of that grid.
std::int64_t on_grid(double x);

/// The nearest binary32 to k × 2^-40.
double from_grid(std::int64_t k);

/// torch.linspace(start, end, count) in binary32 where fused multiply-adds are: from `start` up to the half, from `end` down beyond it.
std::vector<double> linspace_binary32(double start, double end, int count);

}  // namespace halfulp::detail
