#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "halfulp/core/random.hpp"
#include "halfulp/scaling/fit.hpp"
#include "kernels/parallel.hpp"
#include "multistart.hpp"
#include "search.hpp"

namespace halfulp {
namespace {

constexpr std::array<std::string_view, 4> estimator_names{"huber", "huber_likelihood", "log_least_squares",
                                                          "variable_projection"};
constexpr std::size_t most_starts = 100000;

[[noreturn]] void refuse(const std::string& what) { throw std::invalid_argument(what); }

void check_numbers(const std::string& name, std::span<const double> numbers, std::size_t runs) {
    if (numbers.size() != runs) {
        refuse("column " + name + " has " + std::to_string(numbers.size()) +
               " numbers, allowed: " + std::to_string(runs) + ", one for each run");
    }
    for (std::size_t i = 0; i < runs; ++i) {
        if (!std::isfinite(numbers[i])) {
            refuse("column " + name + " has " + std::to_string(numbers[i]) + " in run " + std::to_string(i) +
                   ", allowed: finite numbers");
        }
    }
}

}  // namespace

std::string_view to_string(fit_estimator e) noexcept { return estimator_names[static_cast<std::size_t>(e)]; }

fit_estimator parse_estimator(std::string_view name) {
    std::string known;
    for (std::size_t i = 0; i < estimator_names.size(); ++i) {
        if (estimator_names[i] == name) return static_cast<fit_estimator>(i);
        known += (i == 0 ? "" : ", ") + std::string(estimator_names[i]);
    }
    refuse("estimator is '" + std::string(name) + "', allowed: " + known);
}

struct fit_problem::state {
    scaling_law law;
    fit_options options;
    std::unique_ptr<detail::tape> tape;
    detail::fit_setting setting;
    detail::chosen_runs all;
    std::vector<std::size_t> of_law;  ///< each number's parameter of the law

    std::size_t numbers() const { return setting.parameters.size(); }

    detail::chosen_runs chosen(std::span<const std::size_t> places, std::span<const double> weights) const {
        detail::chosen_runs out;
        out.rows = tape->rows_of(places);
        for (std::size_t k = 0; k < places.size(); ++k) {
            out.loss.push_back(all.loss[places[k]]);
            out.log_loss.push_back(all.log_loss[places[k]]);
            out.weight.push_back(weights.empty() ? 1.0 : weights[k]);
        }
        return out;
    }

    std::size_t find(std::string_view name) const {
        std::string known;
        for (std::size_t p = 0; p < numbers(); ++p) {
            if (setting.parameters[p].name == name) return p;
            known += (p == 0 ? "" : ", ") + setting.parameters[p].name;
        }
        refuse("there is no parameter '" + std::string(name) + "', allowed: " + known);
    }

    void check_start(std::span<const double> start) const {
        if (start.size() != numbers()) {
            refuse("a start has " + std::to_string(start.size()) + " numbers, allowed: " + std::to_string(numbers()));
        }
    }

    /// each(i) for 0 to count, by threads, some at a time: between them progress is told, `before` being done of `whole`.
    template <class Each>
    void each_search(std::size_t count, const Each& each, std::size_t before, std::size_t whole) const {
        // No more at a time for many threads, or Ctrl-C would wait for all of them.
        const std::size_t step = 32 * static_cast<std::size_t>(std::clamp(options.threads, 1, 64));
        for (std::size_t first = 0; first < count; first += step) {
            const std::size_t size = std::min(step, count - first);
            // One at a time from a common heap would keep threads busier; parts of equal size end nearly together.
            detail::parallel_for(size, options.threads, 1, [&](std::size_t begin, std::size_t end) {
                for (std::size_t i = begin; i < end; ++i) each(first + i);
            });
            const std::size_t done = std::min(before + first + size, whole);
            if (options.progress && !options.progress(done, whole)) {
                throw std::runtime_error("the fit was ended at " + std::to_string(done) + " of " +
                                         std::to_string(whole) + " searches");
            }
        }
    }
    template <class Each>
    void each_search(std::size_t count, const Each& each) const {
        each_search(count, each, 0, count);
    }
};

fit_problem::fit_problem(const scaling_law& law, const run_table& table, const fit_options& options)
    : state_(std::make_unique<state>(state{law, options, {}, {}, {}, {}})) {
    const std::size_t runs = table.loss.size();
    if (runs == 0) refuse("the table has no runs");
    if (!(options.delta > 0) || !std::isfinite(options.delta)) {
        refuse("delta is " + std::to_string(options.delta) + ", allowed: greater than 0");
    }
    check_numbers("loss", table.loss, runs);
    for (std::size_t i = 0; i < runs; ++i) {
        if (!(table.loss[i] > 0)) {
            refuse("column loss has " + std::to_string(table.loss[i]) + " in run " + std::to_string(i) +
                   ", allowed: greater than 0");
        }
    }
    detail::tape_columns columns;
    for (const std::string& name : law.columns) {
        const auto found = table.numbers.find(name);
        if (found == table.numbers.end()) refuse("the law " + law.name + " needs the column '" + name + "'");
        check_numbers(name, found->second, runs);
        columns.numbers[name] = found->second;
    }
    for (const std::string& name : law.labels) {
        const auto found = table.labels.find(name);
        if (found == table.labels.end()) refuse("the law " + law.name + " needs the column of labels '" + name + "'");
        if (found->second.numbers.size() != runs) refuse("column " + name + " has another length than loss");
        for (const std::uint32_t l : found->second.numbers) {
            if (l >= found->second.names.size()) refuse("column " + name + " has a label without a name");
        }
        columns.labels[name] = found->second.numbers;
    }
    std::map<std::string, detail::tape_parameter> places;
    for (std::size_t k = 0; k < law.parameters.size(); ++k) {
        const law_parameter& p = law.parameters[k];
        const std::vector<std::string> names =
            p.label.empty() ? std::vector<std::string>{""} : table.labels.at(p.label).names;
        places[p.name] = {state_->setting.parameters.size(), names.size(), p.positive};
        for (const std::string& name : names) {
            fit_parameter one;
            one.name = p.label.empty() ? p.name : p.name + "[" + name + "]";
            one.positive = p.positive;
            one.linear = p.linear;
            if (p.positive) one.lower = 0;
            state_->setting.parameters.push_back(one);
            state_->of_law.push_back(k);
        }
    }
    if (options.estimator == fit_estimator::huber_likelihood) {
        fit_parameter scale;
        scale.name = "scale";
        scale.positive = true;
        scale.lower = 0;
        state_->setting.parameters.push_back(scale);
    }
    if (options.estimator == fit_estimator::variable_projection &&
        std::none_of(law.parameters.begin(), law.parameters.end(), [](const law_parameter& p) { return p.linear; })) {
        refuse("estimator is 'variable_projection', allowed for laws with linear parameters; " + law.name +
               " has none");
    }
    state_->tape = std::make_unique<detail::tape>(law.loss, columns, places, runs);
    state_->setting.law = state_->tape.get();
    state_->setting.estimator = options.estimator;
    state_->setting.delta = options.delta;
    state_->all.rows = state_->tape->all_rows();
    state_->all.loss = table.loss;
    state_->all.weight.assign(runs, 1.0);
    for (const double loss : table.loss) state_->all.log_loss.push_back(std::log(loss));
}

fit_problem::fit_problem(fit_problem&&) noexcept = default;
fit_problem& fit_problem::operator=(fit_problem&&) noexcept = default;
fit_problem::~fit_problem() = default;

const std::vector<fit_parameter>& fit_problem::parameters() const noexcept { return state_->setting.parameters; }
std::size_t fit_problem::runs() const noexcept { return state_->all.loss.size(); }
const fit_options& fit_problem::options() const noexcept { return state_->options; }
std::span<const double> fit_problem::losses() const noexcept { return state_->all.loss; }

namespace {

void hold(fit_parameter& p, double value) {
    if (!std::isfinite(value) || (p.positive && !(value > 0))) {
        refuse("fixed has " + p.name + " at " + std::to_string(value) +
               ", allowed: " + (p.positive ? "greater than 0" : "a finite number"));
    }
    p.fixed = value;
}

}  // namespace

void fit_problem::fix(std::string_view name, double value) {
    hold(state_->setting.parameters[state_->find(name)], value);
}

void fit_problem::bound(std::string_view name, double lower, double upper) {
    fit_parameter& p = state_->setting.parameters[state_->find(name)];
    if (p.positive) lower = std::max(lower, 0.0);
    if (!(lower < upper)) {
        refuse("bounds of " + p.name + " are " + std::to_string(lower) + " and " + std::to_string(upper) +
               ", allowed: the first less than the second");
    }
    if (p.linear && state_->setting.estimator == fit_estimator::variable_projection) {
        refuse("bounds has " + p.name +
               ", which variable_projection eliminates, allowed: parameters that are not linear");
    }
    p.lower = lower;
    p.upper = upper;
}

std::vector<double> fit_problem::predict(std::span<const double> parameters) const {
    state_->check_start(parameters);
    std::vector<double> logs(parameters.size()), out(runs());
    for (std::size_t p = 0; p < logs.size(); ++p) logs[p] = std::log(parameters[p]);
    detail::tape::workspace work = state_->tape->make_workspace();
    state_->tape->run(state_->all.rows, parameters, logs, work, {},
                      [&](std::size_t first, std::size_t count, const double* y, double*) {
                          std::copy_n(y, count, out.begin() + static_cast<std::ptrdiff_t>(first));
                      });
    return out;
}

std::vector<double> fit_problem::jacobian(std::span<const double> parameters) const {
    state_->check_start(parameters);
    const bool of_log = state_->setting.estimator != fit_estimator::variable_projection;
    const std::size_t numbers = state_->numbers();
    std::vector<double> logs(numbers), out(runs() * numbers, 0.0);
    for (std::size_t p = 0; p < numbers; ++p) logs[p] = std::log(parameters[p]);
    detail::tape::workspace work = state_->tape->make_workspace();
    for (std::size_t i = 0; i < runs(); ++i) {
        const detail::tape_rows row = state_->tape->rows_of(std::array{i});
        state_->tape->run(
            row, parameters, logs, work, std::span(out).subspan(i * numbers, numbers),
            [&](std::size_t, std::size_t, const double* y, double* adjoint) { adjoint[0] = of_log ? 1 / y[0] : 1.0; });
    }
    return out;
}

double fit_problem::objective(std::span<const double> parameters) const {
    state_->check_start(parameters);
    detail::fit_setting setting = state_->setting;
    for (std::size_t p = 0; p < parameters.size(); ++p) {
        const bool scale = setting.estimator == fit_estimator::huber_likelihood && p + 1 == parameters.size();
        if (!scale) setting.parameters[p].fixed = parameters[p];
    }
    // Every parameter but the scale is held, so the estimator without elimination is the same sum.
    detail::evaluation evaluation(setting, state_->all);
    return detail::search_from(evaluation, setting, parameters, state_->options.most_evaluations).objective;
}

fit_minimum fit_problem::minimize(std::span<const double> start) const {
    state_->check_start(start);
    detail::evaluation evaluation(state_->setting, state_->all);
    return detail::search_from(evaluation, state_->setting, start, state_->options.most_evaluations);
}

fit_minimum fit_problem::minimize_with(std::string_view name, double value, std::span<const double> start) const {
    state_->check_start(start);
    detail::fit_setting setting = state_->setting;
    hold(setting.parameters[state_->find(name)], value);
    detail::evaluation evaluation(setting, state_->all);
    return detail::search_from(evaluation, setting, start, state_->options.most_evaluations);
}

std::vector<fit_minimum> fit_problem::minimize_each(std::span<const double> starts) const {
    const std::size_t numbers = state_->numbers();
    if (starts.empty() || starts.size() % numbers != 0) {
        refuse("starts has " + std::to_string(starts.size()) + " numbers, allowed: rows of " + std::to_string(numbers));
    }
    std::vector<fit_minimum> out(starts.size() / numbers);
    using detail::search_effort;
    const auto search = [&](std::size_t i, std::span<const double> start, search_effort effort) {
        detail::evaluation evaluation(state_->setting, state_->all);
        const int evaluations = out[i].evaluations;
        out[i] = detail::search_from(evaluation, state_->setting, start, state_->options.most_evaluations, effort);
        out[i].evaluations += evaluations;
    };
    // Most of many starts end in valleys that are no minimum of all. So there is a look at every start, and more for what looks best.
    const bool many = out.size() > detail::always_followed;
    state_->each_search(out.size(), [&](std::size_t i) {
        search(i, starts.subspan(i * numbers, numbers), many ? search_effort::look : search_effort::rough);
    });
    const auto go_on = [&](std::span<const std::size_t> with, search_effort effort) {
        const auto each = [&](std::size_t k) {
            const std::vector<double> reached = out[with[k]].parameters;
            search(with[k], reached, effort);
        };
        state_->each_search(with.size(), each, out.size(), out.size());
    };
    if (many) go_on(detail::worth_following(out), search_effort::rough);
    const std::vector<std::size_t> polished = detail::worth_polishing(out);
    go_on(polished, search_effort::thorough);
    const auto lower = [&](std::size_t a, std::size_t b) { return out[a].objective < out[b].objective; };
    if (!polished.empty()) go_on(std::array{*std::ranges::min_element(polished, lower)}, search_effort::last);
    return out;
}

std::vector<double> fit_problem::grid_of_starts() const {
    const double unknown = std::numeric_limits<double>::quiet_NaN();
    std::vector<std::vector<double>> lists;
    std::size_t count = 1;
    const bool eliminates = state_->setting.estimator == fit_estimator::variable_projection;
    for (std::size_t p = 0; p < state_->numbers(); ++p) {
        const fit_parameter& parameter = state_->setting.parameters[p];
        std::vector<double> list{unknown};
        if (parameter.fixed) {
            list = {*parameter.fixed};
        } else if (p < state_->of_law.size() && !(eliminates && parameter.linear)) {
            const law_parameter& of_law = state_->law.parameters[state_->of_law[p]];
            // The numbers of a label begin at one of the list's: every combination would be too many.
            if (!of_law.starts.empty())
                list = of_law.label.empty() ? of_law.starts : std::vector{of_law.starts.front()};
        }
        count *= list.size();
        if (count > most_starts) {
            refuse("starts are more than " + std::to_string(most_starts) + " combinations, allowed: up to that many");
        }
        lists.push_back(std::move(list));
    }
    std::vector<double> out;
    out.reserve(count * lists.size());
    for (std::size_t i = 0; i < count; ++i) {
        std::size_t rest = i;
        std::vector<double> row(lists.size());
        for (std::size_t p = lists.size(); p-- != 0;) {
            row[p] = lists[p][rest % lists[p].size()];
            rest /= lists[p].size();
        }
        out.insert(out.end(), row.begin(), row.end());
    }
    return out;
}

std::vector<fit_minimum> fit_problem::refit(std::span<const std::uint32_t> places, std::size_t replicates,
                                            std::span<const double> start) const {
    state_->check_start(start);
    const std::size_t n = runs();
    if (places.size() != replicates * n) {
        refuse("places has " + std::to_string(places.size()) + " numbers, allowed: " + std::to_string(replicates * n));
    }
    for (const std::uint32_t place : places) {
        if (place >= n) {
            refuse("places has " + std::to_string(place) + ", allowed: 0 to " + std::to_string(n - 1));
        }
    }
    std::vector<fit_minimum> out(replicates);
    state_->each_search(replicates, [&](std::size_t k) {
        // A run that was drawn twice counts twice: fewer rows, the same sum.
        std::vector<double> counts(n, 0.0), weights;
        for (const std::uint32_t place : places.subspan(k * n, n)) counts[place] += 1;
        std::vector<std::size_t> used;
        for (std::size_t i = 0; i < n; ++i) {
            if (counts[i] == 0) continue;
            used.push_back(i);
            weights.push_back(counts[i]);
        }
        const detail::chosen_runs chosen = state_->chosen(used, weights);
        detail::evaluation evaluation(state_->setting, chosen);
        out[k] = detail::search_from(evaluation, state_->setting, start, state_->options.most_evaluations);
    });
    return out;
}

std::vector<fit_minimum> fit_problem::leave_one_out(std::span<const double> start) const {
    state_->check_start(start);
    std::vector<fit_minimum> out(runs());
    state_->each_search(runs(), [&](std::size_t left_out) {
        std::vector<std::size_t> used;
        for (std::size_t i = 0; i < runs(); ++i) {
            if (i != left_out) used.push_back(i);
        }
        const detail::chosen_runs chosen = state_->chosen(used, {});
        detail::evaluation evaluation(state_->setting, chosen);
        out[left_out] = detail::search_from(evaluation, state_->setting, start, state_->options.most_evaluations);
    });
    return out;
}

std::vector<std::uint32_t> bootstrap_places(std::size_t replicates, std::size_t runs, std::uint64_t seed) {
    std::vector<std::uint32_t> out(replicates * runs);
    const random_source words{seed};
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<std::uint32_t>((static_cast<std::uint64_t>(words.word(i)) * runs) >> 32);
    }
    return out;
}

}  // namespace halfulp
