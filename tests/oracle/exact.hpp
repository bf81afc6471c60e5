// Exact non-negative rationals for the oracle: unbounded integers, no floating point, no fixed precision.
#pragma once

#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>

namespace oracle {

/// An unbounded integer. 512 is only the size up to which nothing is allocated, never a limit.
using integer =
    boost::multiprecision::number<boost::multiprecision::cpp_int_backend<
                                      512, 0, boost::multiprecision::signed_magnitude, boost::multiprecision::unchecked,
                                      std::allocator<boost::multiprecision::limb_type>>,
                                  boost::multiprecision::et_off>;

/// num / den with num >= 0 and den > 0, not reduced. Signs are kept elsewhere: every rule rounds magnitudes.
struct rational {
    integer num = 0;
    integer den = 1;
};

inline bool is_zero(const rational& x) { return x.num == 0; }

/// x 2^k
inline rational scaled(const rational& x, int k) {
    return k >= 0 ? rational{integer(x.num << static_cast<unsigned>(k)), x.den}
                  : rational{x.num, integer(x.den << static_cast<unsigned>(-k))};
}

inline rational power_of_two(int k) { return scaled(rational{1, 1}, k); }

/// -1, 0 or 1
inline int compare(const rational& x, const rational& y) {
    const integer left = x.num * y.den;
    const integer right = y.num * x.den;
    return left.compare(right) < 0 ? -1 : (left == right ? 0 : 1);
}

inline rational add(const rational& x, const rational& y) {
    return {integer(x.num * y.den + y.num * x.den), integer(x.den * y.den)};
}

inline integer floor(const rational& x) { return integer(x.num / x.den); }

/// The largest e with 2^e <= x, for x > 0.
inline int floor_log2(const rational& x) {
    // 2^(n-1) <= num < 2^n and 2^(d-1) <= den < 2^d, so the answer is n - d or n - d - 1.
    const int guess = static_cast<int>(msb(x.num)) - static_cast<int>(msb(x.den));
    return compare(x, power_of_two(guess)) >= 0 ? guess : guess - 1;
}

/// What a carrier or a format can hold.
struct number {
    enum class kind : std::uint8_t { finite, infinity, nan };
    kind what = kind::finite;
    bool negative = false;
    rational magnitude{};  // of a finite number

    static number finite(bool negative, rational magnitude) { return {kind::finite, negative, std::move(magnitude)}; }
    static number infinity(bool negative) { return {kind::infinity, negative, {}}; }
    static number nan(bool negative = false) { return {kind::nan, negative, {}}; }
    bool is_finite() const { return what == kind::finite; }
    bool is_nan() const { return what == kind::nan; }
};

/// The same number: NaNs are one class, the sign of zero counts.
inline bool same(const number& x, const number& y) {
    if (x.what != y.what) return false;
    if (x.is_nan()) return true;
    return x.negative == y.negative && (!x.is_finite() || compare(x.magnitude, y.magnitude) == 0);
}

}  // namespace oracle
