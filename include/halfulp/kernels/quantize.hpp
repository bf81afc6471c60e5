// Schemes on arrays: codes and scales out of values, and values out of codes and scales.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "halfulp/blocks/scheme.hpp"
#include "halfulp/kernels/convert.hpp"

namespace halfulp {

/// An array in C order seen from the quantization axis: [outer][length][inner]. The last axis has inner = 1. What only tiles and channels
/// need may be left out: then the last two axes are the quantization axis and its neighbour, and channels are the indices of `outer`.
struct axis_view {
    std::uint64_t outer = 1;
    std::uint64_t length = 0;
    std::uint64_t inner = 1;
    std::uint64_t rows = 0;  ///< of the last two axes, which tiles lie in; 0: not said
    std::uint64_t columns = 0;
    std::uint64_t channel_outer = 0;  ///< the array seen from the channel axis; 0: not said
    std::uint64_t channels = 0;
    std::uint64_t channel_inner = 0;

    [[nodiscard]] constexpr std::uint64_t size() const noexcept { return outer * length * inner; }
};

/// The view of an array of a shape. Axes count from 0, or from -1 backwards. Throws std::invalid_argument for axes that are not there.
axis_view view_of(std::span<const std::uint64_t> shape, int axis = -1, int channel_axis = 0);

struct quantize_options {
    rounding_mode rounding = rounding_mode::nearest_ties_to_even;  ///< of the elements
    std::optional<rounding_mode> scale_rounding;                   ///< none: the recipe's own
    nan_policy nan = nan_policy::to_max;
    ftz_policy ftz = ftz_policy::none;
    int random_bits = 32;
    randomness random{};
    std::span<const double>
        importance{};  ///< for search: a weight for each place along the quantization axis; empty: all alike
    int threads = 1;
};

struct quantize_report {
    std::uint64_t zero_scales = 0;  ///< groups with a positive largest magnitude whose scale rounded to zero
    std::uint64_t saturated = 0;    ///< elements whose rounded magnitude was beyond the largest member
};

/// The scale codes of every level, innermost first, in C order.
using scale_planes = std::vector<std::vector<std::uint64_t>>;

/// How many scales each level has. Level 0 has outer × ceil(length / group) × inner of them for runs, ceil(rows / r) × ceil(columns / c) for each
/// pair of last axes for tiles, in that order.
std::vector<std::uint64_t> scale_counts(const scheme& s, const axis_view& view);

/// Quantizes x. Codes are those of the element format; scales of every level go to `scales`. Errors as in encode().
template <carrier T, code_type C>
quantize_report quantize(std::span<const T> x, const axis_view& view, const scheme& s, std::span<C> codes,
                         scale_planes& scales, const quantize_options& options = {});

/// quantize() and pack() in one: codes of the element's width, dense, in C order (codecs/pack.hpp). `packed` has packed_size() bytes.
/// Errors as in quantize().
template <carrier T>
quantize_report quantize_packed(std::span<const T> x, const axis_view& view, const scheme& s,
                                std::span<std::uint8_t> packed, scale_planes& scales,
                                const quantize_options& options = {});

/// The values of codes and scales: the exact product of the element and all its scales, rounded once to nearest even. Codes that the
/// element does not have are an error, after which `out` may hold anything.
template <carrier T, code_type C>
void dequantize(std::span<const C> codes, const axis_view& view, const scheme& s, const scale_planes& scales,
                std::span<T> out, int threads = 1);

/// unpack() and dequantize() in one: the values of `packed`, which has packed_size(out.size()) bytes, bit for bit. Codes of integers with a
/// sign get it back. No array of codes is made where groups are runs along the axis, or the whole array, and elements of at most 16 bits
/// are neither transformed (hadamard) nor counted from a zero point; all else goes by way of one. Errors as in dequantize(), and where the
/// bytes are too few or too many. Unused bits of the last byte are not looked at.
template <carrier T>
void dequantize_packed(std::span<const std::uint8_t> packed, const axis_view& view, const scheme& s,
                       const scale_planes& scales, std::span<T> out, int threads = 1);

/// dequantize(quantize(x)) in one pass. `out` may be x itself.
template <carrier T>
quantize_report fake_quantize(std::span<const T> x, const axis_view& view, const scheme& s, std::span<T> out,
                              const quantize_options& options = {});

}  // namespace halfulp
