// The whole front of size against cost over choices of layers: every total that no other beats in both.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "halfulp/analysis/layer_choices.hpp"

namespace halfulp {

/// States of a front when nothing else is said.
inline constexpr std::uint64_t default_front_limit = 20'000'000;

namespace detail {
struct front_trace;
}

/// Points by ascending size and strictly descending cost.
class pareto_front {
  public:
    explicit pareto_front(std::shared_ptr<const detail::front_trace> trace) : trace_(std::move(trace)) {}

    /// Totals, exact and rounded once to binary64.
    [[nodiscard]] std::span<const double> sizes() const noexcept;
    [[nodiscard]] std::span<const double> costs() const noexcept;
    /// Is the point a corner of the lower convex hull (a supported point: the best for some price of size)?
    [[nodiscard]] std::span<const std::uint8_t> corners() const noexcept;
    /// The choice of each layer at a point below sizes().size().
    [[nodiscard]] std::vector<std::uint32_t> choices(std::size_t point) const;

  private:
    std::shared_ptr<const detail::front_trace> trace_;
};

/// All points, by dynamic programming over layers with sums that are exact as in knapsack.hpp. There are at most as
/// many as there are different total sizes: for sizes that are multiples of one number few, for sizes such as measured
/// times up to the product of the numbers of choices. Throws std::invalid_argument where more than `limit` states
/// arise, and as choose_within does.
pareto_front whole_front(std::span<const layer_choices> layers, std::span<const tied_layers> ties = {},
                         std::uint64_t limit = default_front_limit);

/// The corners of the lower convex hull alone, at most one more than there are choices: quick for problems of any kind.
pareto_front supported_front(std::span<const layer_choices> layers, std::span<const tied_layers> ties = {});

}  // namespace halfulp
