// How wide a fixed-point accumulator has to be so that no sum of n products ever rounds or overflows: exactly, from the
// formats' codes, and by the published closed forms.
#pragma once

#include <array>
#include <cstdint>

#include "halfulp/formats/format.hpp"

namespace halfulp {

/// ±significand × 2^exponent with a significand of three words, the least first.
struct wide_dyadic {
    bool negative = false;
    std::array<std::uint64_t, 3> significand{};
    std::int32_t exponent = 0;
};

/// Sums of n products of a member of one format and a member of another.
struct sum_extent {
    wide_dyadic least;  ///< the least sum; some choice of members reaches it
    wide_dyadic greatest;  ///< the greatest one
    std::int32_t quantum;  ///< every sum is a multiple of 2^quantum, and some product is no multiple of 2^(quantum + 1)
    bool is_signed;  ///< can a sum be negative?
    /// Of the narrowest accumulator of that quantum that holds all sums: two's complement where is_signed, or unsigned.
    int bits;
};

/// The exact extent over finite members. Throws std::invalid_argument for n = 0.
sum_extent extent_of_sum(const format& a, const format& b, std::uint64_t n);

/// ceil(log2 n), for n >= 1.
int ceil_log2(std::uint64_t n);

/// The closed form of arXiv 2311.12359 for integers of so many bits: bits_a + bits_b + ceil(log2 n) + 1.
/// Throws std::invalid_argument for n = 0 and for bits below 1.
int published_integer_width(int bits_a, int bits_b, std::uint64_t n);

/// The closed form of arXiv 2311.12359 for minifloats of so many exponent and mantissa bits: 2^exponent_a + mantissa_a
/// + 2^exponent_b + mantissa_b + ceil(log2 n) - 1. Throws std::invalid_argument for n = 0, exponent bits outside 1 to
/// 19, mantissa bits outside 0 to 63.
int published_minifloat_width(int exponent_a, int mantissa_a, int exponent_b, int mantissa_b, std::uint64_t n);

}  // namespace halfulp
