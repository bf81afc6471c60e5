// Matrix products of units that align, truncate and add, by vector kernels, where these give the bits of the definition.
#pragma once

#include "halfulp/kernels/matmul.hpp"

namespace halfulp::detail {

/// Does all of a call of matmul whose arguments are good and which wants no flags; false, and nothing done, where the kernels do not cover it.
/// The smallest normal exponents are those of the factors' formats.
bool multiply_aligned(const operand_array& a, const operand_array& b, const operand_array& c, const result_array& out,
                      const product_shape& shape, const accumulator& by, const format& f, const projection& how,
                      std::int32_t a_emin, std::int32_t b_emin, int threads);

}  // namespace halfulp::detail
