// The compiled part of hu.scaling. Its names are not public: use the package.
#include <algorithm>
#include <limits>

#include "../bindings.hpp"
#include "halfulp/scaling/fit.hpp"
#include "halfulp/scaling/uncertainty.hpp"

namespace halfulp::python {
namespace {

py::array_t<double> rows_of(const std::vector<double>& numbers, std::size_t rows) {
    const std::size_t columns = rows == 0 ? 0 : numbers.size() / rows;
    py::array_t<double> out({static_cast<py::ssize_t>(rows), static_cast<py::ssize_t>(columns)});
    std::copy(numbers.begin(), numbers.end(), out.mutable_data());
    return out;
}

py::array_t<double> array_of(const std::vector<double>& numbers) {
    py::array_t<double> out(static_cast<py::ssize_t>(numbers.size()));
    std::copy(numbers.begin(), numbers.end(), out.mutable_data());
    return out;
}

py::dict minima_of(const std::vector<fit_minimum>& minima) {
    std::vector<double> parameters, objective, gradient;
    std::vector<double> evaluations;
    for (const fit_minimum& m : minima) {
        parameters.insert(parameters.end(), m.parameters.begin(), m.parameters.end());
        objective.push_back(m.objective);
        gradient.push_back(m.gradient);
        evaluations.push_back(m.evaluations);
    }
    py::dict out;
    out["parameters"] = rows_of(parameters, minima.size());
    out["objective"] = array_of(objective);
    out["gradient"] = array_of(gradient);
    out["evaluations"] = array_of(evaluations);
    return out;
}

fit_minimum minimum_of(const py::array& parameters, double objective) {
    const std::span<const double> numbers = input<double>(parameters);
    fit_minimum out;
    out.parameters.assign(numbers.begin(), numbers.end());
    out.objective = objective;
    return out;
}

py::dict law_dict(const scaling_law& law) {
    py::list parameters, published;
    for (const law_parameter& p : law.parameters)
        parameters.append(py::make_tuple(p.name, p.label, p.positive, p.linear, p.starts));
    for (const published_fit& f : law.published) published.append(py::make_tuple(f.name, f.parameters, f.source));
    py::dict out;
    out["name"] = law.name;
    out["expression"] = law.loss.text();
    out["parameters"] = parameters;
    out["columns"] = law.columns;
    out["labels"] = law.labels;
    out["source"] = law.source;
    out["published"] = published;
    return out;
}

using parameter_row = std::tuple<std::string, bool, bool, std::vector<double>>;

scaling_law law_of(const std::string& name, const std::string& text, const std::vector<std::string>& columns,
                   const std::vector<parameter_row>& rows) {
    std::vector<law_parameter> parameters;
    for (const auto& [parameter, positive, linear, starts] : rows)
        parameters.push_back({parameter, {}, positive, linear, starts});
    return make_law(name, text, columns, parameters);
}

/// Columns and labels as Python gives them.
run_table table_of(const std::map<std::string, py::array>& numbers,
                   const std::map<std::string, std::pair<py::array, std::vector<std::string>>>& labels,
                   const py::array& loss) {
    run_table out;
    for (const auto& [name, column] : numbers) {
        const std::span<const double> from = input<double>(column);
        out.numbers[name].assign(from.begin(), from.end());
    }
    for (const auto& [name, column] : labels) {
        const std::span<const std::uint32_t> from = input<std::uint32_t>(column.first);
        out.labels[name] = {{from.begin(), from.end()}, column.second};
    }
    const std::span<const double> from = input<double>(loss);
    out.loss.assign(from.begin(), from.end());
    return out;
}

/// Ctrl-C ends a long fit between two searches; progress is told by the way.
auto watch(const py::object& progress) {
    return [&progress](std::size_t done, std::size_t all) {
        const py::gil_scoped_acquire acquire;
        if (PyErr_CheckSignals() != 0) throw py::error_already_set();
        if (!progress.is_none()) progress(done, all);
        return true;
    };
}

}  // namespace
}  // namespace halfulp::python

PYBIND11_MODULE(_scaling, m) {
    using namespace halfulp;
    using namespace halfulp::python;
    m.doc() = "The compiled part of hu.scaling. Its names are not public: use the package.";
    m.def("laws", [] {
        py::list out;
        for (const scaling_law& law : scaling_laws()) out.append(law_dict(law));
        return out;
    });
    m.def("make_law",
          [](const std::string& name, const std::string& text, const std::vector<std::string>& columns,
             const std::vector<parameter_row>& rows) { return law_dict(law_of(name, text, columns, rows)); });
    m.def("formula_names", [](const std::string& text) {
        std::vector<std::string> out;
        for (const formula_node& node : formula(text).names()) out.push_back(node.name);
        return out;
    });
    m.def("affine_names", [](const std::string& text, const std::vector<std::string>& columns) {
        return affine_names(formula(text), columns);
    });
    m.def("bootstrap_places", [](std::size_t replicates, std::size_t runs, std::uint64_t seed) {
        const std::vector<std::uint32_t> places = bootstrap_places(replicates, runs, seed);
        py::array_t<std::uint32_t> out({static_cast<py::ssize_t>(replicates), static_cast<py::ssize_t>(runs)});
        std::copy(places.begin(), places.end(), out.mutable_data());
        return out;
    });
    py::class_<fit_problem>(m, "Problem")
        .def(py::init([](const std::string& name, const std::string& text, const std::vector<std::string>& columns,
                         const std::vector<parameter_row>& rows, const std::map<std::string, py::array>& numbers,
                         const std::map<std::string, std::pair<py::array, std::vector<std::string>>>& labels,
                         const py::array& loss, const std::string& estimator, double delta, int threads,
                         int most_evaluations, const py::object& progress) {
            fit_options options;
            options.estimator = parse_estimator(estimator);
            options.delta = delta;
            options.threads = threads;
            options.most_evaluations = most_evaluations;
            // The object lives as long as the problem's copy of the function.
            options.progress = [keep = py::object(progress)](std::size_t done, std::size_t all) {
                return watch(keep)(done, all);
            };
            return fit_problem(law_of(name, text, columns, rows), table_of(numbers, labels, loss), options);
        }))
        .def_property_readonly(
            "parameters",
            [](const fit_problem& p) {
                py::list out;
                for (const fit_parameter& q : p.parameters()) {
                    out.append(py::make_tuple(q.name, q.positive, q.linear, q.lower, q.upper, q.fixed));
                }
                return out;
            })
        .def("fix", &fit_problem::fix)
        .def("bound", &fit_problem::bound)
        .def("predict", [](const fit_problem& p, const py::array& x) { return array_of(p.predict(input<double>(x))); })
        .def("jacobian",
             [](const fit_problem& p, const py::array& x) { return rows_of(p.jacobian(input<double>(x)), p.runs()); })
        .def("objective", [](const fit_problem& p, const py::array& x) { return p.objective(input<double>(x)); })
        .def("grid_of_starts",
             [](const fit_problem& p) {
                 const std::vector<double> grid = p.grid_of_starts();
                 return rows_of(grid, grid.size() / p.parameters().size());
             })
        .def("minimize_each",
             [](const fit_problem& p, const py::array& starts) {
                 const std::span<const double> from = input<double>(starts);
                 std::vector<fit_minimum> found;
                 {
                     const py::gil_scoped_release release;
                     found = p.minimize_each(from);
                 }
                 return minima_of(found);
             })
        .def("refit",
             [](const fit_problem& p, const py::array& places, std::size_t replicates, const py::array& start) {
                 const std::span<const std::uint32_t> rows = input<std::uint32_t>(places);
                 const std::span<const double> from = input<double>(start);
                 std::vector<fit_minimum> found;
                 {
                     const py::gil_scoped_release release;
                     found = p.refit(rows, replicates, from);
                 }
                 return minima_of(found);
             })
        .def("leave_one_out",
             [](const fit_problem& p, const py::array& start) {
                 const std::span<const double> from = input<double>(start);
                 std::vector<fit_minimum> found;
                 {
                     const py::gil_scoped_release release;
                     found = p.leave_one_out(from);
                 }
                 return minima_of(found);
             })
        .def("uncertainty",
             [](const fit_problem& p, const py::array& parameters, double objective) {
                 const fit_uncertainty u = uncertainty_of(p, minimum_of(parameters, objective));
                 return py::make_tuple(u.free, rows_of(u.covariance, u.free.size()), u.condition, u.rank,
                                       array_of(u.weakest));
             })
        .def("profile",
             [](const fit_problem& p, const py::array& parameters, double objective, const std::string& name,
                double level) {
                 const fit_minimum from = minimum_of(parameters, objective);
                 fit_interval i;
                 {
                     const py::gil_scoped_release release;
                     i = profile_interval(p, from, name, level);
                 }
                 return py::make_tuple(i.lower, i.upper, i.lower_found, i.upper_found, i.lowest);
             })
        .def("profile_at",
             [](const fit_problem& p, const py::array& parameters, const std::string& name,
                const std::vector<double>& at) {
                 std::vector<fit_minimum> found;
                 const std::span<const double> start = input<double>(parameters);
                 for (const double value : at) {
                     if (PyErr_CheckSignals() != 0) throw py::error_already_set();
                     found.push_back(p.minimize_with(name, value, start));
                 }
                 return minima_of(found);
             })
        .def("log_likelihood", [](const fit_problem& p, const py::array& parameters, double objective) {
            return log_likelihood_of(p, minimum_of(parameters, objective));
        });
}
