// Values for tables: fitted to a distribution or to data, and normal floats.
#include "bindings.hpp"

namespace halfulp::python {
namespace {

distribution parse_distribution(const std::string& text) {
    if (text == "normal") return distribution::normal;
    if (text == "laplace") return distribution::laplace;
    if (text == "uniform") return distribution::uniform;
    throw std::invalid_argument("distribution is '" + text + "', allowed: 'normal', 'laplace', 'uniform'");
}

normal_float_construction parse_construction(const std::string& text) {
    if (text == "qlora") return normal_float_construction::qlora;
    if (text == "lq_lora") return normal_float_construction::lq_lora;
    throw std::invalid_argument("construction is '" + text + "', allowed: 'qlora', 'lq_lora'");
}

py::array_t<double> as_array(const std::vector<double>& values) {
    return py::array_t<double>(static_cast<py::ssize_t>(values.size()), values.data());
}

/// fit(span) of an array of binary32 or binary64 numbers, without the interpreter's lock.
template <class F>
py::array_t<double> fitted(const py::array& x, F&& fit) {
    std::vector<double> values;
    const auto run = [&](auto t) {
        const auto numbers = input<decltype(t)>(x);
        const py::gil_scoped_release release;
        values = fit(numbers);
    };
    if (x.itemsize() == 4) {
        run(float{});
    } else {
        run(double{});
    }
    return as_array(values);
}

}  // namespace

void bind_codebooks(py::module_& m) {
    m.def("lloyd_max", [](const std::string& of, int levels) {
        const optimal_levels best = lloyd_max(parse_distribution(of), levels);
        return py::make_tuple(as_array(best.levels), best.squared_error);
    });
    m.def("lloyd_max_from_data", [](const py::array& x, int levels, int iterations) {
        return fitted(x, [&](auto numbers) { return lloyd_max_from_data(numbers, levels, iterations); });
    });
    m.def("quantile_map", [](const py::array& x, int bits) {
        return fitted(x, [&](auto numbers) { return quantile_map(numbers, bits); });
    });
    m.def("normal_float_values", [](int bits, const std::string& construction) {
        return as_array(normal_float_values(bits, parse_construction(construction)));
    });
}

}  // namespace halfulp::python
