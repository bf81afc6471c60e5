// How far an array is from its quantized self: the sums that MSE, SQNR and cosine are made of.
#pragma once

#include <cstdint>
#include <span>

namespace halfulp {

struct difference {
    std::uint64_t count = 0;
    std::uint64_t zeros = 0;         ///< elements of y that are zero
    double squared_error = 0;        ///< sum of (x - y)^2
    double squared_x = 0;            ///< sum of x^2
    double squared_y = 0;            ///< sum of y^2
    double product = 0;              ///< sum of x y
    double max_absolute_error = 0;   ///< largest |x - y|
};

/// Sums in binary64 over blocks of 4,096 elements, then over blocks in order: the same bits for every number of threads.
/// Throws std::invalid_argument where sizes differ. T is float or double.
template <class T>
difference measure_difference(std::span<const T> x, std::span<const T> y, int threads = 1);

}  // namespace halfulp
