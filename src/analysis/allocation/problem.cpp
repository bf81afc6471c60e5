#include "problem.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace halfulp::detail {
namespace {

std::string place(const char* name, std::size_t layer) { return std::string(name) + "[" + std::to_string(layer) + "]"; }

void check_layer(const layer_choices& layer, std::size_t at) {
    if (layer.costs.empty()) throw std::invalid_argument(place("costs", at) + " is empty, allowed: one choice or more");
    if (layer.costs.size() != layer.sizes.size()) {
        throw std::invalid_argument(place("sizes", at) + " has " + std::to_string(layer.sizes.size()) +
                                    " choices, allowed: " + std::to_string(layer.costs.size()) + ", as " +
                                    place("costs", at) + " has");
    }
    for (std::size_t j = 0; j < layer.costs.size(); ++j) {
        if (!std::isfinite(layer.costs[j])) {
            throw std::invalid_argument(place("costs", at) + "[" + std::to_string(j) + "] is " + shown(layer.costs[j]) +
                                        ", allowed: finite numbers");
        }
        if (!std::isfinite(layer.sizes[j]) || layer.sizes[j] < 0) {
            throw std::invalid_argument(place("sizes", at) + "[" + std::to_string(j) + "] is " + shown(layer.sizes[j]) +
                                        ", allowed: finite numbers, 0 or more");
        }
    }
}

/// The layers of each group: the tied ones at the place of their first, all others alone.
std::vector<std::vector<std::uint32_t>> grouped(std::span<const layer_choices> layers,
                                                std::span<const tied_layers> ties) {
    constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
    std::vector<std::size_t> tie_of(layers.size(), none);
    for (std::size_t t = 0; t < ties.size(); ++t) {
        for (const std::size_t layer : ties[t]) {
            if (layer >= layers.size()) {
                throw std::invalid_argument(place("ties", t) + " names layer " + std::to_string(layer) +
                                            ", allowed: 0 to " + std::to_string(layers.size() - 1));
            }
            if (tie_of[layer] != none) {
                throw std::invalid_argument(place("ties", t) + " names layer " + std::to_string(layer) +
                                            " once more, allowed: each layer once in all ties");
            }
            const std::size_t first = ties[t].front();
            if (layers[layer].costs.size() != layers[first].costs.size()) {
                throw std::invalid_argument(place("ties", t) + " ties layer " + std::to_string(layer) + " with " +
                                            std::to_string(layers[layer].costs.size()) + " choices to layer " +
                                            std::to_string(first) + " with " +
                                            std::to_string(layers[first].costs.size()) + ", allowed: equally many");
            }
            tie_of[layer] = t;
        }
    }
    std::vector<std::vector<std::uint32_t>> out;
    std::vector<bool> done(ties.size());
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const std::size_t t = tie_of[i];
        if (t == none) {
            out.push_back({static_cast<std::uint32_t>(i)});
        } else if (!done[t]) {
            done[t] = true;
            out.emplace_back(ties[t].begin(), ties[t].end());
        }
    }
    return out;
}

/// Drops every choice that another beats or equals in both; the smaller place stays where two are equal.
void drop_beaten(std::vector<group_item>& items) {
    std::stable_sort(items.begin(), items.end(), [](const group_item& a, const group_item& b) {
        return a.size != b.size ? a.size < b.size : a.cost < b.cost;
    });
    std::vector<group_item> kept;
    for (const group_item& item : items) {
        if (kept.empty() || item.cost < kept.back().cost) kept.push_back(item);
    }
    items = std::move(kept);
}

}  // namespace

void check_limit(std::uint64_t limit) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    if (limit < 1 || limit > most) {
        throw std::invalid_argument("limit is " + std::to_string(limit) + ", allowed: 1 to " + std::to_string(most));
    }
}

allocation_problem make_problem(std::span<const layer_choices> layers, std::span<const tied_layers> ties) {
    if (layers.empty()) throw std::invalid_argument("costs has no layers, allowed: one or more");
    allocation_problem out;
    out.layer_count = layers.size();
    for (std::size_t i = 0; i < layers.size(); ++i) {
        check_layer(layers[i], i);
        for (const double c : layers[i].costs) out.costs.show(c);
        for (const double s : layers[i].sizes) out.sizes.show(s);
    }
    out.costs.settle(layers.size());
    out.sizes.settle(layers.size());
    for (auto& members : grouped(layers, ties)) {
        layer_group group{std::move(members), {}};
        const std::size_t choices = layers[group.layers.front()].costs.size();
        for (std::size_t j = 0; j < choices; ++j) {
            group_item item{0, 0, static_cast<std::uint32_t>(j)};
            for (const std::uint32_t layer : group.layers) {
                item.size += out.sizes.ceil(layers[layer].sizes[j]);
                item.cost += out.costs.nearest(layers[layer].costs[j]);
            }
            group.items.push_back(item);
        }
        drop_beaten(group.items);
        const int128 size = group.items.front().size;
        const int128 cost = group.items.back().cost;
        for (group_item& item : group.items) {
            item.size -= size;
            item.cost -= cost;
        }
        out.least_size += size;
        out.least_cost += cost;
        out.groups.push_back(std::move(group));
    }
    return out;
}

}  // namespace halfulp::detail
