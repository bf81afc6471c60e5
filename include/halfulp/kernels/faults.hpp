// Bit flips on codes, by rate and mask, from the counter generator: memory faults that can be counted and repeated.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "halfulp/core/random.hpp"
#include "halfulp/kernels/convert.hpp"

namespace halfulp {

enum class fault_kind : std::uint8_t {
    one_bit_per_code,  ///< a code is hit with the rate's probability and then has one bit of the mask flipped, each as likely
    each_bit,  ///< every bit of the mask flips with the rate's probability, each alone
};

/// How codes stand in an array: `width` bits, below the two's complement of the whole element where signed.
struct code_bits {
    int width = 8;
    bool is_signed = false;
};

struct fault_count {
    std::uint64_t codes = 0;  ///< with at least one bit flipped
    std::uint64_t bits = 0;
};

/// The codes with bits flipped. With T = rate × 2^32 to nearest even, and w(i, r) the word of element i with ordinal r:
/// one_bit_per_code: code i is hit where w(i, 0) < T, at set bit number ⌊w(i, 1) × (bits of the mask) / 2^32⌋ of the
/// mask, counted from the lowest. each_bit: bit b of code i flips where w(i, b) < T. A flipped code need not be one
/// that its format has. `out` may be the codes themselves. Throws std::invalid_argument for sizes, a rate outside 0 to
/// 1, a width beyond C's, an empty mask or one with bits above the width, and indices beyond 64 bits.
template <code_type C>
fault_count flip_bits(std::span<const C> codes, const code_bits& stand, std::uint64_t mask, double rate,
                      fault_kind kind, const random_source& source, std::span<C> out);

/// The bits of a float format's part: "sign", "exponent", "significand" (the stored fraction) or "all". Throws
/// std::invalid_argument for another name, or where the format has no such bits.
std::uint64_t flip_mask(const float_format& f, std::string_view part);

}  // namespace halfulp
