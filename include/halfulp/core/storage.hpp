// Storage types for the two 16-bit carriers. They hold bits and nothing else: arithmetic and conversion belong to
// the codecs, where the rounding is named.
#pragma once

#include <cstdint>

namespace halfulp {

/// IEEE 754 binary16, as bits.
struct float16 {
    std::uint16_t bits;
    friend constexpr bool operator==(float16, float16) = default;
};

/// bfloat16 (binary32's upper half), as bits.
struct bfloat16 {
    std::uint16_t bits;
    friend constexpr bool operator==(bfloat16, bfloat16) = default;
};

}  // namespace halfulp
