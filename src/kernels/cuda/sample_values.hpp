// Inputs of the validation: the edges of a format, groups of zeros, specials, and bit patterns of a generator.
#pragma once

#include <cstdint>
#include <vector>

#include "halfulp/codecs/codec.hpp"
#include "halfulp/core/random.hpp"

namespace halfulp::cuda {

/// Members of `format` with what lies beside and between them, then patterns: half of them near 1, where most formats are
/// busy, half anywhere, infinities and NaNs among them. At most `count` where the edges are fewer.
template <carrier T>
std::vector<T> sample_values(const float_format& format, std::size_t count, std::uint64_t seed) {
    constexpr float_format own = carrier_traits<T>::format;
    std::vector<T> out;
    const auto add = [&](std::uint64_t bits) { out.push_back(from_bits<T>(bits & own.code_mask())); };
    for (std::uint64_t m = 0; m <= format.max_magnitude() && m < 128; ++m) {
        const std::uint64_t a = to_bits(decode<T>(m, format));
        const std::uint64_t b = to_bits(decode<T>(m < format.max_magnitude() ? m + 1 : m, format));
        for (const std::uint64_t bits : {a, a + 1, a - (a != 0 ? 1 : 0), a + (b - a) / 2, a + (b - a) / 2 + 1}) {
            add(bits);
            add(bits | own.sign_mask());
        }
    }
    const std::uint64_t infinity = own.infinity_magnitude();
    for (const std::uint64_t bits : {std::uint64_t{1}, infinity - 1, infinity, infinity + 1, own.nan_code()}) {
        add(bits);
        add(bits | own.sign_mask());
    }
    const random_source source{.seed = seed};
    for (std::uint64_t i = 0; out.size() < count; ++i) {
        const auto words = source.block(i);
        std::uint64_t bits = std::uint64_t{words[0]} << 32 | words[1];
        if (words[2] % 2 == 0) {
            const auto field = static_cast<std::uint64_t>(own.bias + static_cast<int>(words[3] % 24) - 12);
            bits = (bits & (own.sign_mask() | low_ones(own.mantissa_bits))) | field << own.mantissa_bits;
        }
        add(bits);
    }
    return out;
}

}  // namespace halfulp::cuda
