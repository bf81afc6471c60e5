#include "reference.h"

#include <array>
#include <vector>

#include "halfulp/arithmetic/matrix_units.hpp"
#include "halfulp/kernels/matmul.hpp"
#include "halfulp/rounding/name.hpp"

using namespace halfulp;

namespace {

operation operation_named(std::string_view name) {
    for (const operation_row& row : operations) {
        if (row.name == name) return row.op;
    }
    throw std::invalid_argument("no such operation");
}

}  // namespace

void reference_calculate(const char* op_name, const char* operands, const char* result, const char* rounding,
                         const char* overflow, const std::uint64_t* a, const std::uint64_t* b, const std::uint64_t* c,
                         const std::uint32_t* random, std::size_t count, std::uint64_t* codes, std::uint8_t* flags) {
    const operation op = operation_named(op_name);
    const format from = parse_format(operands);
    const format to = parse_format(result);
    projection how;
    how.rounding = parse_rounding(rounding);
    how.overflow = parse_overflow(overflow);
    std::vector<operand_array> x;
    const std::array<const std::uint64_t*, 3> given{a, b, c};
    for (std::size_t i = 0; i < static_cast<std::size_t>(row_of(op).operands); ++i) {
        const bool integers = op == operation::scalb && i == 1;
        x.push_back(
            {given[i], count, integers ? element_kind::int64 : element_kind::code64, integers ? nullptr : &from});
    }
    const randomness bits = is_stochastic(how.rounding) ? randomness(std::span(random, count)) : randomness();
    calculate(op, x, result_array::codes(std::span(codes, count)), to, how, {}, bits, std::span(flags, count));
}

std::uint64_t reference_dot(const char* accumulator, const char* operands, const char* result, const std::uint64_t* a,
                            const std::uint64_t* b, std::size_t inner) {
    const format from = parse_format(operands);
    const format to = parse_format(result);
    const bool is_unit = std::string_view(accumulator).find("_fp") != std::string_view::npos;
    const auto by = is_unit ? find_matrix_unit(accumulator).how : named_accumulator(accumulator, to, {});
    const std::uint64_t zero = 0;
    std::uint64_t out = 0;
    dot(operand_array::codes(std::span(a, inner), from), operand_array::codes(std::span(b, inner), from),
        operand_array::codes(std::span(&zero, 1), to), result_array::codes(std::span(&out, 1)), inner, by, to);
    return out;
}
