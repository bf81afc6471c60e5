// A scheme: an element format, and levels of scales over groups of them, innermost first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "halfulp/blocks/recipe.hpp"
#include "halfulp/formats/format.hpp"

namespace halfulp {

inline constexpr std::uint64_t max_group_length = 0xFFFFFFFF;

/// What shares one scale. Level 0 groups elements: runs along the quantization axis, tiles of the last two axes, channels, or all of them.
/// Every further level groups the scales of the level before it, in C order.
struct scale_group {
    std::uint64_t length = 0;  ///< of a run, or a tile's columns; 0 for a channel and for the whole tensor
    std::uint64_t rows = 0;    ///< of a tile, else 0
    bool channel = false;      ///< one group for each index of the channel axis

    [[nodiscard]] constexpr bool is_tile() const noexcept { return rows != 0; }
    [[nodiscard]] constexpr bool is_tensor() const noexcept { return length == 0 && !channel; }
    [[nodiscard]] constexpr bool is_run() const noexcept { return length != 0 && rows == 0; }
    friend constexpr bool operator==(const scale_group&, const scale_group&) = default;
};

struct scale_level {
    scale_group group;
    float_format format;
    /// Double quantization: the table that stores these scales, less their mean; `format` is what they are then again.
    std::shared_ptr<const codebook> stored = nullptr;

    /// Width of a stored scale.
    [[nodiscard]] int bits() const noexcept { return stored ? stored->bits() : format.bits(); }
    friend bool operator==(const scale_level&, const scale_level&) = default;
};

/// How the innermost scales are chosen after the recipe has found them.
enum class scale_search : std::uint8_t {
    none,
    mse,  ///< among scales near the recipe's, the one that leaves the smallest squared error in the group
};

/// A bare format is a scheme without levels.
struct scheme {
    format element;
    std::vector<scale_level> levels;
    recipe scale_recipe = recipe::standard;
    scale_search search = scale_search::none;
    std::uint32_t hadamard = 0;  ///< length of the runs that are transformed before quantization; 0: none
    std::uint64_t signs = 0;     ///< seed of the transform's random signs
    bool flat = false;           ///< the array is seen as one long axis in C order
    bool zero_point = false;     ///< affine integers: each scale comes with the integer that stands for zero
    bool double_quant =
        false;   ///< the scales, less their mean, are quantized again (QLoRA, arXiv 2305.14314, section 3)
    std::uint32_t percentile =
        0;  ///< in 1/10000 of a percent: scales come from this percentile of magnitudes; 0: from the largest
    friend bool operator==(const scheme&, const scheme&) = default;
};

inline constexpr std::uint32_t max_hadamard = 4096;

/// Power-of-two scales without a zero (E8M0's family) take the recipe `ocp_floor` unless told otherwise.
constexpr bool is_power_of_two_scale(const float_format& format) noexcept {
    return format.low() == low_binade::normals_no_zero;
}

/// Are its scales means of magnitudes?
bool scales_are_means(const scheme& s);

/// Which recipes a scheme may take; none where it has no named ones.
std::optional<recipe_shape> shape_for_recipes(const scheme& s);

/// Parses element{/group:format}[@options] or a published scheme's name. Throws std::invalid_argument.
scheme parse_scheme(std::string_view text);

/// The canonical text: a published name where the scheme has one.
std::string to_string(const scheme& s);

/// Checks what the grammar alone cannot: the number of levels, an outer level over power-of-two scales.
void validate(const scheme& s);

/// Bits per element with scales counted, for an array so large that what it has once does not count.
double bits_per_element(const scheme& s);

/// Expands braces as a shell does: "e{2..3}m1f" to "e2m1f", "e3m1f"; "{16,32}"; braces may nest. Throws where they do not
/// match or where more than `limit` texts would come out.
std::vector<std::string> expand_braces(std::string_view text, std::size_t limit = 100000);

/// The published schemes by name, with what they stand for.
struct published_scheme {
    std::string_view name;
    std::string_view text;
    std::string_view source;
};
std::vector<published_scheme> published_schemes();

}  // namespace halfulp
