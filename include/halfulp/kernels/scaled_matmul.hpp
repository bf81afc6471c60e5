// Matrix products of block-scaled operands (MX, NVFP4) by an accumulator: the bits of the scalar definition (arithmetic/dot.hpp) for
// every element, over threads.
#pragma once

#include "halfulp/kernels/matmul.hpp"

namespace halfulp {

/// The scales of a product's factors: one for every `block` consecutive factors of a row of a and of a column of b; the last block may be
/// shorter.
struct scale_arrays {
    operand_array a;  ///< rows × blocks, or one number for all
    operand_array b;  ///< blocks × columns, or one number for all
    std::size_t block = 0;
};

/// out = c + (a with its scales)(b with its scales): a_k stands for a_k times its scale, and products are those of four numbers, exact
/// before any rounding. Otherwise as matmul; throws std::invalid_argument too where the block is 0 or no multiple of the accumulator's
/// exact_terms, or where products are not exact in 128 bits.
void scaled_matmul(const operand_array& a, const operand_array& b, const operand_array& c, const scale_arrays& scales,
                   result_array out, const product_shape& shape, const accumulator& by, const format& f,
                   const projection& how = {}, const randomness& random = {}, std::span<std::uint8_t> flags = {},
                   int threads = 1);

}  // namespace halfulp
