// Inputs that the kernel tests share: edges of the carrier and of a format, and random bit patterns.
#pragma once

#include <random>
#include <vector>

#include "halfulp/codecs/codec.hpp"

namespace halfulp::tests {

/// `count` random bit patterns of a carrier (specials only where `specials_too`), after the edges of `format`: members, points just
/// beside them, and points half-way between.
template <carrier T>
std::vector<T> samples(const float_format& format, std::size_t count, bool specials_too, unsigned seed) {
    constexpr float_format own = carrier_traits<T>::format;
    std::vector<T> out;
    const auto add = [&](std::uint64_t bits) {
        const bool special = (bits & own.magnitude_mask()) >= own.infinity_magnitude();
        if (!special || specials_too) out.push_back(from_bits<T>(bits));
    };
    for (std::uint64_t m = 0; m <= format.max_magnitude() && m < 200; ++m) {
        const std::uint64_t a = to_bits(decode<T>(m, format));
        const std::uint64_t b = to_bits(decode<T>(m + 1 <= format.max_magnitude() ? m + 1 : m, format));
        for (const std::uint64_t bits : {a, a + 1, a == 0 ? a : a - 1, a + (b - a) / 2, a + (b - a) / 2 + 1}) {
            add(bits);
            add(bits | own.sign_mask());
        }
    }
    for (std::uint64_t bits :
         {std::uint64_t{1}, own.infinity_magnitude() - 1, own.infinity_magnitude(), own.nan_code()}) {
        add(bits);
        add(bits | own.sign_mask());
    }
    std::mt19937_64 random(seed);
    while (out.size() < count) {
        // Half of them near 1, where most formats are busy; half anywhere.
        std::uint64_t bits = random() & own.code_mask();
        if (random() % 2 == 0) {
            const std::uint64_t field = static_cast<std::uint64_t>(own.bias + static_cast<int>(random() % 24) - 12);
            bits = (bits & (own.sign_mask() | low_ones(own.mantissa_bits))) | field << own.mantissa_bits;
        }
        add(bits);
    }
    return out;
}

}  // namespace halfulp::tests
