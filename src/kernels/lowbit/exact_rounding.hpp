// Exact results rounded once to a carrier.
#pragma once

#include <cstdint>
#include <utility>

#include "halfulp/arithmetic/exact_sum.hpp"
#include "halfulp/codecs/codec.hpp"

namespace halfulp::detail {

/// ±value in T. Beyond T's range: by `overflow`.
template <carrier T>
constexpr T rounded(bool negative, const extended& value, rounding_mode mode = rounding_mode::nearest_ties_to_even,
                    overflow_policy overflow = overflow_policy::native) noexcept {
    const projector to(carrier_traits<T>::format, {.rounding = mode, .overflow = overflow});
    return to_value<T>(to.finite(negative, value.significand, value.exponent, value.sticky, 0));
}

/// A scale or a mean of a run, in binary32 as scales of schemes are: nearest even, saturating.
constexpr float rounded_scale(const exact_sum& sum, std::uint64_t count) noexcept {
    return rounded<float>(sum.negative(), sum.quotient(count), rounding_mode::nearest_ties_to_even,
                          overflow_policy::sat_finite);
}

/// ±significand × 2^exponent.
struct exact_term {
    bool negative;
    uint128 significand;
    std::int32_t exponent;
};

struct signed_extended {
    bool negative;
    extended value;
};

/// a + b of terms with at most 100 bits, a zero sum being +0.
///
/// The larger one is brought to 126 bits. Bits of the other one that then fall below are lost only where its leading
/// bit stands at least 26 places lower, so the sum keeps 125 bits and `sticky` says the rest: in a difference the
/// number lies above (large - kept - 1), by less than its last bit.
constexpr signed_extended add_exactly(exact_term a, exact_term b) noexcept {
    if (a.significand == 0) std::swap(a, b);
    if (b.significand == 0) return {a.negative && a.significand != 0, {a.significand, a.exponent, false}};
    if (a.exponent + bit_length_of(a.significand) < b.exponent + bit_length_of(b.significand)) std::swap(a, b);
    const int up = 126 - bit_length_of(a.significand);
    const uint128 large = a.significand << up;
    const std::int32_t exponent = a.exponent - up;
    const std::int32_t down = exponent - b.exponent;
    uint128 small = 0;
    bool lost = false;
    if (down <= 0) {
        small = b.significand << -down;
    } else {
        small = down < 128 ? b.significand >> down : 0;
        lost = down >= 128 || (small << down) != b.significand;
    }
    if (a.negative == b.negative) return {a.negative, {large + small, exponent, lost}};
    if (large == small && !lost) return {false, {0, 0, false}};
    if (large < small) return {b.negative, {small - large, exponent, false}};
    return {a.negative, {large - small - (lost ? 1 : 0), exponent, lost}};
}

/// A finite number of a carrier as a term.
template <carrier T>
constexpr exact_term term_of(T x) noexcept {
    const dyadic value = carrier_traits<T>::format.finite_value(to_bits(x));
    return {value.negative, value.significand, value.exponent};
}

}  // namespace halfulp::detail
