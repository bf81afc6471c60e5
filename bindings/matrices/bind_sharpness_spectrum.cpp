// Spectra, maxima near a point, and exponents of recurrences.
#include "halfulp/sharpness/lanczos.hpp"
#include "halfulp/sharpness/lyapunov.hpp"
#include "halfulp/sharpness/maximize.hpp"
#include "halfulp/sharpness/spectral_density.hpp"
#include "halfulp/sharpness/top_eigenvalues.hpp"
#include "sharpness_operator.hpp"

namespace halfulp::python {
namespace {

py::dict run_lanczos(const py::function& f, const py::array& start, std::size_t steps) {
    const std::span<const double> from = input<double>(start);
    const linear_operator a = operator_of(f, from.size());
    counted_operator multiply(a);
    lanczos_process process(multiply, from, steps);
    gauss_rule rule;
    {
        const py::gil_scoped_release release;
        while (process.steps() < steps && process.advance()) {
        }
        rule = gauss_rule_of(process);
    }
    py::dict out;
    out["diagonal"] = array_of(process.diagonal());
    out["off_diagonal"] = array_of(process.off_diagonal());
    out["remainder"] = process.remainder();
    out["invariant"] = process.invariant();
    out["asymmetry"] = process.asymmetry();
    out["basis"] = array_of(process.basis().rows());
    out["nodes"] = array_of(rule.nodes);
    out["weights"] = array_of(rule.weights);
    out["products"] = multiply.products();
    return out;
}

py::dict run_spectral_density(const py::function& f, std::size_t size, std::size_t steps, std::size_t probes,
                              const std::string& distribution, std::uint64_t seed, std::optional<double> absolute,
                              std::size_t least) {
    const linear_operator a = operator_of(f, size);
    const spectral_density_options options{
        steps, probes, parse_probe_distribution(distribution), seed, {absolute, std::nullopt, least}};
    spectral_density found;
    {
        const py::gil_scoped_release release;
        found = estimate_spectral_density(a, options);
    }
    py::list nodes;
    py::list weights;
    for (const gauss_rule& rule : found.rules) {
        nodes.append(array_of(rule.nodes));
        weights.append(array_of(rule.weights));
    }
    py::dict out;
    out["nodes"] = nodes;
    out["weights"] = weights;
    out["cumulative_error"] = found.cumulative_error;
    out["asymmetry"] = found.asymmetry;
    out["products"] = found.products;
    out["met"] = found.met;
    return out;
}

py::dict run_eigenvalues(const py::function& f, std::size_t size, const std::string& method, std::size_t count,
                         const std::string& which, double tolerance, std::size_t steps, std::uint64_t seed,
                         bool verify) {
    const linear_operator a = operator_of(f, size);
    const eigenvalue_options options{count, parse_spectrum_end(which), tolerance, steps, seed, verify};
    top_eigenvalues found;
    {
        const py::gil_scoped_release release;
        found = method == "power" ? power_eigenvalues(a, options) : lanczos_eigenvalues(a, options);
    }
    py::dict out;
    out["values"] = array_of(found.values);
    out["residuals"] = array_of(found.residuals);
    out["vectors"] = to_array(std::move(found.vectors));
    out["products"] = found.products;
    out["scale"] = found.scale;
    out["asymmetry"] = found.asymmetry;
    out["converged"] = found.converged;
    out["verified"] = found.verified;
    return out;
}

py::dict run_maximize(const py::function& value, const py::function& gradient, const std::string& shape,
                      const py::array& centre, const py::array& reach, std::size_t starts, std::size_t iterations,
                      double tolerance, std::uint64_t seed) {
    const smooth_function f{[&](std::span<const double> x) {
                                const py::gil_scoped_acquire acquire;
                                return value(array_of(x)).cast<double>();
                            },
                            [&](std::span<const double> x, std::span<double> g) { call_into(gradient, x, g); }};
    const std::span<const double> middle = input<double>(centre);
    const std::span<const double> sides = input<double>(reach);
    const neighbourhood where{shape == "box" ? neighbourhood_shape::box : neighbourhood_shape::ellipsoid,
                              {middle.begin(), middle.end()},
                              {sides.begin(), sides.end()}};
    maximum found;
    {
        const py::gil_scoped_release release;
        found = maximize(f, where, {starts, iterations, tolerance, seed});
    }
    py::list ascents;
    for (const ascent& a : found.ascents) ascents.append(py::make_tuple(a.value, a.gap, a.iterations, a.converged));
    py::dict out;
    out["point"] = array_of(found.point);
    out["value"] = found.value;
    out["at_centre"] = found.at_centre;
    out["ascents"] = ascents;
    out["best"] = found.best;
    out["values"] = found.values;
    out["gradients"] = found.gradients;
    return out;
}

/// f takes (x, deviations) and returns both of the next step.
py::dict run_lyapunov(const py::function& f, const py::array& start, std::size_t count, std::size_t steps,
                      std::size_t skip, std::size_t blocks, std::uint64_t seed, std::optional<double> absolute,
                      std::size_t least) {
    const tangent_step step = [&](std::span<double> x, std::span<double> deviations) {
        const py::gil_scoped_acquire acquire;
        const auto result = f(array_of(x), array_of(deviations)).cast<py::tuple>();
        const auto take = [](const py::handle from, std::span<double> to) {
            const auto array = from.cast<py::array>();
            const std::span<const double> numbers = input<double>(array);
            if (numbers.size() != to.size()) throw std::logic_error("internal: an array of another length");
            std::copy(numbers.begin(), numbers.end(), to.begin());
        };
        take(result[0], x);
        take(result[1], deviations);
    };
    const std::span<const double> from = input<double>(start);
    const lyapunov_options options{count, steps, skip, blocks, seed, {absolute, std::nullopt, least}};
    lyapunov_result found;
    {
        const py::gil_scoped_release release;
        found = lyapunov_exponents(step, from, options);
    }
    py::dict out;
    out["exponents"] = array_of(found.exponents);
    out["standard_errors"] = array_of(found.standard_errors);
    out["state"] = array_of(found.state);
    out["steps"] = found.steps;
    out["met"] = found.met;
    return out;
}

}  // namespace

void bind_sharpness_spectrum(py::module_& m) {
    m.def("lanczos", &run_lanczos);
    m.def("estimate_spectral_density", &run_spectral_density);
    m.def("estimate_eigenvalues", &run_eigenvalues);
    m.def("maximize", &run_maximize);
    m.def("lyapunov_exponents", &run_lyapunov);
}

}  // namespace halfulp::python
