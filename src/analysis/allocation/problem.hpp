// A problem of allocation made ready: checked, tied layers joined, numbers exact, beaten choices gone.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "../shown.hpp"
#include "common_grid.hpp"
#include "halfulp/analysis/layer_choices.hpp"

namespace halfulp::detail {

/// A choice of a group: what it takes and costs above the least that the group can.
struct group_item {
    int128 size;
    int128 cost;
    std::uint32_t choice;
};

/// Layers that choose alike. Items have ascending sizes and descending costs: the first has size 0, the last cost 0.
struct layer_group {
    std::vector<std::uint32_t> layers;
    std::vector<group_item> items;
};

struct allocation_problem {
    std::size_t layer_count = 0;
    common_grid sizes;
    common_grid costs;
    int128 least_size = 0;  ///< of all layers together
    int128 least_cost = 0;
    std::vector<layer_group> groups;

    [[nodiscard]] double size_of(int128 above_least) const { return sizes.value(least_size + above_least); }
    [[nodiscard]] double cost_of(int128 above_least) const { return costs.value(least_cost + above_least); }
    /// By how much the rounding of costs may have moved a sum: 0 where the grid is exact.
    [[nodiscard]] double cost_rounding() const {
        return costs.is_exact() ? 0 : static_cast<double>(layer_count) * std::ldexp(0.5, costs.exponent());
    }
};

/// Throws std::invalid_argument as choose_within (knapsack.hpp) says.
allocation_problem make_problem(std::span<const layer_choices> layers, std::span<const tied_layers> ties);

/// States are counted in 32 bits: throws std::invalid_argument unless 1 <= limit < 2^32.
void check_limit(std::uint64_t limit);

}  // namespace halfulp::detail
