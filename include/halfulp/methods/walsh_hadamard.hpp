// The fast Walsh-Hadamard transform: H x by additions and subtractions alone, H of Sylvester's construction (entries
// ±1, H Hᵀ = n I).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace halfulp {

/// Replaces each run of `length` neighbours by H times it. length: a power of two that divides x.size(). No factor:
/// the transform twice is length times x, exactly where no sum on the way needs more bits than T has. Throws
/// std::invalid_argument. T: std::int64_t, double.
template <class T>
void walsh_hadamard(std::span<T> x, std::size_t length);

extern template void walsh_hadamard<std::int64_t>(std::span<std::int64_t>, std::size_t);
extern template void walsh_hadamard<double>(std::span<double>, std::size_t);

}  // namespace halfulp
