// A sorted copy of data that are to be fitted.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "shown.hpp"

namespace halfulp::detail {

/// Throws std::invalid_argument for a number that is not finite, or so large that a sum of 2^63 of them would not be.
template <class T>
std::vector<T> sorted_data(std::span<const T> x) {
    for (std::size_t i = 0; i < x.size(); ++i) {
        if (!(std::fabs(static_cast<double>(x[i])) < 0x1p960)) {
            throw std::invalid_argument("x[" + std::to_string(i) + "] is " + shown(static_cast<double>(x[i])) +
                                        ", allowed: finite numbers of magnitude below 2^960");
        }
    }
    std::vector<T> out(x.begin(), x.end());
    std::sort(out.begin(), out.end());
    return out;
}

}  // namespace halfulp::detail
