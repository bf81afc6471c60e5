// What is timed is first compared with the scalar definition, at both ends and at samples between.
#pragma once

#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

namespace halfulp::benchmarks {

template <class T>
bool same(T a, T b) {
    if constexpr (std::floating_point<T>) {
        if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
        return a == b && std::signbit(a) == std::signbit(b);
    } else {
        return a == b;
    }
}

/// Throws where `got` is not `expected(i)` in the first and last elements and in about 2000 between.
template <class T, class Expected>
void require_same(std::span<const T> got, Expected expected, const std::string& what) {
    constexpr std::size_t ends = 100;
    const std::size_t step = got.size() / 2000 + 1;
    for (std::size_t i = 0; i < got.size();) {
        if (!same<T>(got[i], expected(i)))
            throw std::runtime_error(what + ": element " + std::to_string(i) + " is wrong: nothing to time");
        i += i < ends || i + step + ends > got.size() ? 1 : step;
    }
}

}  // namespace halfulp::benchmarks
