#include "binary32.hpp"

#include <cmath>
#include <cstdlib>

#include "halfulp/core/bits.hpp"

namespace halfulp::detail {

double nearest_binary32(bool negative, std::uint64_t numerator, std::uint64_t denominator, int exponent) {
    if (numerator == 0) return 0;
    // A quotient of 26 or 27 bits: 24 to keep, and at least two that a tie and the rest are seen in.
    constexpr int kept = 24;
    const int shift = kept + 2 - (bit_length(numerator) - bit_length(denominator));
    const uint128 n = shift > 0 ? uint128{numerator} << shift : uint128{numerator};
    const uint128 d = shift < 0 ? uint128{denominator} << -shift : uint128{denominator};
    const auto quotient = static_cast<std::uint64_t>(n / d);
    const bool more = n % d != 0;
    const int dropped = bit_length(quotient) - kept;
    const std::uint64_t rest = quotient & low_ones(dropped);
    const std::uint64_t half = std::uint64_t{1} << (dropped - 1);
    std::uint64_t significand = quotient >> dropped;
    if (rest > half || (rest == half && (more || (significand & 1) != 0))) ++significand;
    // At most 2^24, and the result is normal: neither step rounds.
    const double magnitude = std::ldexp(static_cast<double>(significand), dropped - shift + exponent);
    return negative ? -magnitude : magnitude;
}

std::int64_t on_grid(double x) { return static_cast<std::int64_t>(std::ldexp(x, grid_places)); }

double from_grid(std::int64_t k) {
    return nearest_binary32(k < 0, static_cast<std::uint64_t>(std::abs(k)), 1, -grid_places);
}

std::vector<double> linspace_binary32(double start, double end, int count) {
    const std::int64_t first = on_grid(start);
    const std::int64_t last = on_grid(end);
    const std::int64_t difference = on_grid(from_grid(last - first));
    const auto parts = static_cast<std::uint64_t>(count - 1);
    const double step_value =
        nearest_binary32(difference < 0, static_cast<std::uint64_t>(std::abs(difference)), parts, -grid_places);
    const std::int64_t step = on_grid(step_value);
    std::vector<double> out;
    for (int i = 0; i < count; ++i) {
        out.push_back(from_grid(i < count / 2 ? first + step * i : last - step * (count - 1 - i)));
    }
    return out;
}

}  // namespace halfulp::detail
