// The rounding modes, read off section 2.2 of the contract: an exact fraction f, an inequality each.
#pragma once

#include <cstdint>

#include "format.hpp"
#include "projection.hpp"

namespace oracle {

/// floor(f 2^bits), and f 2^bits rounded to nearest, ties to even.
std::uint64_t floor_of(const rational& f, int bits);
std::uint64_t nearest_even_of(const rational& f, int bits);

/// Does a magnitude in this gap go to the upper neighbour? `negative` is the number's sign, R = `random` has N = `bits` bits.
bool goes_away(mode m, bool negative, const gap& where, std::uint32_t random, int bits);

/// For how many of the 2^bits values of R it does, in closed form; the tests hold it equal to counting for bits <= 8.
std::uint64_t count_away(mode m, bool negative, const gap& where, int bits);

/// The same for a number x as the public function defines it: 0 for NaN, infinities and zeros.
std::uint64_t count_away(mode m, const number& x, const format& target, int bits);

}  // namespace oracle
