#include "halfulp/analysis/pareto.hpp"

#include <stdexcept>
#include <string>

#include "../../kernels/float_environment.hpp"
#include "partial_choices.hpp"
#include "steps.hpp"

namespace halfulp {
namespace detail {

struct front_trace {
    allocation_problem problem;
    std::vector<std::vector<trail>> history;  ///< by group; empty for a supported front
    std::vector<hull_step> steps;             ///< of a supported front: what each point changes, in order
    std::vector<std::size_t> steps_before;    ///< how many steps lead to a point
    std::vector<double> sizes;
    std::vector<double> costs;
    std::vector<std::uint8_t> corners;
};

}  // namespace detail

std::span<const double> pareto_front::sizes() const noexcept { return trace_->sizes; }
std::span<const double> pareto_front::costs() const noexcept { return trace_->costs; }
std::span<const std::uint8_t> pareto_front::corners() const noexcept { return trace_->corners; }

std::vector<std::uint32_t> pareto_front::choices(std::size_t point) const {
    const detail::front_trace& t = *trace_;
    std::vector<std::uint32_t> items(t.problem.groups.size(), 0);
    if (t.history.empty()) {
        for (std::size_t k = 0; k < t.steps_before[point]; ++k) items[t.steps[k].group] = t.steps[k].item;
    } else {
        detail::follow(t.history, static_cast<std::uint32_t>(point), items);
    }
    return detail::choices_of(t.problem.layer_count, t.problem.groups, items);
}

pareto_front whole_front(std::span<const layer_choices> layers, std::span<const tied_layers> ties,
                         std::uint64_t limit) {
    detail::check_limit(limit);
    const detail::float_environment environment;
    auto trace = std::make_shared<detail::front_trace>();
    trace->problem = detail::make_problem(layers, ties);
    const auto& groups = trace->problem.groups;
    std::vector<detail::partial_choice> now{{0, 0, 0, 0}};
    std::vector<detail::partial_choice> next;
    std::uint64_t states = 0;
    constexpr detail::int128 everything = detail::int128{1} << (detail::common_grid::sum_bits + 1);
    for (std::size_t g = 0; g < groups.size(); ++g) {
        if (!detail::extend(now, groups[g], everything, limit - states, next)) {
            throw std::invalid_argument("limit is " + std::to_string(limit) + " states, which the front exceeds at " +
                                        std::to_string(g + 1) + " of " + std::to_string(groups.size()) +
                                        " groups of layers, allowed: more, or the supported points alone");
        }
        states += next.size();
        std::swap(now, next);
        trace->history.push_back(detail::trails_of(now));
    }
    for (const detail::partial_choice& c : now) {
        trace->sizes.push_back(trace->problem.size_of(c.size));
        trace->costs.push_back(trace->problem.cost_of(c.cost));
    }
    trace->corners.resize(now.size());
    for (const std::uint32_t k : detail::hull_of(now)) trace->corners[k] = 1;
    return pareto_front(std::move(trace));
}

pareto_front supported_front(std::span<const layer_choices> layers, std::span<const tied_layers> ties) {
    const detail::float_environment environment;
    auto trace = std::make_shared<detail::front_trace>();
    trace->problem = detail::make_problem(layers, ties);
    const auto& problem = trace->problem;
    trace->steps = detail::steps_of(problem.groups);
    detail::int128 size = 0;
    detail::int128 cost = 0;
    for (const auto& group : problem.groups) cost += group.items.front().cost;
    const auto& steps = trace->steps;
    for (std::size_t k = 0; k <= steps.size(); ++k) {
        // Steps that save equally much per size lead along one edge of the hull: its corners are its ends.
        const bool within_edge = k > 0 && k < steps.size() && !better(steps[k - 1], steps[k]);
        if (!within_edge) {
            trace->sizes.push_back(problem.size_of(size));
            trace->costs.push_back(problem.cost_of(cost));
            trace->steps_before.push_back(k);
        }
        if (k < steps.size()) {
            size += steps[k].size;
            cost -= steps[k].saving;
        }
    }
    trace->corners.assign(trace->sizes.size(), 1);
    return pareto_front(std::move(trace));
}

}  // namespace halfulp
