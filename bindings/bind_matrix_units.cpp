// Matrix units, accumulators with every field, and products of block-scaled operands.
#include <vector>

#include "halfulp/arithmetic/matrix_units.hpp"
#include "halfulp/kernels/scaled_matmul.hpp"
#include "operand_arrays.hpp"

namespace halfulp::python {

namespace {

py::dict row_of(const matrix_unit_row& row) {
    py::dict out;
    const auto put = [&](const char* key, std::string_view value) { out[key] = py::str(std::string(value)); };
    put("name", row.name);
    put("device", row.device);
    put("instructions", row.instructions);
    put("inputs", row.inputs);
    put("scales", row.scales);
    put("blocks", row.blocks);
    put("output", row.output);
    put("source", row.source);
    put("vectors", row.vectors);
    put("note", row.note);
    return out;
}

py::object step_text(const std::optional<rounding_step>& step) {
    if (!step) return py::none();
    py::dict out;
    out["format"] = to_string(step->to);
    out["rounding"] = std::string(to_string(step->how.rounding));
    out["ftz"] = std::string(ftz_policy_names.at(static_cast<std::size_t>(step->how.ftz)));
    return out;
}

/// Everything that an accumulator says, for listings.
py::dict fields_of(const accumulator& by) {
    const alignment_rule& rule = by.aligned;
    py::dict out;
    out["name"] = by.name;
    out["product"] = step_text(by.product);
    out["group"] = by.group;
    out["inside"] = std::string(group_sum_names.at(static_cast<std::size_t>(by.inside)));
    out["partial"] = step_text(by.partial);
    out["fraction_bits"] = rule.fraction_bits;
    out["alignment"] = std::string(alignment_names.at(static_cast<std::size_t>(rule.cut)));
    out["addend"] = rule.addend_inside ? "inside" : "after";
    out["sum_bits"] = rule.sum_bits;
    out["addend_bits"] = rule.addend_bits;
    out["lowest_exponent"] = rule.lowest_exponent;
    out["zero_factor_exponent"] = rule.zero_factor_exponent;
    out["zero_addend_exponent"] = rule.zero_addend_exponent;
    out["addend_reach"] = rule.addend_reach;
    out["halves"] = rule.halves;
    out["two_passes"] = rule.two_passes;
    out["exact_terms"] = rule.exact_terms;
    out["a_emin"] = rule.a_emin;
    out["b_emin"] = rule.b_emin;
    out["overflow_to_infinity"] = by.overflow_to_infinity;
    out["positive_zeros"] = by.positive_zeros;
    out["flush_inputs"] = by.flush_inputs;
    out["product_limit"] = rule.product_limit;
    out["unsigned_scales"] = by.unsigned_scales;
    out["nan_code"] = by.nan ? py::cast(by.nan->code) : py::none();
    return out;
}

/// An accumulator with some numbers and switches changed.
accumulator changed(accumulator by, const py::dict& fields) {
    using optional_number = std::optional<std::int32_t>;
    alignment_rule& rule = by.aligned;
    for (const auto& [key, value] : fields) {
        const auto name = key.cast<std::string>();
        if (name == "group")
            by.group = value.cast<std::uint32_t>();
        else if (name == "fraction_bits")
            rule.fraction_bits = value.cast<std::int32_t>();
        else if (name == "lowest_exponent")
            rule.lowest_exponent = value.cast<std::int32_t>();
        else if (name == "zero_factor_exponent")
            rule.zero_factor_exponent = value.cast<optional_number>();
        else if (name == "zero_addend_exponent")
            rule.zero_addend_exponent = value.cast<optional_number>();
        else if (name == "a_emin")
            rule.a_emin = value.cast<optional_number>();
        else if (name == "b_emin")
            rule.b_emin = value.cast<optional_number>();
        else if (name == "overflow_to_infinity")
            by.overflow_to_infinity = value.cast<bool>();
        else if (name == "positive_zeros")
            by.positive_zeros = value.cast<bool>();
        else if (name == "flush_inputs")
            by.flush_inputs = value.cast<bool>();
        else if (name == "unsigned_scales")
            by.unsigned_scales = value.cast<bool>();
        else if (name == "halves")
            rule.halves = value.cast<bool>();
        else if (name == "two_passes")
            rule.two_passes = value.cast<bool>();
        else if (name == "exact_terms")
            rule.exact_terms = value.cast<std::uint32_t>();
        else if (name == "product_limit")
            rule.product_limit = value.cast<optional_number>();
        else if (name == "addend_reach")
            rule.addend_reach = value.cast<std::int32_t>();
        else
            throw std::logic_error("internal: no such field to change: " + name);
    }
    validate(by);
    return by;
}

}  // namespace

void bind_matrix_units(py::module_& m) {
    m.def("matrix_units", [] {
        py::list out;
        for (const matrix_unit_row& row : matrix_unit_rows()) out.append(row_of(row));
        return out;
    });
    m.def("find_matrix_unit", [](const std::string& name) {
        const matrix_unit unit = find_matrix_unit(name);
        return py::make_tuple(unit.how, unit.inputs, unit.scales, unit.blocks, unit.output, row_of(unit.row));
    });
    m.def("accumulator_fields", &fields_of);
    m.def("changed_accumulator", &changed);
    // operands: a, b, c, the scales of a and of b; shape: rows, inner, columns.
    m.def("scaled_products", [](const py::list& operands, std::size_t block, py::array out, const std::string& out_kind,
                                const py::tuple& shape, const accumulator& by, const format& f, const projection& how,
                                const py::object& random, py::object flags, int threads) {
        std::vector<format> formats;
        const std::vector<operand_array> x = operands_of(operands, formats);
        const python_randomness source(random);
        const result_array to = result_in(out, out_kind);
        const std::span<std::uint8_t> raised = flags_in(flags);
        const product_shape lengths{shape[0].cast<std::size_t>(), shape[1].cast<std::size_t>(),
                                    shape[2].cast<std::size_t>()};
        const py::gil_scoped_release release;
        scaled_matmul(x[0], x[1], x[2], {x[3], x[4], block}, to, lengths, by, f, how, source.value, raised, threads);
    });
}

}  // namespace halfulp::python
