#include "halfulp/kernels/quantization_noise.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include "halfulp/kernels/randomness.hpp"
#include "kernels/checks.hpp"
#include "kernels/lowbit/each_run.hpp"
#include "kernels/lowbit/exact_rounding.hpp"

namespace halfulp {
namespace {

constexpr std::size_t chunk = 1024;

/// Calls body(index, word) for the word of every element.
template <class Body>
void with_words(const random_source& source, std::size_t size, const Body& body) {
    std::array<std::uint32_t, chunk> words;
    for (std::size_t first = 0; first < size; first += chunk) {
        const std::size_t n = std::min(chunk, size - first);
        fill_words(source, first, 0, std::span(words).first(n));
        for (std::size_t i = 0; i < n; ++i) body(first + i, words[i]);
    }
}

void check(const noise_blocks& blocks, std::size_t size, int bits) {
    const auto refuse = [](const std::string& name, std::uint64_t value, const std::string& allowed) {
        throw std::invalid_argument(name + " is " + std::to_string(value) + ", allowed: " + allowed);
    };
    if (bits < 1 || bits > 32) throw std::invalid_argument("bits is " + std::to_string(bits) + ", allowed: 1 to 32");
    if (blocks.block_rows == 0) refuse("block_rows", 0, "1 or more");
    if (blocks.block_columns == 0) refuse("block_columns", 0, "1 or more");
    if (size == 0) return;
    if (blocks.columns == 0 || size % blocks.columns != 0)
        refuse("columns", blocks.columns, "a divisor of the " + std::to_string(size) + " elements");
    if (blocks.rows == 0 || size / blocks.columns % blocks.rows != 0)
        refuse("rows", blocks.rows, "a divisor of the " + std::to_string(size / blocks.columns) + " rows in all");
}

}  // namespace

void fill_noise(noise_kind kind, const random_source& source, std::span<double> out) {
    detail::check_offset(source.offset, out.size());
    with_words(source, out.size(), [&](std::size_t i, std::uint32_t word) {
        // Both are exact in binary64.
        out[i] = kind == noise_kind::gaussian ? static_cast<double>(rounded_normal(word))
                                              : static_cast<double>(centred_uniform(word)) * 0x1p-33;
    });
}

template <carrier T>
void add_quantization_noise(std::span<const T> w, const noise_blocks& blocks, int bits, noise_kind kind,
                            const random_source& source, std::span<T> out) {
    detail::check_sizes(w.size(), out.size());
    check(blocks, w.size(), bits);
    detail::check_offset(source.offset, w.size());
    detail::check_finite("w", w);
    const auto block_of = [&](std::size_t i) {
        const std::uint64_t in_row = (blocks.columns - 1) / blocks.block_columns + 1;
        const std::uint64_t in_column = (blocks.rows - 1) / blocks.block_rows + 1;
        const std::uint64_t row = i / blocks.columns;
        const std::uint64_t down = row / blocks.rows * in_column + row % blocks.rows / blocks.block_rows;
        return static_cast<std::size_t>(down * in_row + i % blocks.columns / blocks.block_columns);
    };
    constexpr float_format own = carrier_traits<T>::format;
    std::vector<std::uint64_t> largest(w.empty() ? 0 : block_of(w.size() - 1) + 1);
    for (std::size_t i = 0; i < w.size(); ++i) {
        // Magnitudes are in the order of their codes.
        std::uint64_t& most = largest[block_of(i)];
        most = std::max(most, to_bits(w[i]) & own.magnitude_mask());
    }
    with_words(source, w.size(), [&](std::size_t i, std::uint32_t word) {
        const std::int64_t n = kind == noise_kind::gaussian ? rounded_normal(word) : centred_uniform(word);
        const dyadic amax = own.magnitude_value(largest[block_of(i)]);
        if (n == 0 || amax.significand == 0) {
            out[i] = w[i];
            return;
        }
        const int unit = 1 - bits - (kind == noise_kind::uniform ? 33 : 0);
        const auto magnitude = static_cast<std::uint64_t>(n < 0 ? -n : n);
        const auto sum = detail::add_exactly(detail::term_of(w[i]),
                                             {n < 0, uint128{amax.significand} * magnitude, amax.exponent + unit});
        out[i] = detail::rounded<T>(sum.negative, sum.value);
    });
}

template void add_quantization_noise(std::span<const float16>, const noise_blocks&, int, noise_kind,
                                     const random_source&, std::span<float16>);
template void add_quantization_noise(std::span<const bfloat16>, const noise_blocks&, int, noise_kind,
                                     const random_source&, std::span<bfloat16>);
template void add_quantization_noise(std::span<const float>, const noise_blocks&, int, noise_kind, const random_source&,
                                     std::span<float>);
template void add_quantization_noise(std::span<const double>, const noise_blocks&, int, noise_kind,
                                     const random_source&, std::span<double>);

}  // namespace halfulp
