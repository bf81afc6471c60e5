// Bit allocation, and what arithmetic in formats costs.
#include "bindings.hpp"
#include "halfulp/analysis/accumulator_width.hpp"
#include "halfulp/analysis/format_extent.hpp"
#include "halfulp/analysis/knapsack.hpp"
#include "halfulp/analysis/pareto.hpp"
#include "halfulp/analysis/water_filling.hpp"

namespace halfulp::python {
namespace {

py::array_t<double> as_array(std::span<const double> values) {
    return py::array_t<double>(static_cast<py::ssize_t>(values.size()), values.data());
}

py::array_t<std::int64_t> as_indices(const std::vector<std::uint32_t>& values) {
    py::array_t<std::int64_t> out(static_cast<py::ssize_t>(values.size()));
    std::copy(values.begin(), values.end(), out.mutable_data());
    return out;
}

/// Layers of flat arrays: `lengths` tells how many choices each has.
std::vector<layer_choices> to_layers(const py::array& costs, const py::array& sizes, const py::array& lengths) {
    const auto cost = input<double>(costs);
    const auto size = input<double>(sizes);
    std::vector<layer_choices> out;
    std::size_t at = 0;
    for (const std::int64_t length : input<std::int64_t>(lengths)) {
        const auto n = static_cast<std::size_t>(length);
        const auto part = [&](std::span<const double> all) {
            const auto own = all.subspan(at, n);
            return std::vector<double>(own.begin(), own.end());
        };
        out.push_back({part(cost), part(size)});
        at += n;
    }
    return out;
}

py::object as_number(const wide_dyadic& x) {
    py::int_ out(0);
    for (std::size_t word = 3; word-- > 0;) {
        out = py::int_((py::object(out) << py::int_(64)) | py::int_(x.significand[word]));
    }
    return py::make_tuple(x.negative, out, x.exponent);
}

py::tuple as_number(const dyadic& x) { return py::make_tuple(x.negative, x.significand, x.exponent); }

void bind_choices(py::module_& m) {
    m.attr("knapsack_limit") = default_knapsack_limit;
    m.attr("front_limit") = default_front_limit;
    m.def("choose_within", [](const py::array& costs, const py::array& sizes, const py::array& lengths, double budget,
                              const std::vector<tied_layers>& ties, std::uint64_t limit) {
        const std::vector<layer_choices> layers = to_layers(costs, sizes, lengths);
        knapsack_result result;
        {
            const py::gil_scoped_release release;
            result = choose_within(layers, budget, ties, limit);
        }
        return py::make_tuple(as_indices(result.choices), result.cost, result.size, result.lower_bound,
                              result.relaxation, result.states, result.optimal);
    });
    py::class_<pareto_front>(m, "ParetoFront")
        .def_property_readonly("sizes", [](const pareto_front& f) { return as_array(f.sizes()); })
        .def_property_readonly("costs", [](const pareto_front& f) { return as_array(f.costs()); })
        .def_property_readonly("corners",
                               [](const pareto_front& f) {
                                   py::array_t<bool> out(static_cast<py::ssize_t>(f.corners().size()));
                                   std::copy(f.corners().begin(), f.corners().end(), out.mutable_data());
                                   return out;
                               })
        .def("choices", [](const pareto_front& f, std::size_t point) { return as_indices(f.choices(point)); });
    m.def("whole_front", [](const py::array& costs, const py::array& sizes, const py::array& lengths,
                            const std::vector<tied_layers>& ties, std::uint64_t limit) {
        const std::vector<layer_choices> layers = to_layers(costs, sizes, lengths);
        const py::gil_scoped_release release;
        return whole_front(layers, ties, limit);
    });
    m.def("supported_front", [](const py::array& costs, const py::array& sizes, const py::array& lengths,
                                const std::vector<tied_layers>& ties) {
        const std::vector<layer_choices> layers = to_layers(costs, sizes, lengths);
        const py::gil_scoped_release release;
        return supported_front(layers, ties);
    });
    m.def("fill_water", [](const py::array& variances, const py::array& counts, double bits) {
        const filled_water out = fill_water(input<double>(variances), input<double>(counts), bits);
        return py::make_tuple(as_array(out.bits), as_array(out.distortions), out.level, out.total);
    });
}

void bind_costs(py::module_& m) {
    m.def("format_extent", [](const format& f) {
        const format_extent e = extent_of(f);
        return py::make_tuple(as_number(e.least), as_number(e.greatest), e.quantum, e.significand_bits, e.positions,
                              fixed_point_bits(e));
    });
    m.def("extent_of_sum", [](const format& a, const format& b, std::uint64_t n) {
        const sum_extent e = extent_of_sum(a, b, n);
        return py::make_tuple(as_number(e.least), as_number(e.greatest), e.quantum, e.is_signed, e.bits);
    });
    m.def("ceil_log2", &ceil_log2);
    m.def("published_integer_width", &published_integer_width);
    m.def("published_minifloat_width", &published_minifloat_width);
}

}  // namespace

void bind_allocation(py::module_& m) {
    bind_choices(m);
    bind_costs(m);
}

}  // namespace halfulp::python
