// Sums over runs.
#pragma once

#include <cstddef>

namespace halfulp::detail {

/// Σ f(i): eight sums side by side, which vector units can do, and always in the same order.
template <class F>
double sum_of(std::size_t count, const F& f) {
    double sums[8] = {};
    std::size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        for (std::size_t k = 0; k < 8; ++k) sums[k] += f(i + k);
    }
    for (std::size_t k = 0; i < count; ++i, ++k) sums[k] += f(i);
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

}  // namespace halfulp::detail
