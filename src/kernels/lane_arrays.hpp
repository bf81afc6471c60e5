// Operands as arrays of binary32 numbers for the kernels of matrix products, and their sums as results.
#pragma once

#include <optional>
#include <vector>

#include "halfulp/kernels/calculate.hpp"

namespace halfulp::detail {

/// An operand's numbers in binary32, one standing for all where it has one; NaNs are canonical. Nothing where one does not fit.
std::optional<std::vector<float>> in_binary32(const operand_array& x, std::size_t size);

/// Projects sums, which are exact in binary32, into the result.
void give_sums(const std::vector<float>& sums, const result_array& out, const format& f, const projection& how,
               int threads);

}  // namespace halfulp::detail
