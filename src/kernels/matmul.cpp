// Dot products and matrix products: vector kernels where there are some for the call, else the scalar definition, element by element.
#include "halfulp/kernels/matmul.hpp"

#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "matrix_unit_product.hpp"
#include "parallel.hpp"
#include "product_calls.hpp"
#include "rounded_product.hpp"

namespace halfulp {
namespace {

/// Elements of a matrix; as many as there can be where that is more.
std::size_t elements(std::size_t rows, std::size_t columns) {
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
    return rows != 0 && columns > most / rows ? most : rows * columns;
}

void check_size(const operand_array& x, std::size_t size, const char* name) {
    if (x.size != size)
        throw std::invalid_argument(std::string(name) + " has " + std::to_string(x.size) +
                                    " elements, allowed: " + std::to_string(size));
    detail::check_operand(x, size, name);
}

/// out[i] for every i by the definition; factors(i) gives where the row of a and the column of b start.
template <class Factors>
void define(const std::vector<operand>& a, const std::vector<operand>& b, const operand_array& c, result_array out,
            std::size_t inner, const accumulator& by, const format& f, const projection& how, const randomness& random,
            std::span<std::uint8_t> flags, int threads, std::int32_t a_emin, std::int32_t b_emin,
            const Factors& factors) {
    const detail::operand_reader addends(c, f, false);
    const detail::result_writer results(out, f, how.nan);
    const detail::product_draws draws(random, by, inner);
    constexpr std::size_t grain = 64;  // outputs: a cache line of bytes
    detail::parallel_for(out.size, threads, grain, [&](std::size_t first, std::size_t last) {
        dot_product product(by, f, how, a_emin, b_emin);
        for (std::size_t i = first; i < last; ++i) {
            operand addend;
            addends.read(i, i + 1, &addend);
            const auto [row, column] = factors(i);
            const calculated found =
                product(std::span(a).subspan(row, inner), std::span(b).subspan(column, inner), addend, draws.of(i));
            detail::give_product(found, i, results, detail::is_codes(out.kind), by, f, how, flags);
        }
    });
}

}  // namespace

void matmul(const operand_array& a, const operand_array& b, const operand_array& c, result_array out,
            const product_shape& shape, const accumulator& by, const format& f, const projection& how,
            const randomness& random, std::span<std::uint8_t> flags, int threads) {
    check_size(a, elements(shape.rows, shape.inner), "a");
    check_size(b, elements(shape.inner, shape.columns), "b");
    detail::check_sizes(elements(shape.rows, shape.columns), out.size);
    detail::check_product(c, out, shape.inner, by, f, how, random, flags, threads);
    if (flags.empty() &&
        (detail::multiply_rounded(a, b, c, out, shape, by, f, how, random, threads) ||
         detail::multiply_aligned(a, b, c, out, shape, by, f, how, detail::emin_of(a), detail::emin_of(b), threads)))
        return;
    const std::vector<operand> rows = detail::rows_of(a, shape.rows, shape.inner, false, f);
    const std::vector<operand> columns = detail::rows_of(b, shape.columns, shape.inner, true, f);
    define(rows, columns, c, out, shape.inner, by, f, how, random, flags, threads, detail::emin_of(a),
           detail::emin_of(b),
           [&](std::size_t i) { return std::pair(i / shape.columns * shape.inner, i % shape.columns * shape.inner); });
}

void dot(const operand_array& a, const operand_array& b, const operand_array& c, result_array out, std::size_t inner,
         const accumulator& by, const format& f, const projection& how, const randomness& random,
         std::span<std::uint8_t> flags, int threads) {
    check_size(a, elements(out.size, inner), "a");
    check_size(b, elements(out.size, inner), "b");
    detail::check_product(c, out, inner, by, f, how, random, flags, threads);
    define(detail::rows_of(a, out.size, inner, false, f), detail::rows_of(b, out.size, inner, false, f), c, out, inner,
           by, f, how, random, flags, threads, detail::emin_of(a), detail::emin_of(b),
           [&](std::size_t i) { return std::pair(i * inner, i * inner); });
}

}  // namespace halfulp
