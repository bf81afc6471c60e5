// Codes for blocks that are divided by their largest magnitude: the construction of AF4 and the least mean error.
#pragma once

#include <cstdint>
#include <vector>

#include "halfulp/analysis/distribution.hpp"

namespace halfulp {

enum class absmax_construction : std::uint8_t {
    /// AF4 (arXiv 2306.06965): every level but -1, 0 and 1 is the median of its cell, the innermost cell of each side
    /// reaching to 0.
    af4,
    /// The least mean |error|^norm with -1, 0 and 1 among the levels.
    optimal,
};

/// `levels` numbers, ascending, -1, 0 and 1 among them: levels / 2 - 2 between -1 and 0 and the rest of them between 0
/// and 1. norm 1 or 2 (af4: 1). `weighted`: the error is that of the block's numbers, else that of their ratios to its
/// largest magnitude, which is what af4 means. Throws std::invalid_argument unless 4 <= levels <= 4096 and even, block
/// >= 2, and where af4 has another norm.
std::vector<double> absmax_levels(const density& of, int levels, std::uint64_t block, int norm,
                                  absmax_construction construction, bool weighted);

}  // namespace halfulp
