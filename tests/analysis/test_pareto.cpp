// Fronts against every combination; supported points against the definition of a convex hull.
#include "halfulp/analysis/pareto.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "halfulp/analysis/knapsack.hpp"

using namespace halfulp;

namespace {

std::vector<layer_choices> random_layers(std::mt19937_64& rng, std::size_t count, int largest) {
    const auto draw = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(rng); };
    std::vector<layer_choices> out(count);
    for (layer_choices& layer : out) {
        const int n = draw(1, 4);
        for (int j = 0; j < n; ++j) {
            layer.costs.push_back(draw(-largest, largest));
            layer.sizes.push_back(draw(0, largest));
        }
    }
    return out;
}

/// The least cost of every total size, over all combinations, without those that a smaller size reaches too.
std::vector<std::pair<double, double>> front_of_all(const std::vector<layer_choices>& layers) {
    std::map<double, double> sums{{0.0, 0.0}};
    for (const layer_choices& layer : layers) {
        std::map<double, double> next;
        for (const auto& [size, cost] : sums) {
            for (std::size_t j = 0; j < layer.costs.size(); ++j) {
                const auto [at, fresh] = next.try_emplace(size + layer.sizes[j], cost + layer.costs[j]);
                if (!fresh) at->second = std::min(at->second, cost + layer.costs[j]);
            }
        }
        sums = std::move(next);
    }
    std::vector<std::pair<double, double>> out;
    for (const auto& point : sums) {
        if (out.empty() || point.second < out.back().second) out.push_back(point);
    }
    return out;
}

}  // namespace

TEST_CASE("The front is that of every combination") {
    std::mt19937_64 rng(11);
    for (int round = 0; round < 1000; ++round) {
        const auto layers = random_layers(rng, 1 + static_cast<std::size_t>(round) % 6, round % 2 == 0 ? 3 : 50);
        const auto expected = front_of_all(layers);
        const pareto_front front = whole_front(layers);
        REQUIRE(front.sizes().size() == expected.size());
        for (std::size_t k = 0; k < expected.size(); ++k) {
            REQUIRE(front.sizes()[k] == expected[k].first);
            REQUIRE(front.costs()[k] == expected[k].second);
            const auto choices = front.choices(k);
            double size = 0;
            double cost = 0;
            for (std::size_t i = 0; i < layers.size(); ++i) {
                size += layers[i].sizes[choices[i]];
                cost += layers[i].costs[choices[i]];
            }
            REQUIRE(size == expected[k].first);
            REQUIRE(cost == expected[k].second);
            // The best within a budget is the last point within it.
            const knapsack_result best = choose_within(layers, expected[k].first);
            REQUIRE(best.cost == expected[k].second);
            REQUIRE(best.size == expected[k].first);
        }
    }
}

TEST_CASE("Supported points are the corners of the front's convex hull") {
    std::mt19937_64 rng(12);
    for (int round = 0; round < 1000; ++round) {
        const auto layers = random_layers(rng, 1 + static_cast<std::size_t>(round) % 6, round % 2 == 0 ? 3 : 50);
        const auto points = front_of_all(layers);
        // A corner lies strictly below the line between every point before it and every point after it.
        std::vector<std::size_t> corners;
        for (std::size_t k = 0; k < points.size(); ++k) {
            bool below = true;
            for (std::size_t a = 0; a < k; ++a) {
                for (std::size_t b = k + 1; b < points.size(); ++b) {
                    const double across = (points[b].first - points[a].first) * (points[k].second - points[a].second);
                    const double line = (points[k].first - points[a].first) * (points[b].second - points[a].second);
                    below = below && across < line;
                }
            }
            if (below) corners.push_back(k);
        }
        const pareto_front whole = whole_front(layers);
        const pareto_front supported = supported_front(layers);
        REQUIRE(supported.sizes().size() == corners.size());
        for (std::size_t c = 0; c < corners.size(); ++c) {
            REQUIRE(supported.sizes()[c] == points[corners[c]].first);
            REQUIRE(supported.costs()[c] == points[corners[c]].second);
            REQUIRE(supported.corners()[c] == 1);
            const auto choices = supported.choices(c);
            double size = 0;
            for (std::size_t i = 0; i < layers.size(); ++i) size += layers[i].sizes[choices[i]];
            REQUIRE(size == points[corners[c]].first);
        }
        for (std::size_t k = 0; k < points.size(); ++k) {
            REQUIRE(bool{whole.corners()[k] != 0} == std::binary_search(corners.begin(), corners.end(), k));
        }
    }
}

TEST_CASE("A front that needs more states than its limit is an error") {
    std::vector<layer_choices> layers;
    for (int i = 0; i < 12; ++i) layers.push_back({{1.0 * (1 << i), 0}, {0, 1.0 * (1 << i)}});
    REQUIRE(whole_front(layers).sizes().size() == 4096);
    std::string message;
    try {
        static_cast<void>(whole_front(layers, {}, 1000));
    } catch (const std::invalid_argument& error) {
        message = error.what();
    }
    REQUIRE(message ==
            "limit is 1000 states, which the front exceeds at 9 of 12 groups of layers, allowed: more, or the "
            "supported points alone");
    REQUIRE(supported_front(layers).sizes().size() == 2);  // all on one line
}
