// Dot products and matrix products by an accumulator: the bits of the scalar definition (arithmetic/dot.hpp) for every element, over threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "halfulp/arithmetic/dot.hpp"
#include "halfulp/kernels/calculate.hpp"

namespace halfulp {

/// Which factors meet: rows of a and columns of b.
struct product_shape {
    std::size_t rows = 0;  ///< of a
    std::size_t inner = 0;  ///< terms of a dot product
    std::size_t columns = 0;  ///< of b
};

/// out = c + a b for a of rows × inner, b of inner × columns and c of rows × columns, or one number for all, in C order. The accumulator's
/// roundings draw the words of output element i by their ordinals. Throws std::invalid_argument where sizes differ, a code is not one of
/// its format's, the carrier of `out` cannot hold the format's values, random bits are missing, too few or too many (R itself, given: for
/// every output element as many as roundings_of says, in the order of their ordinals), the accumulator's parts do not fit together, or a NaN meets nan_policy::raise in a format without NaN (then `out` is unspecified).
void matmul(const operand_array& a, const operand_array& b, const operand_array& c, result_array out,
            const product_shape& shape, const accumulator& by, const format& f, const projection& how = {},
            const randomness& random = {}, std::span<std::uint8_t> flags = {}, int threads = 1);

/// out[i] = c[i] + Σ_k a[i, k] b[i, k] for a and b of out.size × inner; otherwise as matmul.
void dot(const operand_array& a, const operand_array& b, const operand_array& c, result_array out, std::size_t inner,
         const accumulator& by, const format& f, const projection& how = {}, const randomness& random = {},
         std::span<std::uint8_t> flags = {}, int threads = 1);

}  // namespace halfulp
