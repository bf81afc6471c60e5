#include "multistart.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace halfulp::detail {
namespace {

/// Lowest objective first; equals in the order of their starts.
std::vector<std::size_t> by_objective(std::span<const fit_minimum> found) {
    std::vector<std::size_t> order(found.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return found[a].objective < found[b].objective; });
    return order;
}

}  // namespace

std::vector<std::size_t> worth_following(std::span<const fit_minimum> looks) {
    constexpr std::size_t alike = 8;
    const std::size_t most = std::max(always_followed, looks.size() / 10);
    std::vector<std::size_t> out;
    std::size_t first = 0;  // in the order: of those that have come to the same objective
    const std::vector<std::size_t> order = by_objective(looks);
    for (std::size_t k = 0; k < order.size() && out.size() < most; ++k) {
        const double lowest = looks[order[first]].objective, here = looks[order[k]].objective;
        if (!std::isfinite(here)) break;
        if (here > lowest + 1e-3 * std::abs(lowest)) first = k;
        if (k - first < alike) out.push_back(order[k]);
    }
    return out;
}

std::vector<std::size_t> worth_polishing(std::span<const fit_minimum> found) {
    constexpr std::size_t most = 16;
    std::vector<std::size_t> out;
    for (const std::size_t i : by_objective(found)) {
        const double best = found[out.empty() ? i : out[0]].objective;
        if (out.size() == most || !std::isfinite(best) || found[i].objective > best + 0.1 * std::abs(best)) break;
        out.push_back(i);
    }
    return out;
}

}  // namespace halfulp::detail
