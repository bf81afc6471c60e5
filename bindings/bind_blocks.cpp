#include "bindings.hpp"
#include "halfulp/blocks/scale_layout.hpp"

namespace halfulp::python {
namespace {

/// (shape, axis, channel axis), all checked by the caller.
axis_view to_view(const py::tuple& t) {
    const auto shape = t[0].cast<std::vector<std::uint64_t>>();
    return view_of(shape, t[1].cast<int>(), t[2].cast<int>());
}

py::object group_of(const scale_group& group) {
    if (group.channel) return py::str("channel");
    if (group.is_tensor()) return py::str("tensor");
    if (group.is_tile()) return py::make_tuple(group.rows, group.length);
    return py::int_(group.length);
}

std::string recipe_name(const scheme& s) {
    const std::optional<recipe_shape> shape = shape_for_recipes(s);
    const recipe_row* row = shape ? find_recipe(s.scale_recipe, *shape) : nullptr;
    return row == nullptr ? std::string() : std::string(row->name);
}

py::tuple as_tuple(const quantize_report& report) { return py::make_tuple(report.zero_scales, report.saturated); }

/// float64 weights along the axis, or none.
std::span<const double> weights_of(const py::object& importance) {
    return importance.is_none() ? std::span<const double>() : input<double>(importance.cast<py::array>());
}

/// uint64 arrays, one for each level.
scale_planes planes_of(const py::list& planes) {
    scale_planes scales;
    for (const py::handle plane : planes) {
        const auto a = input<std::uint64_t>(plane.cast<py::array>());
        scales.emplace_back(a.begin(), a.end());
    }
    return scales;
}

}  // namespace

quantize_options to_options(const projection& how, const std::optional<std::string>& scale_rounding,
                            const randomness& random, int threads, std::span<const double> importance) {
    quantize_options options;
    options.rounding = how.rounding;
    if (scale_rounding) options.scale_rounding = parse_rounding(*scale_rounding);
    options.nan = how.nan;
    options.ftz = how.ftz;
    options.random_bits = how.random_bits;
    options.random = random;
    options.threads = threads;
    options.importance = importance;
    return options;
}

void bind_blocks(py::module_& m) {
    py::class_<scheme>(m, "Scheme")
        .def_property_readonly("element", [](const scheme& s) { return s.element; })
        .def_property_readonly(
            "levels",
            [](const scheme& s) {
                py::list levels;
                for (const scale_level& level : s.levels)
                    levels.append(py::make_tuple(group_of(level.group),
                                                 level.stored ? format(level.stored) : format(level.format)));
                return levels;
            })
        .def_property_readonly("bits_per_element", [](const scheme& s) { return bits_per_element(s); })
        .def_property_readonly("recipe", &recipe_name)
        .def_property_readonly("search", [](const scheme& s) { return s.search == scale_search::mse ? "mse" : ""; })
        .def_property_readonly("hadamard", [](const scheme& s) { return s.hadamard; })
        .def_property_readonly("signs", [](const scheme& s) { return s.signs; })
        .def_property_readonly("flat", [](const scheme& s) { return s.flat; })
        .def_property_readonly("zero_point", [](const scheme& s) { return s.zero_point; })
        .def_property_readonly("double_quant", [](const scheme& s) { return s.double_quant; })
        .def_property_readonly("percentile", [](const scheme& s) { return s.percentile / 10000.0; })
        .def("__str__", [](const scheme& s) { return to_string(s); })
        .def("__eq__", [](const scheme& a, const scheme& b) { return a == b; });
    m.def("parse_scheme", &parse_scheme);
    m.def("make_scheme", [](const format& element) { return scheme{.element = element, .levels = {}}; });
    m.def(
        "expand_braces", [](const std::string& text, std::size_t limit) { return expand_braces(text, limit); },
        py::arg("text"), py::arg("limit") = 100000);
    m.def("published_schemes", [] {
        py::list rows;
        for (const published_scheme& row : published_schemes())
            rows.append(py::make_tuple(std::string(row.name), std::string(row.text), std::string(row.source)));
        return rows;
    });
    m.def("recipes", [] {
        py::list rows;
        for (const recipe_row& row : recipes)
            rows.append(py::make_tuple(std::string(row.name),
                                       std::string(recipe_shape_names[static_cast<std::size_t>(row.shape)]),
                                       row.id == recipe::standard, std::string(row.summary), std::string(row.source)));
        return rows;
    });
    m.def("scale_layout_size",
          [](std::uint64_t rows, std::uint64_t columns) { return tensor_core_scales{rows, columns}.size(); });
    m.def("to_scale_layout", [](const py::array& codes, std::uint64_t rows, std::uint64_t columns, py::array out) {
        to_tensor_core_order(input<std::uint8_t>(codes), {rows, columns}, output<std::uint8_t>(out));
    });
    m.def("from_scale_layout", [](const py::array& swizzled, std::uint64_t rows, std::uint64_t columns, py::array out) {
        from_tensor_core_order(input<std::uint8_t>(swizzled), {rows, columns}, output<std::uint8_t>(out));
    });
    m.def("scale_counts", [](const scheme& s, const py::tuple& view) { return scale_counts(s, to_view(view)); });
    // Scale planes come and go as a list of uint64 arrays, innermost first.
    m.def("quantize", [](const py::array& x, const py::tuple& view, const scheme& s, py::array codes, py::list planes,
                         const std::string& carrier_name, const projection& how,
                         const std::optional<std::string>& scale_rounding, const py::object& random, int threads,
                         const py::object& importance) {
        const python_randomness r(random);
        const quantize_options options = to_options(how, scale_rounding, r.value, threads, weights_of(importance));
        quantize_report report;
        scale_planes scales;
        const axis_view v = to_view(view);
        with_carrier(carrier_name, [&](auto t) {
            with_code(codes.itemsize(), [&](auto c) {
                const auto in = input<decltype(t)>(x);
                const auto to = output<decltype(c)>(codes);
                const py::gil_scoped_release release;
                report = quantize(in, v, s, to, scales, options);
            });
        });
        for (const auto& plane : scales) {
            py::array_t<std::uint64_t> a(static_cast<py::ssize_t>(plane.size()));
            std::copy(plane.begin(), plane.end(), a.mutable_data());
            planes.append(a);
        }
        return as_tuple(report);
    });
    m.def("dequantize", [](const py::array& codes, const py::tuple& view, const scheme& s, const py::list& planes,
                           py::array out, const std::string& carrier_name, int threads) {
        const scale_planes scales = planes_of(planes);
        const axis_view v = to_view(view);
        with_carrier(carrier_name, [&](auto t) {
            with_code(codes.itemsize(), [&](auto c) {
                const auto in = input<decltype(c)>(codes);
                const auto to = output<decltype(t)>(out);
                const py::gil_scoped_release release;
                dequantize(in, v, s, scales, to, threads);
            });
        });
    });
    m.def("dequantize_packed", [](const py::array& packed, const py::tuple& view, const scheme& s,
                                  const py::list& planes, py::array out, const std::string& carrier_name, int threads) {
        const scale_planes scales = planes_of(planes);
        const axis_view v = to_view(view);
        with_carrier(carrier_name, [&](auto t) {
            const auto in = input<std::uint8_t>(packed);
            const auto to = output<decltype(t)>(out);
            const py::gil_scoped_release release;
            dequantize_packed(in, v, s, scales, to, threads);
        });
    });
    m.def("fake_quantize", [](const py::array& x, const py::tuple& view, const scheme& s, py::array out,
                              const std::string& carrier_name, const projection& how,
                              const std::optional<std::string>& scale_rounding, const py::object& random, int threads,
                              const py::object& importance) {
        const python_randomness r(random);
        const quantize_options options = to_options(how, scale_rounding, r.value, threads, weights_of(importance));
        quantize_report report;
        const axis_view v = to_view(view);
        with_carrier(carrier_name, [&](auto t) {
            const auto in = input<decltype(t)>(x);
            const auto to = output<decltype(t)>(out);
            const py::gil_scoped_release release;
            report = fake_quantize(in, v, s, to, options);
        });
        return as_tuple(report);
    });
}

}  // namespace halfulp::python
