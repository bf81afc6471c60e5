// Operands as arrays of binary32 numbers for the kernels of matrix products, and their sums as results.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "halfulp/kernels/matmul.hpp"

namespace halfulp::detail {

/// An operand's numbers in binary32, one standing for all where it has one; NaNs are canonical. Nothing where one does not fit.
std::optional<std::vector<float>> in_binary32(const operand_array& x, std::size_t size);

/// Projects sums, which are exact in binary32, into the result.
void give_sums(const std::vector<float>& sums, const result_array& out, const format& f, const projection& how,
               int threads);

/// The columns `first` to `first` + count of b, one row after the other, `stride` apart and filled up.
template <class T>
void pack_panel(const T* b, const product_shape& shape, std::size_t first, std::size_t count, T* panel,
                std::size_t stride, T filling) {
    for (std::size_t k = 0; k < shape.inner; ++k) {
        std::copy_n(b + k * shape.columns + first, count, panel + k * stride);
        std::fill_n(panel + k * stride + count, stride - count, filling);
    }
}

}  // namespace halfulp::detail
