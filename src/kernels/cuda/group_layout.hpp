// Where the groups of a scheme lie in an array, as plain data that a kernel takes by value.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "halfulp/blocks/exact_ratio.hpp"
#include "halfulp/kernels/quantize.hpp"
#include "thread_context.hpp"

namespace halfulp::cuda {

/// Elements that one thread takes: `count` of them, `stride` apart, all under scale `group` of level 0.
struct group_piece {
    std::uint64_t first;
    std::uint64_t count;
    std::uint64_t stride;
    std::uint64_t group;
};

struct group_layout {
    static constexpr std::uint64_t run = 256;  ///< elements of a piece where all share one scale, or have none

    bool whole = true;  ///< all elements share one scale, or have none
    std::uint64_t size = 0;
    std::uint64_t length = 0;
    std::uint64_t inner = 1;
    std::uint64_t group_length = 0;
    std::uint64_t groups_per_line = 1;
    std::uint64_t pieces = 0;
    std::uint32_t levels = 0;
    std::array<std::uint64_t, max_scale_levels> counts{};   ///< scales of each level
    std::array<std::uint64_t, max_scale_levels> lengths{};  ///< the group of each level, 0: everything
    std::array<float_format, max_scale_levels> formats{};   ///< of the scales

    /// What the kernels here do not do yet. Recipes that give an exponent or an exact quotient they have from scale.hpp.
    static void check_built(const scheme& s) {
        bool runs = true;
        for (const scale_level& level : s.levels) runs = runs && (level.group.is_run() || level.group.is_tensor());
        if (!runs || s.hadamard != 0 || s.search != scale_search::none || s.scale_recipe == recipe::llama_cpp ||
            is_binary32(s.scale_recipe) || is_four_over_six(s.scale_recipe)) {
            throw std::invalid_argument(
                "scheme is " + to_string(s) +
                ", allowed on a GPU: runs or the whole tensor, without hadamard and search, and "
                "recipes that find one scale exactly");
        }
    }

    /// Throws std::invalid_argument for a scheme that validate() or check_built() refuses and for a view of 2^64 elements or more.
    group_layout(const scheme& s, const axis_view& view)
        : whole(s.levels.empty() || s.levels[0].group.is_tensor()),
          size(view.size()),
          length(view.length),
          inner(view.inner),
          levels(static_cast<std::uint32_t>(std::min(s.levels.size(), max_scale_levels))) {
        validate(s);
        check_built(s);
        const std::vector<std::uint64_t> scales = scale_counts(s, view);
        for (std::size_t level = 0; level < levels; ++level) {
            counts[level] = scales[level];
            lengths[level] = s.levels[level].group.length;
            formats[level] = s.levels[level].format;
        }
        if (whole) {
            pieces = size / run + (size % run != 0 ? 1 : 0);
        } else {
            group_length = lengths[0];
            groups_per_line = length / group_length + (length % group_length != 0 ? 1 : 0);
            pieces = counts[0];
        }
    }

    [[nodiscard]] HALFULP_HOST_DEVICE group_piece piece_at(std::uint64_t p) const noexcept {
        if (whole) return {p * run, size - p * run < run ? size - p * run : run, 1, 0};
        const std::uint64_t group = p / inner;
        const std::uint64_t line = group / groups_per_line;
        const std::uint64_t start = group % groups_per_line * group_length;
        const std::uint64_t left = length - start;
        return {(line * length + start) * inner + p % inner, left < group_length ? left : group_length, inner, p};
    }

    /// The scale of level + 1 that scale `index` of `level` lies under.
    [[nodiscard]] HALFULP_HOST_DEVICE std::uint64_t parent(std::uint32_t level, std::uint64_t index) const noexcept {
        return lengths[level + 1] == 0 ? 0 : index / lengths[level + 1];
    }
};

}  // namespace halfulp::cuda
