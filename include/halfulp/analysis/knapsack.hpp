// The multiple-choice knapsack: one choice for every layer, the least cost within a budget, with a proof.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "halfulp/analysis/layer_choices.hpp"

namespace halfulp {

/// States of the search when nothing else is said: about 400 MB.
inline constexpr std::uint64_t default_knapsack_limit = 50'000'000;

struct knapsack_result {
    std::vector<std::uint32_t> choices;  ///< of each layer
    double cost = 0;                     ///< sum of costs, exact and rounded once
    double size = 0;                     ///< sum of sizes, exact and rounded once: at most the budget
    double lower_bound = 0;              ///< no choice within the budget costs less; `cost` itself where `optimal`
    double relaxation = 0;  ///< the least cost where layers may mix choices (linear programming), rounded down a little
    std::uint64_t states = 0;  ///< partial choices that the search looked at
    bool optimal = false;  ///< proved; else the search ended at its limit
};

/// The choices of least cost whose total size is within the budget; of several the smallest (unless the search ended at
/// its limit), and of those always the same one.
///
/// Costs and sizes count as the real numbers that they are: their sums are exact, and a total is within the budget
/// where, rounded once to binary64, it is at most the budget. Where numbers of n layers reach over so many bits that
/// their sums need more than 125, costs are first rounded to the nearest and sizes upward, each by at most n 2^-123 of
/// the largest: the proof is then of that problem, and `lower_bound` allows for the rounding of costs.
///
/// The method is dynamic programming over layers: partial choices beaten in both size and cost are dropped, and so are
/// those whose linear relaxation (Sinha and Zoltners 1979) is above the best solution known, as in Pisinger's algorithm
/// (1995). Layers whose alternatives are furthest from the relaxation come first. Pruning leaves room for its rounding
/// errors, so the result is proved. Where more than `limit` states are needed, the best solution so far comes back with
/// `optimal` false and the bound that is proved.
///
/// Throws std::invalid_argument for no layers, empty layers, costs that are not finite, sizes that are not finite or
/// negative, wrong ties, and for a budget below the least possible size, which the message names.
knapsack_result choose_within(std::span<const layer_choices> layers, double budget,
                              std::span<const tied_layers> ties = {}, std::uint64_t limit = default_knapsack_limit);

}  // namespace halfulp
