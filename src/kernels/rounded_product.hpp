// Matrix products with every sum rounded, by vector kernels in binary32 lanes, where these give the bits of the definition.
#pragma once

#include "halfulp/kernels/matmul.hpp"

namespace halfulp::detail {

/// Does all of a call of matmul whose arguments are good and which wants no flags; false, and nothing done, where the kernels do not cover it.
bool multiply_rounded(const operand_array& a, const operand_array& b, const operand_array& c, const result_array& out,
                      const product_shape& shape, const accumulator& by, const format& f, const projection& how,
                      const randomness& random, int threads);

}  // namespace halfulp::detail
