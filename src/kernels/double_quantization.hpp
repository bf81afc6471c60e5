// Double quantization (QLoRA, arXiv 2305.14314, section 3): the binary32 scales of blocks, less their mean, are themselves quantized by
// blocks into a table. Their own elements are quantized under the scales as they were.
#pragma once

#include <span>
#include <vector>

#include "binary32_recipe.hpp"
#include "float_environment.hpp"
#include "halfulp/arithmetic/exact_sum.hpp"
#include "halfulp/kernels/quantize.hpp"

namespace halfulp::detail {

/// The scheme before its scales are quantized again.
inline scheme without_double_quantization(const scheme& s) {
    scheme plain = s;
    plain.levels.resize(1);
    plain.levels[0].stored = nullptr;
    plain.double_quant = false;
    return plain;
}

/// The scheme of the scales themselves.
inline scheme scheme_of_scales(const scheme& s) {
    scheme own;
    own.element = s.levels[0].stored;
    own.levels = {{s.levels[1].group, s.levels[1].format}};
    own.flat = true;
    own.scale_recipe = s.scale_recipe;
    return own;
}

/// The sum of numbers in the order of a library's vectorized loop (PyTorch's on CPU, one thread): eight lanes, four streams of vectors, each
/// summed by a cascade of four accumulators.
class cascade_sum {
    static constexpr std::size_t lanes = 8;
    static constexpr std::size_t streams = 4;
    using vector = std::array<float, lanes>;

  public:
    static float of(std::span<const float> x) noexcept {
        const std::size_t vectors = x.size() / lanes;
        const std::size_t rows = vectors / streams;
        std::array<vector, streams> sums{};
        for (std::size_t k = 0; k < streams; ++k) sums[k] = stream(x, k, rows);
        for (std::size_t v = rows * streams; v < vectors; ++v) add(sums[0], x, v);
        for (std::size_t k = 1; k < streams; ++k) add(sums[0], sums[k]);
        float total = 0;
        for (std::size_t i = vectors * lanes; i < x.size(); ++i) total += x[i];
        for (const float lane : sums[0]) total += lane;
        return total;
    }

  private:
    static void add(vector& to, const vector& from) noexcept {
        for (std::size_t l = 0; l < lanes; ++l) to[l] += from[l];
    }
    static void add(vector& to, std::span<const float> x, std::size_t v) noexcept {
        for (std::size_t l = 0; l < lanes; ++l) to[l] += x[v * lanes + l];
    }
    static vector stream(std::span<const float> x, std::size_t k, std::size_t rows) noexcept {
        const int bits = rows > 1 ? bit_length(rows - 1) : 0;
        const int power = std::max(4, bits / 4);
        const std::size_t step = std::size_t{1} << power;
        std::array<vector, 4> levels{};
        std::size_t i = 0;
        while (i + step <= rows) {
            for (std::size_t j = 0; j < step; ++j, ++i) add(levels[0], x, i * streams + k);
            for (std::size_t level = 1; level < levels.size(); ++level) {
                add(levels[level], levels[level - 1]);
                levels[level - 1] = {};
                if ((i & ((step - 1) << (level * static_cast<std::size_t>(power)))) != 0) break;
            }
        }
        for (; i < rows; ++i) add(levels[0], x, i * streams + k);
        for (std::size_t level = 1; level < levels.size(); ++level) add(levels[0], levels[level]);
        return levels[0];
    }
};

/// The mean that is taken off: of the finite scales, exact and rounded once, or as the recipe's library sums.
inline float offset_of(std::span<const float> scales, recipe r) noexcept {
    if (r == recipe::bitsandbytes)
        return scales.empty() ? 0.0f : cascade_sum::of(scales) / static_cast<float>(scales.size());
    exact_sum sum;
    std::uint64_t count = 0;
    for (const float scale : scales) {
        if (!(scale < std::numeric_limits<float>::infinity())) continue;
        sum.add(scale);
        ++count;
    }
    if (count == 0) return 0;
    return to_binary32(sum.quotient(count));
}

/// Planes of the result: codes of the table, the outer scales, the offset.
inline scale_planes quantize_scales(std::span<const std::uint64_t> scales, const scheme& s, int threads) {
    std::vector<float> values(scales.size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = from_bits<float>(scales[i]);
    float offset;
    {
        const float_environment environment;
        offset = offset_of(values, s.scale_recipe);
        for (float& value : values) value -= offset;
    }
    std::vector<std::uint16_t> codes(values.size());
    scale_planes outer;
    quantize_options options;
    options.threads = threads;
    quantize(std::span<const float>(values), axis_view{1, values.size(), 1}, scheme_of_scales(s), std::span(codes),
             outer, options);
    return {std::vector<std::uint64_t>(codes.begin(), codes.end()), std::move(outer[0]), {to_bits(offset)}};
}

/// The binary32 scales again: the product rounded, the sum rounded.
inline std::vector<std::uint64_t> dequantize_scales(const scale_planes& planes, const scheme& s, int threads) {
    const std::vector<std::uint16_t> codes(planes[0].begin(), planes[0].end());
    std::vector<float> values(codes.size());
    dequantize(std::span<const std::uint16_t>(codes), axis_view{1, values.size(), 1}, scheme_of_scales(s), {planes[1]},
               std::span(values), threads);
    const float offset = from_bits<float>(planes[2][0]);
    const float_environment environment;
    std::vector<std::uint64_t> scales(values.size());
    for (std::size_t i = 0; i < scales.size(); ++i) scales[i] = to_bits(values[i] + offset);
    return scales;
}

}  // namespace halfulp::detail
