// Requantization of integer accumulators by a fixed-point multiplier, as gemmlowp and TensorFlow Lite define it.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>

#include "halfulp/formats/fixed_format.hpp"

namespace halfulp {

/// The number multiplier × 2^(shift - 31): multiplier 0, or from 2^30 to 2^31 - 1; shift from -31 to 30.
struct quantized_multiplier {
    std::int32_t multiplier = 0;
    std::int32_t shift = 0;
    friend constexpr bool operator==(const quantized_multiplier&, const quantized_multiplier&) = default;
};

/// The multiplier nearest to d, ties away from zero; what is below 2^-32 is zero (TensorFlow Lite's QuantizeMultiplier,
/// by integers). Throws std::invalid_argument unless 0 <= d and d rounds to less than 2^30.
quantized_multiplier quantize_multiplier(double d);

enum class requantization : std::uint8_t {
    gemmlowp,  ///< two roundings: the high half of the doubled product to nearest, ties up; then the right shift to nearest, ties away
    single,  ///< one rounding of the whole product: to nearest, ties up (ruy; TFLITE_SINGLE_ROUNDING)
};

/// x times the multiplier, held to 32 bits. The peers leave undefined what overflows 32 bits on the way; here it does
/// not, since the product is formed in 128.
std::int32_t multiply_by(std::int32_t x, const quantized_multiplier& by, requantization how) noexcept;

template <class Q>
concept requantized = std::same_as<Q, std::int8_t> || std::same_as<Q, std::uint8_t> || std::same_as<Q, std::int16_t> ||
                      std::same_as<Q, std::uint16_t> || std::same_as<Q, std::int32_t>;

/// Where channels lie: value i belongs to channel (i / inner) mod (number of multipliers).
struct requantize_options {
    requantization rounding = requantization::gemmlowp;
    std::int64_t zero_point = 0;
    std::uint64_t inner = 1;
};

/// out = clamp(zero_point + accumulators × multiplier). One multiplier, or one for each channel. `to` is an integer
/// format whose codes Q holds. Throws std::invalid_argument for sizes, multipliers, a format or a zero point out of
/// range.
template <requantized Q>
void requantize(std::span<const std::int32_t> accumulators, std::span<const quantized_multiplier> multipliers,
                const fixed_format& to, std::span<Q> out, const requantize_options& options = {});

}  // namespace halfulp
