// What the quantizers over runs of values share: their checks and their loop.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>

#include "halfulp/codecs/carrier.hpp"
#include "halfulp/kernels/value_runs.hpp"

namespace halfulp::detail {

inline void check_runs(std::size_t size, const value_runs& runs) {
    if (size == 0) return;
    if (runs.row == 0 || size % runs.row != 0)
        throw std::invalid_argument("row is " + std::to_string(runs.row) + ", allowed: a divisor of the " +
                                    std::to_string(size) + " values");
    if (runs.length == 0) throw std::invalid_argument("length is 0, allowed: 1 or more");
}

inline void check_length(const std::string& argument, std::size_t found, std::size_t needed) {
    if (found == needed) return;
    throw std::invalid_argument(argument + " has " + std::to_string(found) +
                                " elements, allowed: " + std::to_string(needed));
}

/// Every value is a number. Statistics of a run with NaN or infinity in it have no meaning.
template <carrier T>
void check_finite(const std::string& argument, std::span<const T> x) {
    constexpr float_format own = carrier_traits<T>::format;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const std::uint64_t magnitude = to_bits(x[i]) & own.magnitude_mask();
        if (magnitude < own.infinity_magnitude()) continue;
        throw std::invalid_argument(argument + "[" + std::to_string(i) + "] is " +
                                    (magnitude == own.infinity_magnitude() ? "infinite" : "NaN") +
                                    ", allowed: finite numbers");
    }
}

/// Calls body(run, first value, values) for each run, in C order.
template <class Body>
void for_each_run(std::size_t size, const value_runs& runs, const Body& body) {
    if (size == 0) return;
    const auto row = static_cast<std::size_t>(runs.row);
    const auto length = static_cast<std::size_t>(std::min(runs.length, runs.row));
    std::size_t run = 0;
    for (std::size_t start = 0; start < size; start += row) {
        for (std::size_t at = 0; at < row; at += length, ++run) body(run, start + at, std::min(length, row - at));
    }
}

}  // namespace halfulp::detail
