#include "halfulp/kernels/requantize.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

#include "halfulp/codecs/carrier.hpp"
#include "kernels/lowbit/each_run.hpp"

namespace halfulp {
namespace {

__extension__ using int128 = __int128;

/// x / 2^n to nearest, ties toward +infinity. n from 1 to 62.
constexpr std::int64_t shifted_ties_up(std::int64_t x, int n) noexcept {
    return static_cast<std::int64_t>((int128{x} + (int128{1} << (n - 1))) >> n);
}

/// x / 2^n to nearest, ties away from zero. n from 0 to 31.
constexpr std::int64_t shifted_ties_away(std::int64_t x, int n) noexcept {
    const std::int64_t mask = (std::int64_t{1} << n) - 1;
    const std::int64_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> n) + ((x & mask) > threshold ? 1 : 0);
}

constexpr std::int32_t held_to_32_bits(int128 x) noexcept {
    constexpr int128 least = std::numeric_limits<std::int32_t>::min();
    constexpr int128 most = std::numeric_limits<std::int32_t>::max();
    return static_cast<std::int32_t>(std::clamp(x, least, most));
}

void check_multiplier(std::size_t i, const quantized_multiplier& m) {
    const std::string name = "multipliers[" + std::to_string(i) + "]";
    if (m.multiplier < 0)
        throw std::invalid_argument(name + " is " + std::to_string(m.multiplier) + ", allowed: 0 to 2^31 - 1");
    if (m.shift < -31 || m.shift > 30)
        throw std::invalid_argument(name + " has shift " + std::to_string(m.shift) + ", allowed: -31 to 30");
}

}  // namespace

quantized_multiplier quantize_multiplier(double d) {
    constexpr float_format binary64 = binary64_format;
    const std::uint64_t bits = to_bits(d);
    const std::uint64_t magnitude = bits & binary64.magnitude_mask();
    const auto refuse = [d](const char* allowed) {
        throw std::invalid_argument("multiplier is " + std::to_string(d) + ", allowed: " + allowed);
    };
    if (magnitude >= binary64.infinity_magnitude()) refuse("a finite number");
    if (magnitude == 0) return {};
    if (bits != magnitude) refuse("0 or more");
    const dyadic value = binary64.magnitude_value(magnitude);
    const int length = bit_length(value.significand);
    std::int32_t shift = value.exponent + length;  // d = fraction × 2^shift, 1/2 <= fraction < 1
    if (shift < -31) return {};
    // Normal here, so 53 bits: the fraction times 2^31 is the significand without its last 22.
    std::uint64_t multiplier = (value.significand + (std::uint64_t{1} << 21)) >> 22;
    if (multiplier == std::uint64_t{1} << 31) {
        multiplier >>= 1;
        ++shift;
    }
    if (shift > 30) refuse("what rounds to less than 2^30");
    return {static_cast<std::int32_t>(multiplier), shift};
}

std::int32_t multiply_by(std::int32_t x, const quantized_multiplier& by, requantization how) noexcept {
    const int128 product = int128{x} * by.multiplier;
    if (how == requantization::single) {
        // At most 62 bits and a shift from 1 to 62.
        return held_to_32_bits(shifted_ties_up(static_cast<std::int64_t>(product), 31 - by.shift));
    }
    const int left = std::max(by.shift, 0);
    // The high half of twice the product, nearest, ties up: (2 a b + 2^31) / 2^32 rounded down.
    const int128 high = ((product << left) + (int128{1} << 30)) >> 31;
    if (left > 0) return held_to_32_bits(high);
    return held_to_32_bits(shifted_ties_away(static_cast<std::int64_t>(high), -by.shift));
}

template <requantized Q>
void requantize(std::span<const std::int32_t> accumulators, std::span<const quantized_multiplier> multipliers,
                const fixed_format& to, std::span<Q> out, const requantize_options& options) {
    detail::check_length("out", out.size(), accumulators.size());
    const std::size_t channels = multipliers.size();
    if (channels == 0) throw std::invalid_argument("multipliers is empty, allowed: one, or one for each channel");
    for (std::size_t i = 0; i < channels; ++i) check_multiplier(i, multipliers[i]);
    constexpr int digits = std::numeric_limits<Q>::digits + (std::numeric_limits<Q>::is_signed ? 1 : 0);
    if (to.fraction_bits != 0 || to.width < 1 || to.width > digits || to.is_signed != std::numeric_limits<Q>::is_signed)
        throw std::invalid_argument("the format has " + std::to_string(to.width) + " bits and " +
                                    std::to_string(to.fraction_bits) + " fraction bits, allowed: a" +
                                    (std::numeric_limits<Q>::is_signed ? " signed" : "n unsigned") +
                                    " integer of 1 to " + std::to_string(digits) + " bits");
    const auto most = static_cast<std::int64_t>(to.largest());
    const std::int64_t least = -static_cast<std::int64_t>(to.largest_negative());
    if (options.zero_point < least || options.zero_point > most)
        throw std::invalid_argument("zero_point is " + std::to_string(options.zero_point) +
                                    ", allowed: " + std::to_string(least) + " to " + std::to_string(most));
    if (options.inner == 0 || accumulators.size() % (options.inner * channels) != 0)
        throw std::invalid_argument("inner is " + std::to_string(options.inner) + " with " + std::to_string(channels) +
                                    " multipliers, allowed: a product that divides the " +
                                    std::to_string(accumulators.size()) + " accumulators");
    for (std::size_t i = 0; i < accumulators.size(); ++i) {
        const std::size_t channel = channels == 1 ? 0 : static_cast<std::size_t>(i / options.inner) % channels;
        const std::int64_t q =
            options.zero_point + multiply_by(accumulators[i], multipliers[channel], options.rounding);
        out[i] = static_cast<Q>(std::clamp(q, least, most));
    }
}

template void requantize(std::span<const std::int32_t>, std::span<const quantized_multiplier>, const fixed_format&,
                         std::span<std::int8_t>, const requantize_options&);
template void requantize(std::span<const std::int32_t>, std::span<const quantized_multiplier>, const fixed_format&,
                         std::span<std::uint8_t>, const requantize_options&);
template void requantize(std::span<const std::int32_t>, std::span<const quantized_multiplier>, const fixed_format&,
                         std::span<std::int16_t>, const requantize_options&);
template void requantize(std::span<const std::int32_t>, std::span<const quantized_multiplier>, const fixed_format&,
                         std::span<std::uint16_t>, const requantize_options&);
template void requantize(std::span<const std::int32_t>, std::span<const quantized_multiplier>, const fixed_format&,
                         std::span<std::int32_t>, const requantize_options&);

}  // namespace halfulp
