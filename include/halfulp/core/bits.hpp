// Integer helpers shared by every layer, written so that host and device code compile them.
#pragma once

#include <cstdint>
#include <type_traits>

#include "halfulp/core/config.hpp"

namespace halfulp {

/// Number of bits needed to write x: 0 for 0, else floor(log2 x) + 1.
constexpr int bit_length(std::uint64_t x) noexcept {
#if defined(__CUDA_ARCH__)
    if (!std::is_constant_evaluated()) return 64 - __clzll(static_cast<long long>(x));
#endif
    return x == 0 ? 0 : 64 - __builtin_clzll(x);
}

/// A word of n ones, n from 0 to 64.
constexpr std::uint64_t low_ones(int n) noexcept {
    return n <= 0 ? 0 : n >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1;
}

}  // namespace halfulp
