#include "halfulp/analysis/knapsack.hpp"

#include <stdexcept>
#include <utility>

#include "../../kernels/float_environment.hpp"
#include "partial_choices.hpp"
#include "steps.hpp"

namespace halfulp {
namespace {

using detail::int128;
using detail::layer_group;

/// A bound is an exact sum, rounded to binary64, less what a part of one step saves, which is at most that sum: five
/// roundings of 2^-53 each, relative to the sum. This covers them.
constexpr double rounding_room = 0x1p-49;

/// Reduced costs and the price of size have errors relative to the cost of a solution without any step: this covers
/// them many times over.
constexpr double reduction_room = 0x1p-40;

struct solution {
    int128 size = 0;
    int128 cost = 0;
    std::vector<std::uint32_t> items;
};

/// Steps of the relaxation that fit, best first, those that do not passed over together with the rest of their group.
solution greedy(const std::vector<layer_group>& groups, const std::vector<detail::hull_step>& steps, int128 room) {
    solution out{0, 0, std::vector<std::uint32_t>(groups.size(), 0)};
    for (const layer_group& group : groups) out.cost += group.items.front().cost;
    std::vector<bool> stopped(groups.size());
    for (const detail::hull_step& step : steps) {
        if (stopped[step.group] || out.size + step.size > room) {
            stopped[step.group] = true;
            continue;
        }
        out.size += step.size;
        out.cost -= step.saving;
        out.items[step.group] = step.item;
    }
    return out;
}

/// By how much the cost of the relaxation grows at least when a group takes an item other than those that are best at
/// this price of size: its reduced cost.
std::vector<double> reduced_costs(const layer_group& group, double price) {
    std::vector<double> out;
    for (const detail::group_item& item : group.items) {
        out.push_back(static_cast<double>(item.cost) + price * static_cast<double>(item.size));
    }
    const double least = *std::min_element(out.begin(), out.end());
    for (double& r : out) r -= least;
    return out;
}

/// A search over partial choices. Groups are reordered and lose items that no optimal solution has.
class search {
  public:
    search(const detail::allocation_problem& problem, int128 room, std::uint64_t limit)
        : problem_(problem), room_(room), limit_(limit), groups_(problem.groups) {}

    knapsack_result run() {
        // Numbers of a first solution tell which items cost more than all of it.
        solution first = greedy(groups_, detail::steps_of(groups_), room_);
        knapsack_result out;
        const double relaxed = relax();
        out.relaxation = problem_.costs.value(problem_.least_cost) + std::ldexp(relaxed, problem_.costs.exponent());
        reduce(first, relaxed);
        best_ = greedy(groups_, detail::steps_of(groups_), room_);
        const double lowest = go(relaxed);
        out.optimal = lowest < 0;
        out.choices = detail::choices_of(problem_.layer_count, groups_, best_.items);
        out.cost = problem_.cost_of(best_.cost);
        out.size = problem_.size_of(best_.size);
        out.states = states_;
        out.lower_bound = out.cost;
        if (!out.optimal) {
            const double bound = std::ldexp(lowest, problem_.costs.exponent());
            out.lower_bound = std::min(out.cost, problem_.costs.value(problem_.least_cost) + bound);
        }
        out.lower_bound -= problem_.cost_rounding();
        return out;
    }

  private:
    /// The cost of the linear relaxation, in quanta above the least.
    double relax() {
        const auto steps = detail::steps_of(groups_);
        const detail::relaxation all(groups_, steps, 0);
        const std::size_t whole = all.whole_steps(room_, all.step_count());
        price_ = whole == all.step_count()
                     ? 0
                     : static_cast<double>(all.step(whole).saving) / static_cast<double>(all.step(whole).size);
        return bound_of(all.cost_after(whole), all.part_saving(room_, whole));
    }

    /// The cost of whole steps less what a part of the next one saves, below all rounding errors.
    static double bound_of(int128 cost, double part_saving) {
        return static_cast<double>(cost) * (1 - rounding_room) - part_saving;
    }

    /// Drops items that cost more than a whole solution, or whose reduced cost brings the bound above it; then puts the
    /// groups whose second best item is furthest from the best first.
    void reduce(const solution& known, double relaxed) {
        double start = static_cast<double>(known.cost);
        for (const layer_group& group : groups_) start += static_cast<double>(group.items.front().cost);
        const double allowed = static_cast<double>(known.cost) - relaxed + reduction_room * start;
        std::vector<std::pair<double, std::size_t>> order;
        for (std::size_t g = 0; g < groups_.size(); ++g) {
            const std::vector<double> reduced = reduced_costs(groups_[g], price_);
            auto& items = groups_[g].items;
            std::vector<detail::group_item> kept;
            double second = std::numeric_limits<double>::infinity();
            bool seen_best = false;
            for (std::size_t k = 0; k < items.size(); ++k) {
                // The smallest item stays: every partial choice can then be completed within the room.
                if (k == 0 || (items[k].cost <= known.cost && reduced[k] <= allowed)) kept.push_back(items[k]);
                if (reduced[k] == 0 && !seen_best) {
                    seen_best = true;
                } else {
                    second = std::min(second, reduced[k]);
                }
            }
            items = std::move(kept);
            order.emplace_back(second, g);
        }
        std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
        std::vector<layer_group> sorted;
        for (const auto& [gap, g] : order) sorted.push_back(std::move(groups_[g]));
        groups_ = std::move(sorted);
    }

    /// The dynamic programme. Negative where it ends with a proof that nothing costs less than the best solution, else
    /// the least cost, in quanta above the least, that could still be found; `lowest` is a bound to begin with.
    double go(double lowest) {
        const auto steps = detail::steps_of(groups_);
        std::vector<std::vector<detail::trail>> history;
        std::vector<detail::partial_choice> now{{0, 0, 0, 0}};
        std::vector<detail::partial_choice> next;
        for (std::uint32_t g = 0; g < groups_.size() && !now.empty(); ++g) {
            if (!detail::extend(now, groups_[g], room_, limit_ - states_, next)) {
                return lowest < static_cast<double>(best_.cost) ? lowest : -1;
            }
            states_ += next.size();
            const detail::relaxation rest(groups_, steps, g + 1);
            update_best(next, rest, history);
            lowest = prune(next, rest);
            history.push_back(detail::trails_of(next));
            std::swap(now, next);
        }
        return -1;
    }

    /// Takes the best of the solutions that partial choices lead to by whole steps of the relaxation.
    void update_best(const std::vector<detail::partial_choice>& choices, const detail::relaxation& rest,
                     const std::vector<std::vector<detail::trail>>& history) {
        std::size_t whole = rest.step_count();
        std::size_t found = choices.size();
        std::size_t found_steps = 0;
        for (std::size_t k = 0; k < choices.size(); ++k) {
            whole = rest.whole_steps(room_ - choices[k].size, whole);
            const int128 cost = choices[k].cost + rest.cost_after(whole);
            const int128 size = choices[k].size + rest.size_after(whole);
            if (cost < best_.cost || (cost == best_.cost && size < best_.size)) {
                best_.cost = cost;
                best_.size = size;
                found = k;
                found_steps = whole;
            }
        }
        if (found == choices.size()) return;
        std::fill(best_.items.begin(), best_.items.end(), 0);
        detail::follow(history, choices[found].parent, best_.items);
        best_.items[history.size()] = choices[found].item;
        for (std::size_t s = 0; s < found_steps; ++s) best_.items[rest.step(s).group] = rest.step(s).item;
    }

    /// Keeps partial choices that may lead to a better solution than the best: to one that costs less, by a quantum at
    /// least, or to one that costs as much and is smaller. Returns the least cost that may be found.
    double prune(std::vector<detail::partial_choice>& choices, const detail::relaxation& rest) const {
        const auto most = static_cast<double>(best_.cost);
        double lowest = most;
        std::size_t whole = rest.step_count();
        std::size_t smaller_whole = rest.step_count();
        std::size_t kept = 0;
        for (const detail::partial_choice& choice : choices) {
            const int128 cost = choice.cost;
            const int128 room = room_ - choice.size;
            whole = rest.whole_steps(room, whole);
            const double bound = bound_of(cost + rest.cost_after(whole), rest.part_saving(room, whole));
            bool keep = bound <= most - 1;
            if (keep) {
                lowest = std::min(lowest, bound);
            } else if (const int128 smaller = best_.size - 1 - choice.size; smaller >= 0) {
                smaller_whole = rest.whole_steps(smaller, smaller_whole);
                keep =
                    bound_of(cost + rest.cost_after(smaller_whole), rest.part_saving(smaller, smaller_whole)) <= most;
            }
            if (keep) choices[kept++] = choice;
        }
        choices.resize(kept);
        return std::max(lowest, 0.0);
    }

    const detail::allocation_problem& problem_;
    int128 room_;
    std::uint64_t limit_;
    std::vector<layer_group> groups_;
    solution best_;
    double price_ = 0;
    std::uint64_t states_ = 0;
};

}  // namespace

knapsack_result choose_within(std::span<const layer_choices> layers, double budget, std::span<const tied_layers> ties,
                              std::uint64_t limit) {
    detail::check_limit(limit);
    const detail::float_environment environment;
    const detail::allocation_problem problem = detail::make_problem(layers, ties);
    const double least = problem.size_of(0);
    if (!(budget >= least)) {
        throw std::invalid_argument("budget is " + detail::shown(budget) + ", allowed: at least " +
                                    detail::shown(least) + ", the least total size");
    }
    int128 most = 0;
    for (const auto& group : problem.groups) most += group.items.back().size;
    const int128 within = problem.sizes.last_rounded_to(budget, problem.least_size + most);
    return search(problem, within - problem.least_size, limit).run();
}

}  // namespace halfulp
