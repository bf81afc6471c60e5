// What the finite members of a format span: ends, quantum, significant bits. From these follow exact sums and what
// hardware needs.
#pragma once

#include <cstdint>

#include "halfulp/formats/format.hpp"

namespace halfulp {

struct format_extent {
    dyadic least;  ///< the first finite member by value
    dyadic greatest;  ///< the last one
    std::int32_t quantum;  ///< every member is a multiple of 2^quantum, and one is no multiple of 2^(quantum + 1)
    int significand_bits;  ///< the most that a member has from its first bit set to its last
    std::int32_t positions;  ///< places where significands of so many bits can stand: 1 for integers
};

/// Of any format; infinities and NaNs do not count.
format_extent extent_of(const format& f);

/// Bits of the smallest integer type that holds every member divided by 2^quantum: two's complement, or unsigned where
/// no member is negative. May be thousands for floats with many exponents.
int fixed_point_bits(const format_extent& e);

}  // namespace halfulp
