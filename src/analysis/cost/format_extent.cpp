#include "halfulp/analysis/format_extent.hpp"

#include <algorithm>
#include <bit>

#include "halfulp/core/bits.hpp"

namespace halfulp {
namespace {

/// The same number with an odd significand; zero as it is.
dyadic stripped(dyadic x) {
    if (x.significand == 0) return x;
    const int zeros = std::countr_zero(x.significand);
    return {x.negative, x.significand >> zeros, x.exponent + zeros};
}

/// Exponent of the first bit set.
std::int32_t top_of(const dyadic& x) { return x.exponent + bit_length(x.significand) - 1; }

/// How many places significands of `bits` bits take, from the last one at `quantum` to the one of the largest
/// magnitude.
std::int32_t places(const dyadic& least, const dyadic& greatest, std::int32_t quantum, int bits) {
    std::int32_t top = quantum + bits - 1;
    if (least.significand != 0) top = std::max(top, top_of(least));
    if (greatest.significand != 0) top = std::max(top, top_of(greatest));
    return top - bits + 1 - quantum + 1;
}

/// Least and greatest of a format that is symmetric where it has a sign, and has no negative members otherwise.
format_extent between(bool is_signed, dyadic smallest, dyadic largest, std::int32_t quantum, int bits) {
    const dyadic least = is_signed ? dyadic{true, largest.significand, largest.exponent} : smallest;
    return {least, largest, quantum, bits, places(least, largest, quantum, bits)};
}

format_extent of(const float_format& f) {
    // Of two magnitude codes in a row one ends in an odd place of the lowest binade; where there is one alone, it
    // decides.
    const std::uint64_t first = f.min_positive_magnitude();
    const std::uint64_t last = f.max_magnitude();
    std::int32_t quantum = stripped(f.magnitude_value(first)).exponent;
    if (first < last) quantum = std::min(quantum, stripped(f.magnitude_value(first + 1)).exponent);
    int bits = f.precision();
    // A format whose last member is the first normal one, or below, has no full significand that is odd.
    if (last <= f.hidden_bit()) {
        bits = 1;
        for (std::uint64_t m = first; m <= last; ++m) {
            bits = std::max(bits, bit_length(stripped(f.magnitude_value(m)).significand));
        }
    }
    return between(f.is_signed, f.magnitude_value(0), f.magnitude_value(last), quantum, bits);
}

format_extent of(const fixed_format& f) {
    const std::int32_t quantum = -std::int32_t{f.fraction_bits};
    const int bits = std::max(bit_length(f.largest()), 1);
    const dyadic least{f.largest_negative() != 0, f.largest_negative(), quantum};
    const dyadic greatest{false, f.largest(), quantum};
    return {least, greatest, quantum, bits, places(least, greatest, quantum, bits)};
}

format_extent of(const posit_format& f) {
    // Members lie closest together at minpos, and have most fraction bits at 1: the regime takes two bits there.
    const int bits = std::max(f.width - 2 - f.exponent_bits, 1);
    return between(true, {}, {false, 1, f.max_exponent()}, -f.max_exponent(), bits);
}

format_extent of(const codebook& f) {
    std::int32_t quantum = 0;
    int bits = 1;
    bool first = true;
    for (const codebook_member& member : f.members()) {
        const dyadic x = stripped(member.value);
        if (x.significand == 0) continue;
        quantum = first ? x.exponent : std::min(quantum, x.exponent);
        bits = std::max(bits, bit_length(x.significand));
        first = false;
    }
    const dyadic least = f.members().front().value;
    const dyadic greatest = f.members().back().value;
    return {least, greatest, quantum, bits, places(least, greatest, quantum, bits)};
}

}  // namespace

format_extent extent_of(const format& f) {
    return f.visit([](const auto& is) { return of(is); });
}

int fixed_point_bits(const format_extent& e) {
    int bits = 1;
    const bool is_signed = e.least.negative && e.least.significand != 0;
    if (e.greatest.significand != 0 && !e.greatest.negative) {
        bits = top_of(e.greatest) - e.quantum + 1 + int{is_signed};
    }
    if (is_signed) {
        // -2^k needs one bit less than other magnitudes of its length.
        const bool is_power = std::has_single_bit(e.least.significand);
        bits = std::max(bits, top_of(e.least) - e.quantum + (is_power ? 1 : 2));
    }
    return bits;
}

}  // namespace halfulp
