// The rounding modes (IEEE P3109 v4.0 and IEEE 754-2019 names) and the one decision that they are: does this number
// go to the neighbour away from zero?
//
// Let a <= |x| < b be the adjacent members in magnitude and f = (|x| - a) / (b - a), so 0 <= f < 1.
// R is a random integer of N bits.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "halfulp/core/bits.hpp"

namespace halfulp {

enum class rounding_mode : std::uint8_t {
    nearest_ties_to_even,  ///< roundTiesToEven
    nearest_ties_to_away,  ///< roundTiesToAway
    nearest_ties_to_zero,  ///< roundTiesTowardZero
    nearest_ties_to_odd,
    nearest_ties_up,       ///< ties toward +infinity
    nearest_ties_down,     ///< ties toward -infinity
    toward_zero,           ///< roundTowardZero
    away_from_zero,
    toward_positive,       ///< roundTowardPositive
    toward_negative,       ///< roundTowardNegative
    to_odd,                ///< inexact: the neighbour that is not even
    stochastic_a,          ///< away when floor(f 2^N) + R >= 2^N
    stochastic_b,          ///< away when floor(f 2^(N+1)) + 2R + 1 >= 2^(N+1)
    stochastic_c,          ///< away when RNE(f 2^N) + R >= 2^N
    stochastic_equal,      ///< inexact: away when the top bit of R is 1
};

struct rounding_mode_row {
    rounding_mode mode;
    std::string_view name;
    std::string_view alias;  ///< empty where there is none
};

/// Every mode with its name and its short name; lists elsewhere iterate over this one.
inline constexpr std::array<rounding_mode_row, 15> rounding_modes{{
    {rounding_mode::nearest_ties_to_even, "nearest_ties_to_even", "rne"},
    {rounding_mode::nearest_ties_to_away, "nearest_ties_to_away", "rna"},
    {rounding_mode::nearest_ties_to_zero, "nearest_ties_to_zero", "rnz"},
    {rounding_mode::nearest_ties_to_odd, "nearest_ties_to_odd", "rno"},
    {rounding_mode::nearest_ties_up, "nearest_ties_up", "rnu"},
    {rounding_mode::nearest_ties_down, "nearest_ties_down", "rnd"},
    {rounding_mode::toward_zero, "toward_zero", "rz"},
    {rounding_mode::away_from_zero, "away_from_zero", "ra"},
    {rounding_mode::toward_positive, "toward_positive", "ru"},
    {rounding_mode::toward_negative, "toward_negative", "rd"},
    {rounding_mode::to_odd, "to_odd", "ro"},
    {rounding_mode::stochastic_a, "stochastic_a", "sr"},
    {rounding_mode::stochastic_b, "stochastic_b", ""},
    {rounding_mode::stochastic_c, "stochastic_c", ""},
    {rounding_mode::stochastic_equal, "stochastic_equal", "sre"},
}};

/// Does the mode read random bits?
constexpr bool is_stochastic(rounding_mode mode) noexcept { return mode >= rounding_mode::stochastic_a; }

/// f as a 64-bit binary fraction: floor(f 2^64) with every nonzero bit below jammed into bit 0. No mode looks at more
/// than the first N + 1 <= 33 bits and whether anything follows them, so the jam loses nothing.
using fraction64 = std::uint64_t;
inline constexpr fraction64 one_half = std::uint64_t{1} << 63;

/// Does a number with fraction f above its neighbour toward zero go to the neighbour away from zero?
/// `lower_is_odd`: the neighbour toward zero is not even. Exact numbers (f = 0) never move.
/// `random` holds R, `random_bits` is N; deterministic modes ignore both.
constexpr bool rounds_away(rounding_mode mode, bool negative, bool lower_is_odd, fraction64 f, std::uint32_t random,
                           int random_bits) noexcept {
    switch (mode) {
        case rounding_mode::nearest_ties_to_even: return f > one_half || (f == one_half && lower_is_odd);
        case rounding_mode::nearest_ties_to_away: return f >= one_half;
        case rounding_mode::nearest_ties_to_zero: return f > one_half;
        case rounding_mode::nearest_ties_to_odd: return f > one_half || (f == one_half && !lower_is_odd);
        case rounding_mode::nearest_ties_up: return f > one_half || (f == one_half && !negative);
        case rounding_mode::nearest_ties_down: return f > one_half || (f == one_half && negative);
        case rounding_mode::toward_zero: return false;
        case rounding_mode::away_from_zero: return f != 0;
        case rounding_mode::toward_positive: return f != 0 && !negative;
        case rounding_mode::toward_negative: return f != 0 && negative;
        case rounding_mode::to_odd: return f != 0 && !lower_is_odd;
        case rounding_mode::stochastic_a: return (f >> (64 - random_bits)) + random >= std::uint64_t{1} << random_bits;
        case rounding_mode::stochastic_b:
            return (f >> (63 - random_bits)) + 2 * std::uint64_t{random} + 1 >= std::uint64_t{2} << random_bits;
        case rounding_mode::stochastic_c: {
            const std::uint64_t kept = f >> (64 - random_bits);
            const std::uint64_t rest = f << random_bits;
            const bool up = rest > one_half || (rest == one_half && (kept & 1) != 0);
            return kept + std::uint64_t{up} + random >= std::uint64_t{1} << random_bits;
        }
        case rounding_mode::stochastic_equal: return f != 0 && ((random >> (random_bits - 1)) & 1) != 0;
    }
    return false;
}

/// How many of the 2^N values of R send f away from zero: the exact probability times 2^N. Deterministic modes: 0 or 2^N.
constexpr std::uint64_t count_away(rounding_mode mode, bool negative, bool lower_is_odd, fraction64 f,
                                   int random_bits) noexcept {
    const std::uint64_t all = std::uint64_t{1} << random_bits;
    switch (mode) {
        case rounding_mode::stochastic_a: return f >> (64 - random_bits);
        // floor(f 2^N + 1/2): R counts when 2R + 1 >= 2^(N+1) - k with k = floor(f 2^(N+1)), that is for the last ceil(k / 2) of them.
        case rounding_mode::stochastic_b: return ((f >> (63 - random_bits)) + 1) / 2;
        case rounding_mode::stochastic_c: {
            const std::uint64_t kept = f >> (64 - random_bits);
            const std::uint64_t rest = f << random_bits;
            return kept + std::uint64_t{rest > one_half || (rest == one_half && (kept & 1) != 0)};
        }
        case rounding_mode::stochastic_equal: return f != 0 ? all / 2 : 0;
        default: return rounds_away(mode, negative, lower_is_odd, f, 0, random_bits) ? all : 0;
    }
}

}  // namespace halfulp
