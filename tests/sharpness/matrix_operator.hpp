// A matrix as an operator, by the definition.
#pragma once

#include "halfulp/sharpness/linear_operator.hpp"
#include "matrices/plain_algebra.hpp"

namespace halfulp::test {

/// Refers to the matrix.
inline linear_operator operator_of(const matrix& a) {
    return {rows_of(a), [&a](std::span<const double> x, std::span<double> y) {
                for (std::size_t i = 0; i < y.size(); ++i) {
                    y[i] = 0;
                    for (std::size_t j = 0; j < x.size(); ++j) y[i] += a(i, j) * x[j];
                }
            }};
}

}  // namespace halfulp::test
