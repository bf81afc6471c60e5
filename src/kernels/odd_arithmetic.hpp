// Arithmetic on arrays of short numbers by way of binary64, rounded to odd: then the array functions that round binary64 give the definition's bits.
#pragma once

#include <span>

#include "halfulp/kernels/calculate.hpp"

namespace halfulp::detail {

/// Does all of a call of calculate whose arguments are good and which wants no flags; false, and nothing done, where it is not covered: operands are values or
/// codes that binary32 holds, the result is of a float format.
bool calculate_by_odd(operation op, std::span<const operand_array> operands, const result_array& out, const format& f,
                      const projection& how, const array_arithmetic_options& options, const randomness& random);

}  // namespace halfulp::detail
