#include <vector>

#include "halfulp/kernels/matmul.hpp"
#include "operand_arrays.hpp"

namespace halfulp::python {
namespace {

template <class Names>
std::size_t place_of(const Names& names, const char* argument, const std::string& name) {
    std::string allowed;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == name) return i;
        allowed += (i == 0 ? "" : ", ") + std::string(names[i]);
    }
    throw std::invalid_argument(std::string(argument) + " is '" + name + "', allowed: " + allowed);
}

operation operation_named(const std::string& name) {
    for (const operation_row& row : operations) {
        if (row.name == name) return row.op;
    }
    throw std::logic_error("internal: no such operation");
}

/// A step out of None or (format, projection).
std::optional<rounding_step> step_of(const py::object& given) {
    if (given.is_none()) return std::nullopt;
    const auto t = given.cast<py::tuple>();
    return rounding_step{t[0].cast<format>(), t[1].cast<projection>()};
}

void bind_accumulator(py::module_& m) {
    py::class_<accumulator>(m, "Accumulator").def_readonly("name", &accumulator::name);
    m.def("named_accumulator", [](const std::string& name, const format& f, const projection& how) {
        return named_accumulator(name, f, how);
    });
    m.def("roundings_of", &roundings_of);
    m.def("make_accumulator",
          [](const std::string& name, const py::object& product, std::uint32_t group, const std::string& inside,
             const py::object& partial, std::int32_t fraction_bits, const std::string& cut, bool addend_inside,
             std::int32_t sum_bits, std::int32_t addend_bits, std::int32_t lowest_exponent) {
              accumulator out;
              out.name = name;
              out.product = step_of(product);
              out.group = group;
              out.inside = static_cast<group_sum>(place_of(group_sum_names, "inside", inside));
              out.partial = step_of(partial);
              out.aligned = {fraction_bits, static_cast<alignment>(place_of(alignment_names, "alignment", cut)),
                             addend_inside, sum_bits,
                             addend_bits,   lowest_exponent};
              validate(out);
              return out;
          });
}

}  // namespace

void bind_arithmetic(py::module_& m) {
    m.def("operations", [] {
        py::dict out;
        for (const operation_row& row : operations) out[py::str(std::string(row.name))] = row.operands;
        return out;
    });
    m.def("calculate", [](const std::string& op, const py::list& operands, py::array out, const std::string& out_kind,
                          const format& f, const projection& how, bool daz, const std::string& tiny,
                          const std::string& nans, const py::object& random, py::object flags, int threads) {
        std::vector<format> formats;
        const std::vector<operand_array> x = operands_of(operands, formats);
        array_arithmetic_options options;
        options.daz = daz;
        options.tininess = static_cast<tininess>(place_of(tininess_names, "tininess", tiny));
        options.nans = static_cast<nan_rule>(place_of(nan_rule_names, "nan_rule", nans));
        options.invalid_product_beside_nan = options.nans != nan_rule::x86;
        options.threads = threads;
        const python_randomness source(random);
        const result_array to = result_in(out, out_kind);
        const std::span<std::uint8_t> raised = flags_in(flags);
        const py::gil_scoped_release release;
        calculate(operation_named(op), x, to, f, how, options, source.value, raised);
    });
    m.def("compare",
          [](const py::list& operands, py::array out, bool total, bool signaling, py::object flags, int threads) {
              std::vector<format> formats;
              const std::vector<operand_array> x = operands_of(operands, formats);
              const std::span<std::int8_t> orders = output<std::int8_t>(out);
              const std::span<std::uint8_t> raised = flags_in(flags);
              const py::gil_scoped_release release;
              compare(x[0], x[1], {reinterpret_cast<ordering*>(orders.data()), orders.size()}, total, signaling, raised,
                      threads);
          });
    bind_accumulator(m);
    // shape: (rows, inner, columns) of a matrix product, or (inner,) of dot products.
    m.def("products", [](const py::list& operands, py::array out, const std::string& out_kind, const py::tuple& shape,
                         const accumulator& by, const format& f, const projection& how, const py::object& random,
                         py::object flags, int threads) {
        std::vector<format> formats;
        const std::vector<operand_array> x = operands_of(operands, formats);
        const python_randomness source(random);
        const result_array to = result_in(out, out_kind);
        const std::span<std::uint8_t> raised = flags_in(flags);
        std::vector<std::size_t> n;
        for (const py::handle length : shape) n.push_back(length.cast<std::size_t>());
        const py::gil_scoped_release release;
        if (n.size() == 1) {
            dot(x[0], x[1], x[2], to, n[0], by, f, how, source.value, raised, threads);
        } else {
            matmul(x[0], x[1], x[2], to, {n[0], n[1], n[2]}, by, f, how, source.value, raised, threads);
        }
    });
}

}  // namespace halfulp::python
