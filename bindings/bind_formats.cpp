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

/// A property of float formats alone: None for the others.
template <class F>
auto of_float(F&& f) {
    return [f](const format& any) -> py::object {
        const float_format* is = any.as_float();
        return is == nullptr ? py::object(py::none()) : py::object(py::cast(f(*is)));
    };
}

std::string kind_of(const format& f) {
    if (f.as_float() != nullptr) return "float";
    if (f.as_posit() != nullptr) return "posit";
    if (f.as_codebook() != nullptr) return "codebook";
    return f.as_fixed()->fraction_bits == 0 ? "integer" : "fixed point";
}

/// The number of a code that is neither NaN nor infinity.
dyadic finite_value(const format& f, std::uint64_t code) {
    const projected x = projected_from_code(code, f);
    return {x.negative, x.significand, x.exponent};
}

/// The finite member that comes first when ordered by value.
dyadic smallest(const format& f) {
    const any_projector to(f, {.rounding = rounding_mode::toward_zero, .overflow = overflow_policy::sat_finite});
    const projected x = to.infinity(true);
    return {x.negative, x.significand, x.exponent};
}

/// The smallest member above zero.
dyadic smallest_positive(const format& f) {
    if (const float_format* is = f.as_float()) return is->magnitude_value(is->min_positive_magnitude());
    if (const fixed_format* fixed = f.as_fixed()) return {false, 1, -std::int32_t{fixed->fraction_bits}};
    if (const posit_format* posit = f.as_posit()) return {false, 1, -largest(*posit).exponent};
    for (const codebook_member& m : f.as_codebook()->members()) {
        if (!m.value.negative && m.value.significand != 0) return m.value;
    }
    return {};
}

bool is_kind(const format& f, std::uint64_t code, number_class kind) {
    return projected_from_code(code, f).kind == kind;
}

}  // namespace

void bind_formats(py::module_& m) {
    py::class_<format>(m, "Format")
        .def_property_readonly("kind", &kind_of)
        .def_property_readonly("bits", &format::bits)
        .def_property_readonly("last_code", &format::max_code)
        .def_property_readonly("signed_codes", &format::has_signed_codes)
        .def_property_readonly("exponent_bits", of_float([](const float_format& f) { return int{f.exponent_bits}; }))
        .def_property_readonly("mantissa_bits", of_float([](const float_format& f) { return int{f.mantissa_bits}; }))
        .def_property_readonly("precision", of_float([](const float_format& f) { return f.precision(); }))
        .def_property_readonly("bias", of_float([](const float_format& f) { return f.bias; }))
        .def_property_readonly("emin", of_float([](const float_format& f) { return f.emin(); }))
        .def_property_readonly("emax", of_float([](const float_format& f) { return f.emax(); }))
        .def_property_readonly("signed", &format::is_signed)
        .def_property_readonly("has_inf", &format::has_infinity)
        .def_property_readonly("has_nan", &format::has_nan)
        .def_property_readonly("has_zero", &format::has_zero)
        .def_property_readonly("has_negative_zero", &format::has_negative_zero)
        .def_property_readonly("has_subnormals",
                               [](const format& f) {
                                   const float_format* is = f.as_float();
                                   return is != nullptr && is->low() == low_binade::subnormals && is->mantissa_bits > 0;
                               })
        .def_property_readonly("nan_code",
                               [](const format& f) -> std::optional<std::uint64_t> {
                                   if (!f.has_nan()) return std::nullopt;
                                   return to_code({number_class::nan, false, 0, 0, false, false, false}, f);
                               })
        .def_property_readonly("inf_code",
                               [](const format& f) -> std::optional<std::uint64_t> {
                                   if (!f.has_infinity()) return std::nullopt;
                                   return to_code({number_class::infinity, false, 0, 0, false, false, false}, f);
                               })
        .def_property_readonly("max_code", of_float([](const float_format& f) { return f.max_magnitude(); }))
        .def_property_readonly(
            "max",
            [](const format& f) {
                const codebook* table = f.as_codebook();
                return as_tuple(table == nullptr ? f.largest_magnitude() : table->members().back().value);
            })
        .def_property_readonly("min", [](const format& f) { return as_tuple(smallest(f)); })
        .def_property_readonly("min_normal",
                               [](const format& any) -> py::object {
                                   const float_format* f = any.as_float();
                                   if (f == nullptr) return py::none();
                                   return as_tuple(f->magnitude_value(f->min_normal_magnitude()));
                               })
        .def_property_readonly("min_positive", [](const format& f) { return as_tuple(smallest_positive(f)); })
        .def("is_nan", [](const format& f, std::uint64_t code) { return is_kind(f, code, number_class::nan); })
        .def("is_inf", [](const format& f, std::uint64_t code) { return is_kind(f, code, number_class::infinity); })
        .def("finite_value", [](const format& f, std::uint64_t code) { return as_tuple(finite_value(f, code)); })
        .def("holds",
             [](const format& f, const std::string& carrier_name) {
                 return with_carrier(carrier_name,
                                     [&f](auto t) { return holds(carrier_traits<decltype(t)>::format, f); });
             })
        .def("describe", [](const format& f) { return describe(f); })
        .def("native_overflow",
             [](const format& f) -> std::string {
                 if (const float_format* is = f.as_float()) return std::string(to_string(native_overflow(*is)));
                 if (f.as_posit() != nullptr) return "posit";
                 return f.has_infinity() ? "sat_none" : "sat_finite";
             })
        .def("__str__", [](const format& f) { return to_string(f); })
        .def("__eq__", [](const format& a, const format& b) { return a == b; })
        .def("__hash__", [](const format& f) { return py::hash(py::str(to_string(f))); });
    m.def("parse_format", [](const std::string& text) { return parse_format(text); });
    m.def("make_float_format", [](int exponent_bits, int mantissa_bits, std::optional<std::int32_t> bias,
                                  const std::string& special_codes, bool is_signed, bool has_subnormals) {
        const specials s = parse_specials(special_codes);
        return format(make_float_format(exponent_bits, mantissa_bits, bias.value_or(default_bias(exponent_bits, s)), s,
                                        is_signed, has_subnormals));
    });
    m.def("make_codebook", [](const std::vector<double>& values, const std::string& label) {
        return format(make_codebook(values, label));
    });
    m.def("registry", [] {
        py::list rows;
        for (const catalog_row& row : catalog()) rows.append(py::make_tuple(row.name, row.aliases, row.is, row.source));
        return rows;
    });
}

}  // namespace halfulp::python
