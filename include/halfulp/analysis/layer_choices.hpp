// What allocation works on: layers, each of which takes one of several choices with a cost and a size.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace halfulp {

/// One layer: choice j costs costs[j] (an error, of either sign) and takes sizes[j] (bits, operations, seconds: 0 or
/// more).
struct layer_choices {
    std::vector<double> costs;
    std::vector<double> sizes;
};

/// Layers that have to choose alike, by their places; they have equally many choices, and no layer stands in two
/// groups.
using tied_layers = std::vector<std::size_t>;

}  // namespace halfulp
