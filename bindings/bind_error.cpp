// Expected errors of formats and schemes, and what they are compared with.
#include "bindings.hpp"

namespace halfulp::python {
namespace {

/// (kind, weight, mean, deviation, freedom) of each part of a mixture.
using part_tuple = std::tuple<std::string, double, double, double, double>;

density_kind parse_kind(const std::string& text) {
    if (text == "normal") return density_kind::normal;
    if (text == "laplace") return density_kind::laplace;
    if (text == "uniform") return density_kind::uniform;
    if (text == "student_t") return density_kind::student_t;
    if (text == "logistic") return density_kind::logistic;
    throw std::logic_error("internal: no such density");
}

density to_density(const std::vector<part_tuple>& parts) {
    std::vector<density_part> out;
    for (const auto& [kind, weight, mean, deviation, freedom] : parts)
        out.push_back({parse_kind(kind), weight, mean, deviation, freedom});
    return density(std::move(out));
}

expected_options to_options(const projection& how, std::uint64_t size, std::uint64_t channel, bool entropy) {
    return {how.rounding, int{how.random_bits}, size, channel, entropy};
}

py::dict as_dict(const expected_error& e) {
    py::dict out;
    out["mse"] = e.squared_error;
    out["signal"] = e.signal;
    out["bias"] = e.bias;
    out["entropy_bits"] = e.entropy;
    out["saturation"] = e.saturated;
    out["zero"] = e.zero;
    out["tolerance"] = e.tolerance;
    out["quadrature"] = e.quadrature;
    return out;
}

template <class F>
py::array_t<double> each(const py::array_t<double, py::array::c_style>& x, F&& f) {
    py::array_t<double> out(std::vector<py::ssize_t>(x.shape(), x.shape() + x.ndim()));
    for (py::ssize_t i = 0; i < x.size(); ++i) out.mutable_data()[i] = f(x.data()[i]);
    return out;
}

py::array_t<double> as_array(const std::vector<double>& values) {
    return py::array_t<double>(static_cast<py::ssize_t>(values.size()), values.data());
}

py::tuple as_tuple(const entropy_coded& e) { return py::make_tuple(e.step, e.entropy, e.squared_error); }

void bind_densities(py::module_& m) {
    m.def("density_at", [](const std::vector<part_tuple>& parts, const py::array_t<double, py::array::c_style>& x) {
        const density of = to_density(parts);
        return each(x, [&](double v) { return of.at(v); });
    });
    m.def("density_below", [](const std::vector<part_tuple>& parts, const py::array_t<double, py::array::c_style>& x) {
        const density of = to_density(parts);
        return each(x, [&](double v) { return of.below(v); });
    });
    m.def("density_facts", [](const std::vector<part_tuple>& parts) {
        const density of = to_density(parts);
        return py::make_tuple(of.mean(), of.variance(), of.is_log_concave());
    });
    m.def("differential_entropy",
          [](const std::vector<part_tuple>& parts) { return differential_entropy(to_density(parts)); });
    m.def("panter_dite_constant",
          [](const std::vector<part_tuple>& parts) { return panter_dite_constant(to_density(parts)); });
    m.def("entropy_coded_uniform", [](const std::vector<part_tuple>& parts, double bits) {
        return as_tuple(entropy_coded_uniform_at(to_density(parts), bits));
    });
}

}  // namespace

void bind_error(py::module_& m) {
    bind_densities(m);
    m.def("expected_error", [](const scheme& s, const std::vector<part_tuple>& parts, const projection& how,
                               std::uint64_t size, std::uint64_t channel, bool entropy) {
        expected_error out;
        {
            const py::gil_scoped_release release;
            out = expected_value(s, to_density(parts), to_options(how, size, channel, entropy));
        }
        return as_dict(out);
    });
    m.def("expected_error_of_sample", [](const scheme& s, const py::array& x, const projection& how, std::uint64_t size,
                                         std::uint64_t channel, bool entropy) {
        const auto numbers = input<double>(x);
        expected_error out;
        {
            const py::gil_scoped_release release;
            out = expected_value(s, numbers, to_options(how, size, channel, entropy));
        }
        return as_dict(out);
    });
    m.def("expected_phase_error",
          [](const std::vector<part_tuple>& parts, std::optional<format> scale, std::uint64_t group) {
              const density of = to_density(parts);
              if (!scale) return as_dict(expected_phase_error(of, nullptr));
              const phase_scales scales{group, *scale->as_float()};
              return as_dict(expected_phase_error(of, &scales));
          });
    m.def("lloyd_max_of_density", [](const std::vector<part_tuple>& parts, int levels) {
        optimal_levels best;
        {
            const py::gil_scoped_release release;
            best = lloyd_max(to_density(parts), levels);
        }
        return py::make_tuple(as_array(best.levels), best.squared_error);
    });
    m.def("best_uniform_grid", [](const std::vector<part_tuple>& parts, int levels) {
        const best_scale_result best = best_uniform_grid(to_density(parts), levels);
        return py::make_tuple(best.scale, best.squared_error);
    });
    m.def("best_scale", [](const format& f, const std::vector<part_tuple>& parts) {
        best_scale_result best{};
        {
            const py::gil_scoped_release release;
            best = best_scale(f, to_density(parts));
        }
        return py::make_tuple(best.scale, best.squared_error);
    });
    m.def("absmax_levels",
          [](const std::vector<part_tuple>& parts, int levels, std::uint64_t block, int norm, bool af4, bool weighted) {
              std::vector<double> out;
              {
                  const py::gil_scoped_release release;
                  out = absmax_levels(to_density(parts), levels, block, norm,
                                      af4 ? absmax_construction::af4 : absmax_construction::optimal, weighted);
              }
              return as_array(out);
          });
}

}  // namespace halfulp::python
