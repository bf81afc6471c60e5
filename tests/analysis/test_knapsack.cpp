// choose_within against every combination, in integers, and against what optimality and dominance mean.
#include "halfulp/analysis/knapsack.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace halfulp;

namespace {

struct totals {
    double cost;
    double size;
};

/// Of every combination of choices within the budget, the least cost and then the least size. Numbers are small
/// integers times a power of two, so that sums in binary64 are exact.
totals best_of_all(const std::vector<layer_choices>& layers, const std::vector<tied_layers>& ties, double budget) {
    totals best{std::numeric_limits<double>::infinity(), 0};
    std::vector<std::size_t> at(layers.size(), 0);
    for (;;) {
        totals sum{0, 0};
        for (std::size_t i = 0; i < layers.size(); ++i) {
            sum.cost += layers[i].costs[at[i]];
            sum.size += layers[i].sizes[at[i]];
        }
        const bool alike = std::all_of(ties.begin(), ties.end(), [&](const tied_layers& t) {
            return std::all_of(t.begin(), t.end(), [&](std::size_t i) { return at[i] == at[t.front()]; });
        });
        if (alike && sum.size <= budget && (sum.cost < best.cost || (sum.cost == best.cost && sum.size < best.size))) {
            best = sum;
        }
        std::size_t i = 0;
        while (i < layers.size() && ++at[i] == layers[i].costs.size()) at[i++] = 0;
        if (i == layers.size()) return best;
    }
}

std::vector<layer_choices> random_layers(std::mt19937_64& rng, std::size_t count, int largest, double unit,
                                         std::size_t choices = 0) {
    const auto draw = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(rng); };
    std::vector<layer_choices> out(count);
    for (layer_choices& layer : out) {
        const std::size_t n = choices != 0 ? choices : static_cast<std::size_t>(draw(1, 4));
        for (std::size_t j = 0; j < n; ++j) {
            layer.costs.push_back(unit * draw(-largest, largest));
            layer.sizes.push_back(unit * draw(0, largest));
        }
    }
    return out;
}

totals sum_of(const std::vector<layer_choices>& layers, const std::vector<std::uint32_t>& choices) {
    totals out{0, 0};
    for (std::size_t i = 0; i < layers.size(); ++i) {
        out.cost += layers[i].costs[choices[i]];
        out.size += layers[i].sizes[choices[i]];
    }
    return out;
}

std::string message_of(const auto& call) {
    try {
        call();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "no error";
}

}  // namespace

TEST_CASE("The best choices are those of every combination") {
    std::mt19937_64 rng(1);
    for (int round = 0; round < 3000; ++round) {
        // Few different numbers: equal costs, equal sizes and zeros are common.
        const int largest = round % 3 == 0 ? 2 : round % 3 == 1 ? 9 : 1000;
        const double unit = round % 2 == 0 ? 1 : 0x1p-20;
        const auto layers = random_layers(rng, 1 + static_cast<std::size_t>(round) % 6, largest, unit);
        double least = 0;
        double most = 0;
        for (const auto& layer : layers) {
            least += *std::min_element(layer.sizes.begin(), layer.sizes.end());
            most += *std::max_element(layer.sizes.begin(), layer.sizes.end());
        }
        const double budget = least + (most - least) * std::uniform_real_distribution<>(0, 1.1)(rng);
        const totals expected = best_of_all(layers, {}, budget);
        const knapsack_result found = choose_within(layers, budget);
        INFO("round " << round);
        REQUIRE(found.optimal);
        REQUIRE(found.cost == expected.cost);
        REQUIRE(found.size == expected.size);
        REQUIRE(found.lower_bound == expected.cost);
        REQUIRE(found.relaxation <= expected.cost + 1e-12 * largest);  // rounded: a few units of 2^-49
        const totals again = sum_of(layers, found.choices);
        REQUIRE(again.cost == found.cost);
        REQUIRE(again.size == found.size);
    }
}

TEST_CASE("Of equal costs the smallest comes back, be it by one quantum") {
    // The best price takes 3 for 3 and then 1 for 2; 4 for 4.5 costs as much and is smaller.
    const std::vector<layer_choices> layers{{{3, 0}, {0, 3}}, {{1, 0}, {0, 2}}, {{4, 0}, {0, 4.5}}};
    const knapsack_result found = choose_within(layers, 5);
    REQUIRE(found.optimal);
    REQUIRE(found.cost == 4);
    REQUIRE(found.size == 4.5);
    REQUIRE(found.choices == std::vector<std::uint32_t>{0, 0, 1});
}

TEST_CASE("Tied layers choose alike") {
    std::mt19937_64 rng(2);
    for (int round = 0; round < 500; ++round) {
        const auto layers = random_layers(rng, 6, 7, 1, 3);
        const std::vector<tied_layers> ties{{4, 1}, {0, 3, 5}};
        double least = 1e9;
        double most = 0;
        for (std::size_t j = 0; j < 27; ++j) {
            const std::vector<std::size_t> pick{j % 3, j / 3 % 3, j / 9};
            double size = layers[2].sizes[pick[2]];
            for (const std::size_t i : {1u, 4u}) size += layers[i].sizes[pick[0]];
            for (const std::size_t i : {0u, 3u, 5u}) size += layers[i].sizes[pick[1]];
            least = std::min(least, size);
            most = std::max(most, size);
        }
        const double budget = least + std::floor((most - least) * std::uniform_real_distribution<>(0, 1)(rng));
        const totals expected = best_of_all(layers, ties, budget);
        const knapsack_result found = choose_within(layers, budget, ties);
        INFO("round " << round);
        REQUIRE(found.cost == expected.cost);
        REQUIRE(found.size == expected.size);
        REQUIRE(found.choices[4] == found.choices[1]);
        REQUIRE(found.choices[0] == found.choices[3]);
        REQUIRE(found.choices[0] == found.choices[5]);
    }
}

TEST_CASE("Totals are exact sums, rounded once") {
    // The unit in the last place of 2^60 is 256: added one after the other in binary64, ones are lost beside it.
    std::vector<layer_choices> layers{{{0, -1000}, {0, 0x1p60}}};
    for (int i = 0; i < 300; ++i) layers.push_back({{0, -1}, {0, 1}});
    const knapsack_result found = choose_within(layers, 0x1p60 + 256);
    REQUIRE(found.cost == -1300);
    REQUIRE(found.size == 0x1p60 + 256);  // 2^60 + 300, rounded
    const knapsack_result tight = choose_within(layers, 0x1p60);
    REQUIRE(tight.cost == -1128);  // 128 ones beside it: the midpoint rounds down to 2^60, which is even
    REQUIRE(tight.size == 0x1p60);
    // 2^60 + 256 is odd: the midpoint below belongs to 2^60, that above to 2^60 + 512. Between them lie 129 to 383
    // ones.
    layers.resize(301 - 100);
    layers.push_back({{0, -2000}, {0, 256}});
    const knapsack_result odd = choose_within(layers, 0x1p60 + 256);
    REQUIRE(odd.cost == -1000 - 2000 - 127);
}

TEST_CASE("A total that is the budget fits, one unit in the last place above does not") {
    const std::vector<layer_choices> layers{{{1, 0}, {0.1, 0.2}}, {{1, 0}, {0.1, 0.7}}};
    const double whole = 0.2 + 0.7;
    REQUIRE(choose_within(layers, whole).cost == 0);
    REQUIRE(choose_within(layers, std::nextafter(whole, 0)).cost == 1);
}

TEST_CASE("Numbers too far apart for exact sums still give a sound bound") {
    // 2^-400 beside 1 needs more bits than the grid has: the tiny costs count as 0, and the bound says by how much at
    // most.
    const std::vector<layer_choices> layers{{{1, 0x1p-400}, {0, 1}}, {{1, 0}, {0, 1}}};
    const knapsack_result found = choose_within(layers, 1);
    REQUIRE(found.optimal);
    REQUIRE(found.cost == 1);
    REQUIRE(found.lower_bound <= 1);
    REQUIRE(found.lower_bound >= 1 - 0x1p-100);
    // Tiny sizes count as more, never as less.
    const std::vector<layer_choices> tiny{{{1, 0}, {0, 0x1p-400}}, {{0}, {1}}};
    REQUIRE(choose_within(tiny, 2).cost == 0);
    REQUIRE(choose_within(tiny, 2).size >= 1);
}

TEST_CASE("A search that ends at its limit says so, and its bound holds") {
    // Strongly correlated: sizes and costs move together, so that bounds prune little.
    std::mt19937_64 rng(3);
    std::vector<layer_choices> layers;
    double all = 0;
    for (int i = 0; i < 60; ++i) {
        const double size = static_cast<double>(std::uniform_int_distribution<int>(100000, 1000000)(rng));
        layers.push_back({{size + 10000, 0}, {0, size}});
        all += size;
    }
    const knapsack_result proved = choose_within(layers, std::floor(all / 2));
    REQUIRE(proved.optimal);
    const knapsack_result cut = choose_within(layers, std::floor(all / 2), {}, 50);
    REQUIRE(!cut.optimal);
    REQUIRE(cut.states <= 50);
    REQUIRE(cut.size <= std::floor(all / 2));
    REQUIRE(cut.lower_bound <= proved.cost);
    REQUIRE(proved.cost <= cut.cost);
    REQUIRE(sum_of(layers, cut.choices).cost == cut.cost);
}

TEST_CASE("Whole costs less than one above the relaxation are proved at once") {
    // Strongly correlated, with thousands of solutions of equal cost: that none is better follows from the bound, and
    // that none is smaller from the bound at a smaller room.
    std::mt19937_64 rng(4);
    std::vector<layer_choices> layers(200);
    double budget = 0;
    for (layer_choices& layer : layers) {
        for (int j = 0; j < 6; ++j) {
            const double size = std::uniform_int_distribution<int>(1, 10000)(rng);
            layer.sizes.push_back(size);
            layer.costs.push_back(10000 - size + (std::uniform_int_distribution<int>(0, 1)(rng) != 0 ? 1000 : 0));
        }
        budget += 5000;
    }
    const knapsack_result found = choose_within(layers, budget);
    REQUIRE(found.optimal);
    REQUIRE(found.cost - found.relaxation < 1);
    REQUIRE(found.states < 1'000'000);  // 20 million are not enough without
}

TEST_CASE("A budget that no choice meets names the least that one does") {
    const std::vector<layer_choices> layers{{{0, 1}, {3, 2.5}}, {{5}, {4}}};
    REQUIRE(message_of([&] { choose_within(layers, 6.25); }) ==
            "budget is 6.25, allowed: at least 6.5, the least total size");
    REQUIRE(choose_within(layers, 6.5).cost == 6);
    REQUIRE(message_of([&] { choose_within(layers, std::nan("")); }).starts_with("budget is nan"));
    REQUIRE(choose_within(layers, std::numeric_limits<double>::infinity()).cost == 5);
}

TEST_CASE("Wrong layers, ties and limits are refused") {
    const auto with = [](std::vector<layer_choices> layers, std::vector<tied_layers> ties = {},
                         std::uint64_t limit = 10) {
        return message_of([&] { choose_within(layers, 100, ties, limit); });
    };
    REQUIRE(with({}) == "costs has no layers, allowed: one or more");
    REQUIRE(with({{{}, {}}}) == "costs[0] is empty, allowed: one choice or more");
    REQUIRE(with({{{1}, {1}}, {{1, 2}, {1}}}) == "sizes[1] has 1 choices, allowed: 2, as costs[1] has");
    REQUIRE(with({{{1, std::nan("")}, {1, 1}}}) == "costs[0][1] is nan, allowed: finite numbers");
    REQUIRE(with({{{1}, {-1}}}) == "sizes[0][0] is -1, allowed: finite numbers, 0 or more");
    REQUIRE(with({{{1}, {std::numeric_limits<double>::infinity()}}}) ==
            "sizes[0][0] is inf, allowed: finite numbers, 0 or more");
    REQUIRE(with({{{1}, {1}}}, {{0, 1}}) == "ties[0] names layer 1, allowed: 0 to 0");
    REQUIRE(with({{{1}, {1}}, {{1}, {1}}}, {{0, 1}, {1}}) ==
            "ties[1] names layer 1 once more, allowed: each layer once in all ties");
    REQUIRE(with({{{1}, {1}}, {{1, 2}, {1, 2}}}, {{0, 1}}) ==
            "ties[0] ties layer 1 with 2 choices to layer 0 with 1, allowed: equally many");
    REQUIRE(with({{{1}, {1}}}, {}, 0) == "limit is 0, allowed: 1 to 4294967295");
}
