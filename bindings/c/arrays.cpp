// Arrays of codes: operations, comparisons, dot products and matrix products.
#include <algorithm>
#include <limits>
#include <vector>

#include "arguments.hpp"
#include "halfulp/arithmetic/matrix_units.hpp"
#include "halfulp/kernels/matmul.hpp"

using namespace halfulp;
using namespace halfulp::c;

namespace {

element_kind kind_of(int width, const char* name) {
    switch (width) {
        case 1: return element_kind::code8;
        case 2: return element_kind::code16;
        case 4: return element_kind::code32;
        case 8: return element_kind::code64;
        default:
            throw std::invalid_argument(std::string(name) + ".width is " + std::to_string(width) +
                                        ", allowed: 1, 2, 4, 8");
    }
}

const void* data_of(const void* data, std::size_t count, const char* name) {
    if (count != 0) given(static_cast<const char*>(data), name);
    return data;
}

operand_array operand_of(const halfulp_codes* codes, const char* name) {
    const halfulp_codes& x = given(codes, name);
    return {data_of(x.data, x.count, name), x.count, kind_of(x.width, name), &given(x.format, name).is};
}

/// n of scalb.
operand_array integers_of(const halfulp_codes& x, const char* name) {
    if (x.width != 8 || x.format != nullptr)
        throw std::invalid_argument(std::string(name) + " has width " + std::to_string(x.width) +
                                    (x.format == nullptr ? "" : " and a format") +
                                    ", allowed for scalb: int64_t numbers, width 8, without a format");
    return {data_of(x.data, x.count, name), x.count, element_kind::int64, nullptr};
}

result_array results_of(const halfulp_results& x) {
    data_of(x.data, x.count, "results");
    return {x.data, x.count, kind_of(x.width, "results")};
}

randomness randomness_of(const halfulp_random* from, std::size_t count) {
    if (from == nullptr) return {};
    const halfulp_random read = known_part(from, "random");
    if (read.given != nullptr) return randomness(std::span(read.given, count));
    return random_source{read.seed, read.stream, read.offset};
}

/// Throws std::invalid_argument where a product of sizes is none.
std::size_t times(std::size_t a, std::size_t b, const char* what) {
    if (b != 0 && a > std::numeric_limits<std::size_t>::max() / b)
        throw std::invalid_argument(std::string(what) + " are " + std::to_string(a) + " and " + std::to_string(b) +
                                    ", allowed: sizes whose product is a size_t");
    return a * b;
}

std::span<std::uint8_t> flags_of(std::uint8_t* flags, std::size_t count) {
    return flags == nullptr ? std::span<std::uint8_t>() : std::span(flags, count);
}

void check_one_of(const format& f, const std::vector<format>& allowed, const char* name, std::string_view unit) {
    if (std::ranges::find(allowed, f) != allowed.end()) return;
    std::string names;
    for (const format& g : allowed) names += (names.empty() ? "" : ", ") + to_string(g);
    throw std::invalid_argument(std::string(name) + " has the format " + to_string(f) + ", allowed for " +
                                std::string(unit) + ": " + names);
}

accumulator accumulator_of(const char* name, const format& a, const format& b, const format& c, const format& to,
                           const projection& how) {
    const std::string_view wanted = &given(name, "accumulator");
    const auto is_it = [&](const matrix_unit_row& row) { return row.name == wanted; };
    if (std::ranges::none_of(matrix_unit_rows(), is_it)) return named_accumulator(wanted, to, how);
    const matrix_unit unit = find_matrix_unit(wanted);
    if (!unit.scales.empty())
        throw std::invalid_argument("accumulator is '" + std::string(wanted) +
                                    "', which takes scales, allowed here: matrix units without scales");
    check_one_of(a, unit.inputs, "a", wanted);
    check_one_of(b, unit.inputs, "b", wanted);
    check_one_of(c, {unit.output}, "c", wanted);
    check_one_of(to, {unit.output}, "results", wanted);
    return unit.how;
}

/// What dot products and matrix products have in common.
struct product_call {
    operand_array a, b, c;
    result_array out;
    const format& to;
    projection how;
    accumulator by;

    product_call(const char* accumulator, const halfulp_codes* a_codes, const halfulp_codes* b_codes,
                 const halfulp_codes* c_codes, const halfulp_results* results, const halfulp_projection* projection)
        : a(operand_of(a_codes, "a")),
          b(operand_of(b_codes, "b")),
          c(operand_of(c_codes, "c")),
          out(results_of(given(results, "results"))),
          to(given(results->format, "results.format").is),
          how(projection_of(projection)),
          by(accumulator_of(accumulator, *a.of, *b.of, *c.of, to, how)) {}

    [[nodiscard]] randomness randomness_of_all(const halfulp_random* random, std::size_t inner) const {
        return randomness_of(random, times(out.size, roundings_of(by, inner), "results and roundings"));
    }
};

}  // namespace

extern "C" {

halfulp_status halfulp_calculate_array(int operation, const halfulp_codes* operands, const halfulp_results* results,
                                       const halfulp_projection* projection, const halfulp_options* options,
                                       const halfulp_random* random, std::uint8_t* flags, int threads,
                                       const halfulp_message* message) {
    return guarded(message, [&] {
        constexpr std::array names{"a", "b", "c"};
        const halfulp::operation op = operation_of(operation);
        given(operands, "operands");
        std::vector<operand_array> x;
        for (std::size_t i = 0; i < static_cast<std::size_t>(row_of(op).operands); ++i) {
            const bool n = op == operation::scalb && i == 1;
            x.push_back(n ? integers_of(operands[i], names[i]) : operand_of(operands + i, names[i]));
        }
        const result_array out = results_of(given(results, "results"));
        array_arithmetic_options with = options_of(options);
        with.threads = threads;
        calculate(op, x, out, given(results->format, "results.format").is, projection_of(projection), with,
                  randomness_of(random, out.size), flags_of(flags, out.size));
    });
}

halfulp_status halfulp_compare_array(const halfulp_codes* a, const halfulp_codes* b, std::int8_t* order,
                                     std::size_t count, int total, int signaling, std::uint8_t* flags, int threads,
                                     const halfulp_message* message) {
    return guarded(message, [&] {
        const operand_array left = operand_of(a, "a");
        const operand_array right = operand_of(b, "b");
        data_of(order, count, "order");
        static_assert(sizeof(ordering) == sizeof *order);
        compare(left, right, std::span(reinterpret_cast<ordering*>(order), count), total != 0, signaling != 0,
                flags_of(flags, count), threads);
    });
}

halfulp_status halfulp_dot(const char* accumulator, const halfulp_codes* a, const halfulp_codes* b,
                           const halfulp_codes* c, const halfulp_results* results, std::size_t inner,
                           const halfulp_projection* projection, const halfulp_random* random, std::uint8_t* flags,
                           int threads, const halfulp_message* message) {
    return guarded(message, [&] {
        const product_call x(accumulator, a, b, c, results, projection);
        times(x.out.size, inner, "results.count and inner");
        dot(x.a, x.b, x.c, x.out, inner, x.by, x.to, x.how, x.randomness_of_all(random, inner),
            flags_of(flags, x.out.size), threads);
    });
}

halfulp_status halfulp_matmul(const char* accumulator, const halfulp_codes* a, const halfulp_codes* b,
                              const halfulp_codes* c, const halfulp_results* results, std::size_t rows,
                              std::size_t inner, std::size_t columns, const halfulp_projection* projection,
                              const halfulp_random* random, std::uint8_t* flags, int threads,
                              const halfulp_message* message) {
    return guarded(message, [&] {
        const product_call x(accumulator, a, b, c, results, projection);
        times(rows, inner, "rows and inner");
        times(inner, columns, "inner and columns");
        times(rows, columns, "rows and columns");
        matmul(x.a, x.b, x.c, x.out, {rows, inner, columns}, x.by, x.to, x.how, x.randomness_of_all(random, inner),
               flags_of(flags, x.out.size), threads);
    });
}

}  // extern "C"
