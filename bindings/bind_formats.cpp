#include "bindings.hpp"

namespace halfulp::python {
namespace {

/// (negative, significand, exponent): Python makes a Fraction or a float of it.
py::tuple as_tuple(const dyadic& value) { return py::make_tuple(value.negative, value.significand, value.exponent); }

specials parse_specials(const std::string& text) {
    if (text == "ieee") return specials::ieee;
    if (text == "f") return specials::finite;
    if (text == "fn") return specials::fn;
    if (text == "fnuz") return specials::fnuz;
    throw std::invalid_argument("specials is '" + text + "', allowed: 'ieee', 'f', 'fn', 'fnuz'");
}

}  // namespace

void bind_formats(py::module_& m) {
    py::class_<float_format>(m, "FloatFormat")
        .def_property_readonly("bits", &float_format::bits)
        .def_property_readonly("exponent_bits", [](const float_format& f) { return int{f.exponent_bits}; })
        .def_property_readonly("mantissa_bits", [](const float_format& f) { return int{f.mantissa_bits}; })
        .def_property_readonly("precision", &float_format::precision)
        .def_property_readonly("bias", [](const float_format& f) { return f.bias; })
        .def_property_readonly("emin", &float_format::emin)
        .def_property_readonly("emax", &float_format::emax)
        .def_property_readonly("signed", [](const float_format& f) { return f.is_signed; })
        .def_property_readonly("has_inf", &float_format::has_infinity)
        .def_property_readonly("has_nan", &float_format::has_nan)
        .def_property_readonly("has_zero", &float_format::has_zero)
        .def_property_readonly("has_negative_zero", &float_format::has_negative_zero)
        .def_property_readonly(
            "has_subnormals",
            [](const float_format& f) { return f.low() == low_binade::subnormals && f.mantissa_bits > 0; })
        .def_property_readonly("nan_code", &float_format::nan_code)
        .def_property_readonly("inf_code", &float_format::infinity_magnitude)
        .def_property_readonly("max_code", &float_format::max_magnitude)
        .def_property_readonly("max",
                               [](const float_format& f) { return as_tuple(f.magnitude_value(f.max_magnitude())); })
        .def_property_readonly(
            "min_normal", [](const float_format& f) { return as_tuple(f.magnitude_value(f.min_normal_magnitude())); })
        .def_property_readonly(
            "min_positive",
            [](const float_format& f) { return as_tuple(f.magnitude_value(f.min_positive_magnitude())); })
        .def("is_nan", &float_format::is_nan)
        .def("is_inf", &float_format::is_infinity)
        .def("finite_value", [](const float_format& f, std::uint64_t code) { return as_tuple(f.finite_value(code)); })
        .def("holds",
             [](const float_format& f, const std::string& carrier_name) {
                 return with_carrier(carrier_name,
                                     [&f](auto t) { return holds(carrier_traits<decltype(t)>::format, f); });
             })
        .def("describe", [](const float_format& f) { return describe(f); })
        .def("native_overflow", [](const float_format& f) { return std::string(to_string(native_overflow(f))); })
        .def("__str__", [](const float_format& f) { return to_string(f); })
        .def("__eq__", [](const float_format& a, const float_format& b) { return a == b; })
        .def("__hash__", [](const float_format& f) {
            return py::hash(py::make_tuple(f.bias, f.exponent_bits, f.mantissa_bits, static_cast<int>(f.specials),
                                           f.is_signed, f.has_subnormals));
        });
    m.def("parse_format", &parse_float_format);
    m.def("make_float_format", [](int exponent_bits, int mantissa_bits, std::optional<std::int32_t> bias,
                                  const std::string& special_codes, bool is_signed, bool has_subnormals) {
        const specials s = parse_specials(special_codes);
        return make_float_format(exponent_bits, mantissa_bits, bias.value_or(default_bias(exponent_bits, s)), s,
                                 is_signed, has_subnormals);
    });
    m.def("registry", [] {
        py::list rows;
        for (const registered_format& row : registry) {
            py::list aliases;
            for (const std::string_view alias : row.aliases) {
                if (!alias.empty()) aliases.append(std::string(alias));
            }
            rows.append(py::make_tuple(std::string(row.name), aliases, row.format, std::string(row.source)));
        }
        return rows;
    });
}

}  // namespace halfulp::python
