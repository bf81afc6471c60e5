// Reverse water-filling: how bits are best divided among independent Gaussian sources.
#pragma once

#include <span>
#include <vector>

namespace halfulp {

struct filled_water {
    std::vector<double> bits;         ///< per element of each source, 0 or more
    std::vector<double> distortions;  ///< mean squared error of each source's elements: min(level, variance)
    double level = 0;                 ///< the water level: the distortion of every source that has bits
    double total = 0;                 ///< sum of counts × distortions
};

/// The division of `bits` per element on average that leaves the least total distortion, where source i has counts[i]
/// elements of variance variances[i] and b bits leave variance × 2^-2b (Cover and Thomas, section 10.3.3; Berger 1971).
/// With every source above the level it is bits + log2(variance / geometric mean) / 2; else the sources below the level
/// have none and the level follows from the others.
/// Throws std::invalid_argument for no sources, variances or bits that are negative or not finite, counts that are not
/// positive.
filled_water fill_water(std::span<const double> variances, std::span<const double> counts, double bits);

}  // namespace halfulp
