// What dot products, matrix products and products of block-scaled operands share around the definition.
#pragma once

#include <span>
#include <vector>

#include "array_elements.hpp"
#include "halfulp/kernels/matmul.hpp"

namespace halfulp::detail {

/// The smallest normal exponent of a factor's format: of the codes' own, else of the carrier.
std::int32_t emin_of(const operand_array& x);

/// `rows` rows of `inner` operands; in the array they are columns where `transposed`.
std::vector<operand> rows_of(const operand_array& x, std::size_t rows, std::size_t inner, bool transposed,
                             const format& target);

/// The arguments that do not depend on shapes.
void check_product(const operand_array& c, const result_array& out, const accumulator& by, const format& f,
                   const projection& how, const randomness& random, std::span<std::uint8_t> flags, int threads);

/// Writes one result and its flags. A NaN of a unit that has a code of its own for it stays that code.
void give_product(const calculated& found, std::size_t i, const result_writer& results, bool codes,
                  const accumulator& by, const format& f, const projection& how, std::span<std::uint8_t> flags);

}  // namespace halfulp::detail
