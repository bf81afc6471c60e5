// Matrices of random numbers as a pure function of a seed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "halfulp/matrices/matrix.hpp"

namespace halfulp {

/// Standard normal numbers by Box and Muller (1958) from the Philox words of (seed, stream): the same on every call,
/// whatever the number of threads; last bits depend on the C library's logarithm, sine and cosine.
matrix normal_matrix(std::size_t rows, std::size_t columns, std::uint64_t seed, std::uint32_t stream = 0);

}  // namespace halfulp
