// Partial choices: those of the first groups that no other beats in both size and cost, one group after another.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "problem.hpp"

namespace halfulp::detail {

struct partial_choice {
    int128 size;
    int128 cost;
    std::uint32_t parent;  ///< the place, among those of the groups before, that it goes on from
    std::uint32_t item;    ///< of the last group
};

/// What is kept of partial choices that later ones go on from.
struct trail {
    std::uint32_t parent;
    std::uint32_t item;
};

/// The choices that go on from `before` with every item of a group and stay within `room`, ascending in size and
/// descending in cost; those beaten or equalled are dropped. At most `limit` of them: with more, the answer is false
/// and `after` is not whole.
inline bool extend(const std::vector<partial_choice>& before, const layer_group& group, int128 room,
                   std::uint64_t limit, std::vector<partial_choice>& after) {
    after.clear();
    // One run for each item: `before` moved by the item. Merged by size, then cost.
    struct run {
        int128 size;
        int128 cost;
        std::uint32_t at;
        std::uint32_t item;
    };
    const auto later = [](const run& a, const run& b) {
        if (a.size != b.size) return a.size > b.size;
        if (a.cost != b.cost) return a.cost > b.cost;
        return a.item > b.item;
    };
    std::vector<run> heap;
    for (std::uint32_t k = 0; k < group.items.size(); ++k) {
        heap.push_back({before[0].size + group.items[k].size, before[0].cost + group.items[k].cost, 0, k});
    }
    std::make_heap(heap.begin(), heap.end(), later);
    while (!heap.empty() && heap.front().size <= room) {
        std::pop_heap(heap.begin(), heap.end(), later);
        run& next = heap.back();
        if (after.empty() || next.cost < after.back().cost) {
            if (after.size() >= limit) return false;
            after.push_back({next.size, next.cost, next.at, next.item});
        }
        if (++next.at < before.size()) {
            next.size = before[next.at].size + group.items[next.item].size;
            next.cost = before[next.at].cost + group.items[next.item].cost;
            std::push_heap(heap.begin(), heap.end(), later);
        } else {
            heap.pop_back();
        }
    }
    return true;
}

inline std::vector<trail> trails_of(const std::vector<partial_choice>& choices) {
    std::vector<trail> out;
    out.reserve(choices.size());
    for (const partial_choice& c : choices) out.push_back({c.parent, c.item});
    return out;
}

/// The items of the first history.size() groups on the way to place `at` of the last.
inline void follow(const std::vector<std::vector<trail>>& history, std::uint32_t at,
                   std::vector<std::uint32_t>& items) {
    for (std::size_t g = history.size(); g-- > 0;) {
        items[g] = history[g][at].item;
        at = history[g][at].parent;
    }
}

/// Choices by layer of items by group.
inline std::vector<std::uint32_t> choices_of(std::size_t layer_count, const std::vector<layer_group>& groups,
                                             const std::vector<std::uint32_t>& items) {
    std::vector<std::uint32_t> out(layer_count);
    for (std::size_t g = 0; g < groups.size(); ++g) {
        for (const std::uint32_t layer : groups[g].layers) out[layer] = groups[g].items[items[g]].choice;
    }
    return out;
}

}  // namespace halfulp::detail
