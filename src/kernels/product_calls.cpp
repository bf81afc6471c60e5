#include "product_calls.hpp"

#include <stdexcept>

#include "checks.hpp"

namespace halfulp::detail {

std::int32_t emin_of(const operand_array& x) {
    if (x.of != nullptr) {
        const float_format* is = x.of->as_float();
        return is != nullptr ? is->emin() : -(std::int32_t{1} << 20);
    }
    return x.kind == element_kind::binary16 ? -14 : x.kind == element_kind::binary64 ? -1022 : -126;
}

std::vector<operand> rows_of(const operand_array& x, std::size_t rows, std::size_t inner, bool transposed,
                             const format& target) {
    const std::size_t size = rows * inner;
    std::vector<operand> read(size);
    operand_reader(x, target, false).read(0, size, read.data());
    if (!transposed) return read;
    std::vector<operand> out(size);
    for (std::size_t k = 0; k < inner; ++k) {
        for (std::size_t j = 0; j < rows; ++j) out[j * inner + k] = read[k * rows + j];
    }
    return out;
}

void check_product(const operand_array& c, const result_array& out, std::size_t inner, const accumulator& by,
                   const format& f, const projection& how, const randomness& random, std::span<std::uint8_t> flags,
                   int threads) {
    validate(by);
    check_operand(c, out.size, "c");
    if (!flags.empty()) check_sizes(out.size, flags.size());
    check_result(out, f, how);
    check_threads(threads);
    const projection* drawing = is_stochastic(how.rounding) ? &how : nullptr;
    for (const auto* step : {&by.product, &by.partial}) {
        if (!*step || !is_stochastic((*step)->how.rounding)) continue;
        if (drawing == nullptr) drawing = &(*step)->how;
        if (random.from == randomness::kind::given && (*step)->how.random_bits != drawing->random_bits)
            throw std::invalid_argument("random is given and roundings draw " + std::to_string(drawing->random_bits) +
                                        " and " + std::to_string((*step)->how.random_bits) +
                                        " bits, allowed: one number of random bits for all");
    }
    const bool given = drawing != nullptr && random.from == randomness::kind::given;
    const projection& drawn = drawing == nullptr ? how : *drawing;
    check_random(drawn.rounding, drawn.random_bits, random, given ? out.size * roundings_of(by, inner) : out.size);
}

void give_product(const calculated& found, std::size_t i, const result_writer& results, bool codes,
                  const accumulator& by, const format& f, const projection& how, std::span<std::uint8_t> flags) {
    if (found.number.missing_nan && how.nan == nan_policy::raise) throw_missing_nan(i, f);
    if (!flags.empty()) flags[i] = found.flags;
    if (codes && found.number.kind == number_class::nan && by.nan && by.nan->of == f) {
        results.write_code(i, by.nan->code);
    } else {
        results.write(i, found.number);
    }
}

}  // namespace halfulp::detail
