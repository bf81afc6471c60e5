// The linear relaxation of a problem: steps along the convex hulls of its groups, the one that saves most per size
// first.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "problem.hpp"

namespace halfulp::detail {

/// a × b in 256 bits, for a and b that are not negative.
struct wide_product {
    uint128 high;
    uint128 low;

    wide_product(int128 a, int128 b) {
        constexpr uint128 mask = ~std::uint64_t{0};
        const auto x = static_cast<uint128>(a);
        const auto y = static_cast<uint128>(b);
        const uint128 low_low = (x & mask) * (y & mask);
        const uint128 low_high = (x & mask) * (y >> 64);
        const uint128 high_low = (x >> 64) * (y & mask);
        const uint128 middle = (low_low >> 64) + (low_high & mask) + (high_low & mask);
        low = (middle << 64) | (low_low & mask);
        high = (x >> 64) * (y >> 64) + (low_high >> 64) + (high_low >> 64) + (middle >> 64);
    }

    friend bool operator<(const wide_product& a, const wide_product& b) {
        return a.high != b.high ? a.high < b.high : a.low < b.low;
    }
};

/// From one corner of a group's hull to the next: `size` more, `saving` less cost, both above 0.
struct hull_step {
    int128 size;
    int128 saving;
    std::uint32_t group;
    std::uint32_t item;  ///< where it leads

    /// Saves more per size: exactly.
    friend bool better(const hull_step& a, const hull_step& b) {
        return wide_product(b.saving, a.size) < wide_product(a.saving, b.size);
    }
};

/// Places of the corners of the lower convex hull of points with ascending sizes and descending costs; none lies on a
/// line between two others.
template <class Point>
std::vector<std::uint32_t> hull_of(const std::vector<Point>& points) {
    std::vector<std::uint32_t> out;
    const auto step = [&](std::uint32_t from, std::uint32_t to) {
        return hull_step{points[to].size - points[from].size, points[from].cost - points[to].cost, 0, 0};
    };
    for (std::uint32_t k = 0; k < points.size(); ++k) {
        while (out.size() >= 2 && !better(step(out[out.size() - 2], out.back()), step(out.back(), k))) out.pop_back();
        out.push_back(k);
    }
    return out;
}

/// The steps of all groups, best first; those of one group so stand in their order.
inline std::vector<hull_step> steps_of(const std::vector<layer_group>& groups) {
    std::vector<hull_step> out;
    for (std::uint32_t g = 0; g < groups.size(); ++g) {
        const auto& items = groups[g].items;
        const std::vector<std::uint32_t> corners = hull_of(items);
        for (std::size_t k = 1; k < corners.size(); ++k) {
            const group_item& from = items[corners[k - 1]];
            const group_item& to = items[corners[k]];
            out.push_back({to.size - from.size, from.cost - to.cost, g, corners[k]});
        }
    }
    std::stable_sort(out.begin(), out.end(), [](const hull_step& a, const hull_step& b) { return better(a, b); });
    return out;
}

/// The relaxation of some of the groups as a function of the size that is left: a convex, piecewise linear cost.
class relaxation {
  public:
    /// Of the groups from `first` on.
    relaxation(const std::vector<layer_group>& groups, const std::vector<hull_step>& steps, std::uint32_t first) {
        sizes_.push_back(0);
        savings_.push_back(0);
        for (std::size_t g = first; g < groups.size(); ++g) start_ += groups[g].items.front().cost;
        for (const hull_step& step : steps) {
            if (step.group < first) continue;
            taken_.push_back(&step);
            sizes_.push_back(sizes_.back() + step.size);
            savings_.push_back(savings_.back() + step.saving);
        }
    }

    /// How many whole steps fit into `room` >= 0; `hint` >= the answer makes it quick.
    [[nodiscard]] std::size_t whole_steps(int128 room, std::size_t hint) const {
        while (sizes_[hint] > room) --hint;
        return hint;
    }
    [[nodiscard]] std::size_t step_count() const noexcept { return taken_.size(); }
    [[nodiscard]] const hull_step& step(std::size_t k) const noexcept { return *taken_[k]; }

    [[nodiscard]] int128 size_after(std::size_t steps) const noexcept { return sizes_[steps]; }
    [[nodiscard]] int128 cost_after(std::size_t steps) const noexcept { return start_ - savings_[steps]; }
    /// What a part of the next step saves besides: linear programming takes it.
    [[nodiscard]] double part_saving(int128 room, std::size_t steps) const {
        if (steps == taken_.size()) return 0;
        const hull_step& next = *taken_[steps];
        return static_cast<double>(next.saving) *
               (static_cast<double>(room - sizes_[steps]) / static_cast<double>(next.size));
    }

  private:
    int128 start_ = 0;
    std::vector<const hull_step*> taken_;
    std::vector<int128> sizes_;
    std::vector<int128> savings_;
};

}  // namespace halfulp::detail
