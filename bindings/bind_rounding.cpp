#include "bindings.hpp"

namespace halfulp::python {

void bind_rounding(py::module_& m) {
    py::class_<projection>(m, "Projection")
        .def_property_readonly("rounding", [](const projection& p) { return std::string(to_string(p.rounding)); })
        .def_property_readonly("overflow", [](const projection& p) { return std::string(to_string(p.overflow)); })
        .def_property_readonly("nan", [](const projection& p) { return std::string(to_string(p.nan)); })
        .def_property_readonly("ftz", [](const projection& p) { return std::string(to_string(p.ftz)); })
        .def_property_readonly("random_bits", [](const projection& p) { return int{p.random_bits}; })
        .def_property_readonly("stochastic", [](const projection& p) { return is_stochastic(p.rounding); });
    // Every text is checked by the C++ parser, which names the argument; an empty option keeps what `base` has.
    m.def("make_projection", [](const projection& base, std::optional<std::string> rounding,
                                std::optional<std::string> overflow, std::optional<std::string> nan,
                                std::optional<std::string> ftz, std::optional<int> random_bits) {
        projection p = base;
        if (rounding) p.rounding = parse_rounding(*rounding);
        if (overflow) p.overflow = parse_overflow(*overflow);
        if (nan) p.nan = parse_nan(*nan);
        if (ftz) p.ftz = parse_ftz(*ftz);
        if (random_bits) {
            if (*random_bits < 1 || *random_bits > 32)
                throw std::invalid_argument("random_bits is " + std::to_string(*random_bits) + ", allowed: 1 to 32");
            p.random_bits = static_cast<std::uint8_t>(*random_bits);
        }
        return p;
    });
    m.def("default_projection", [] { return projection{.nan = nan_policy::raise}; });
    m.def("preset_projection", [](const std::string& name, const format& f, bool rounding_is_given) {
        return preset_projection(name, f, rounding_is_given);
    });
    m.def("projection_presets", [] {
        py::list rows;
        for (const projection_preset& row : projection_presets)
            rows.append(py::make_tuple(std::string(row.name), std::string(row.meaning)));
        return rows;
    });
    m.def("rounding_modes", [] {
        py::list rows;
        for (const rounding_mode_row& row : rounding_modes)
            rows.append(py::make_tuple(std::string(row.name), std::string(row.alias)));
        return rows;
    });
    m.def("is_stochastic", [](const std::string& rounding) { return is_stochastic(parse_rounding(rounding)); });
}

}  // namespace halfulp::python
