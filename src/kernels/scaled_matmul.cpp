#include "halfulp/kernels/scaled_matmul.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>
#include <vector>

#include "parallel.hpp"
#include "product_calls.hpp"

namespace halfulp {
namespace {

/// The most bits that a number of an array has between its first and last one.
int significant_bits(const std::vector<operand>& x) {
    int most = 0;
    for (const operand& each : x) {
        if (each.significand != 0)
            most = std::max(most, bit_length(each.significand) - std::countr_zero(each.significand));
    }
    return most;
}

/// As rows_of, of an array whose size and codes are not checked yet.
std::vector<operand> checked_rows(const operand_array& x, const char* name, std::size_t rows, std::size_t inner,
                                  bool transposed, const format& target) {
    detail::check_operand(x, rows * inner, name);
    return detail::rows_of(x, rows, inner, transposed, target);
}

}  // namespace

void scaled_matmul(const operand_array& a, const operand_array& b, const operand_array& c, const scale_arrays& scales,
                   result_array out, const product_shape& shape, const accumulator& by, const format& f,
                   const projection& how, const randomness& random, std::span<std::uint8_t> flags, int threads) {
    detail::check_sizes(shape.rows * shape.columns, out.size);
    detail::check_product(c, out, shape.inner, by, f, how, random, flags, threads);
    if (scales.block == 0 || scales.block % by.aligned.exact_terms != 0)
        throw std::invalid_argument("block is " + std::to_string(scales.block) + ", allowed: a multiple of " +
                                    std::to_string(by.aligned.exact_terms));
    const std::size_t blocks = (shape.inner + scales.block - 1) / scales.block;
    const std::vector<operand> rows = checked_rows(a, "a", shape.rows, shape.inner, false, f);
    const std::vector<operand> columns = checked_rows(b, "b", shape.columns, shape.inner, true, f);
    const std::vector<operand> row_scales = checked_rows(scales.a, "scale_a", shape.rows, blocks, false, f);
    const std::vector<operand> column_scales = checked_rows(scales.b, "scale_b", shape.columns, blocks, true, f);
    const int bits = significant_bits(rows) + significant_bits(columns) + significant_bits(row_scales) +
                     significant_bits(column_scales);
    if (bits > 128)
        throw std::invalid_argument("products have up to " + std::to_string(bits) +
                                    " bits, allowed for factors and scales together: 128");
    const detail::operand_reader addends(c, f, false);
    const detail::result_writer results(out, f, how.nan);
    const detail::product_draws draws(random, by, shape.inner);
    constexpr std::size_t grain = 64;  // outputs: a cache line of bytes
    detail::parallel_for(out.size, threads, grain, [&](std::size_t first, std::size_t last) {
        dot_product product(by, f, how, detail::emin_of(a), detail::emin_of(b));
        for (std::size_t i = first; i < last; ++i) {
            const std::size_t row = i / shape.columns;
            const std::size_t column = i % shape.columns;
            operand addend;
            addends.read(i, i + 1, &addend);
            const block_scales own{std::span(row_scales).subspan(row * blocks, blocks),
                                   std::span(column_scales).subspan(column * blocks, blocks), scales.block,
                                   detail::emin_of(scales.a), detail::emin_of(scales.b)};
            const calculated found =
                product(std::span(rows).subspan(row * shape.inner, shape.inner),
                        std::span(columns).subspan(column * shape.inner, shape.inner), addend, draws.of(i), own);
            detail::give_product(found, i, results, detail::is_codes(out.kind), by, f, how, flags);
        }
    });
}

}  // namespace halfulp
