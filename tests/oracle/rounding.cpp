#include "rounding.hpp"

#include <stdexcept>

namespace oracle {
namespace {

std::uint64_t small(const integer& i) { return static_cast<std::uint64_t>(i); }

}  // namespace

std::uint64_t floor_of(const rational& f, int bits) { return small(floor(scaled(f, bits))); }

std::uint64_t nearest_even_of(const rational& f, int bits) {
    const rational x = scaled(f, bits);
    const integer whole = floor(x);
    const integer twice_rest = 2 * (x.num - whole * x.den);
    const bool up = twice_rest > x.den || (twice_rest == x.den && whole % 2 == 1);
    return small(whole) + (up ? 1 : 0);
}

bool goes_away(mode m, bool negative, const gap& where, std::uint32_t random, int bits) {
    if (where.f.num == 0) return false;  // a member stays: every inequality below says so too, the tests check that
    const integer twice = 2 * where.f.num;
    const bool above_half = twice > where.f.den;
    const bool tie = twice == where.f.den;
    const std::uint64_t all = std::uint64_t{1} << bits;
    const std::uint64_t r = random;
    switch (m) {
        case mode::nearest_ties_to_even: return above_half || (tie && !where.lower_even);
        case mode::nearest_ties_to_odd: return above_half || (tie && where.lower_even);
        case mode::nearest_ties_to_away: return above_half || tie;
        case mode::nearest_ties_to_zero: return above_half;
        case mode::nearest_ties_up: return above_half || (tie && !negative);
        case mode::nearest_ties_down: return above_half || (tie && negative);
        case mode::toward_zero: return false;
        case mode::away_from_zero: return true;
        case mode::toward_positive: return !negative;
        case mode::toward_negative: return negative;
        case mode::to_odd: return where.lower_even;  // neighbours alternate, so the upper one is then odd
        case mode::stochastic_a: return floor_of(where.f, bits) + r >= all;
        case mode::stochastic_b: return floor_of(where.f, bits + 1) + 2 * r + 1 >= 2 * all;
        case mode::stochastic_c: return nearest_even_of(where.f, bits) + r >= all;
        case mode::stochastic_equal: return (r >> (bits - 1)) % 2 == 1;
    }
    throw std::logic_error("oracle: unknown mode");
}

std::uint64_t count_away(mode m, bool negative, const gap& where, int bits) {
    const std::uint64_t all = std::uint64_t{1} << bits;
    switch (m) {
        case mode::stochastic_a: return floor_of(where.f, bits);
        case mode::stochastic_b:  // floor(f 2^N + 1/2)
            return small(floor(add(scaled(where.f, bits), {1, 2})));
        case mode::stochastic_c: return nearest_even_of(where.f, bits);
        case mode::stochastic_equal: return where.f.num == 0 ? 0 : all / 2;
        default: return goes_away(m, negative, where, 0, bits) ? all : 0;
    }
}

std::uint64_t count_away(mode m, const number& x, const format& target, int bits) {
    if (!x.is_finite() || is_zero(x.magnitude)) return 0;
    const gap where = target.locate(x.magnitude);
    if (where.below_all) return std::uint64_t{1} << bits;
    return count_away(m, x.negative, where, bits);
}

}  // namespace oracle
