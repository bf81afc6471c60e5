// Pseudo-quantization noise: what stands for the rounding error while a network is trained (DiffQ, arXiv 2104.09987:
// uniform; Gaussian weight sampling, arXiv 2505.11170: a rounded normal variable), from the counter generator.
#pragma once

#include <cstdint>
#include <span>

#include "halfulp/codecs/carrier.hpp"
#include "halfulp/core/random.hpp"

namespace halfulp {

enum class noise_kind : std::uint8_t {
    gaussian,  ///< a standard normal variable halved and rounded to the nearest integer
    uniform,  ///< on (-1/2, 1/2)
};

/// The rounded normal number of a random word, -3 to 3. With Q the upper tail of the normal distribution the thresholds
/// are 2^32 Q(1), 2^32 Q(3) and 2^32 Q(5), rounded: every probability is right within 2^-33, ±4 and beyond (1.3 ×
/// 10^-12 each) never come, and ~word gives the opposite.
constexpr int rounded_normal(std::uint32_t word) noexcept {
    constexpr std::uint32_t tails[] = {681419127u, 5797768u, 1231u};
    int r = 0;
    for (const std::uint32_t tail : tails) {
        if (word < tail) ++r;
        if (~word < tail) --r;
    }
    return r;
}

/// The number n of a random word for which n × 2^-33 is uniform on (-1/2, 1/2): odd, so never zero, and ~word gives -n.
constexpr std::int64_t centred_uniform(std::uint32_t word) noexcept {
    return 2 * std::int64_t{word} + 1 - (std::int64_t{1} << 32);
}

/// The noise itself: element i is that of its word with ordinal 0. Throws std::invalid_argument for indices beyond 64
/// bits.
void fill_noise(noise_kind kind, const random_source& source, std::span<double> out);

/// An array in C order as matrices of rows × columns, cut into blocks; those at the ends may be smaller.
struct noise_blocks {
    std::uint64_t rows = 1;
    std::uint64_t columns = 1;
    std::uint64_t block_rows = 1;
    std::uint64_t block_columns = 1;
};

/// out = w + R × amax × 2^(1 - bits), R the noise and amax the largest magnitude of the block, all exact and rounded
/// once to nearest even; beyond T's range it is infinite. A zero that no noise moves keeps its sign. `out` may be w
/// itself. Throws std::invalid_argument for sizes, blocks that do not fit, bits outside 1 to 32, indices beyond 64
/// bits, and numbers that are not finite.
template <carrier T>
void add_quantization_noise(std::span<const T> w, const noise_blocks& blocks, int bits, noise_kind kind,
                            const random_source& source, std::span<T> out);

}  // namespace halfulp
