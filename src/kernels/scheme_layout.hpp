// Where the groups of a scheme lie in an array: which elements share a scale, which scales share an outer one.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "halfulp/blocks/scaled_element.hpp"
#include "halfulp/kernels/quantize.hpp"

namespace halfulp::detail {

constexpr std::uint64_t ceil_div(std::uint64_t a, std::uint64_t b) noexcept { return a / b + (a % b != 0 ? 1 : 0); }

/// A run of elements that threads take whole: `count` rows of `lanes` neighbouring elements, `stride` elements apart.
/// Lane k of it belongs to group `group + k`.
struct piece {
    std::uint64_t first;
    std::uint64_t count;
    std::uint64_t stride;
    std::uint64_t lanes;
    std::uint64_t group;
};

class scheme_layout {
  public:
    static constexpr std::uint64_t lane_block = 1024;  ///< the most lanes of a piece: what is kept per lane stays small

    scheme_layout(const scheme& s, const axis_view& view) : levels_(s.levels), view_(view) {
        check_view(view);
        whole_ = levels_.empty() || levels_[0].group.is_tensor();
        group_length_ = whole_ ? tensor_piece : levels_[0].group.length;
        groups_per_line_ = whole_ ? 1 : ceil_div(view.length, group_length_);
        lane_blocks_ = ceil_div(view.inner, lane_block);
        pieces_ = whole_ ? ceil_div(view.size(), tensor_piece) : view.outer * groups_per_line_ * lane_blocks_;
        for (std::size_t level = 0; level < levels_.size(); ++level) {
            if (level == 0) {
                counts_.push_back(whole_ ? 1 : view.outer * groups_per_line_ * view.inner);
            } else {
                const scale_group& group = levels_[level].group;
                counts_.push_back(group.is_tensor() ? 1 : ceil_div(counts_.back(), group.length));
            }
        }
    }

    /// How many scales each level has.
    [[nodiscard]] const std::vector<std::uint64_t>& counts() const noexcept { return counts_; }
    [[nodiscard]] std::uint64_t pieces() const noexcept { return pieces_; }
    /// Do all elements share one scale (or have none)?
    [[nodiscard]] bool whole() const noexcept { return whole_; }

    [[nodiscard]] piece piece_at(std::uint64_t p) const noexcept {
        if (whole_) return {p * tensor_piece, std::min(tensor_piece, view_.size() - p * tensor_piece), 1, 1, 0};
        const std::uint64_t lane = p % lane_blocks_ * lane_block;
        const std::uint64_t group = p / lane_blocks_;
        const std::uint64_t line = group / groups_per_line_;
        const std::uint64_t start = group % groups_per_line_ * group_length_;
        return {(line * view_.length + start) * view_.inner + lane, std::min(group_length_, view_.length - start),
                view_.inner, std::min(lane_block, view_.inner - lane), group * view_.inner + lane};
    }

    /// How many pieces from p on, before `end`, have as many elements as the first and follow one another without a gap. For groups
    /// along the last axis.
    [[nodiscard]] std::uint64_t alike(std::uint64_t p, std::uint64_t end) const noexcept {
        if (whole_) return 1;
        if (groups_per_line_ == 1 || view_.length % group_length_ == 0) return end - p;
        const std::uint64_t whole_ones = groups_per_line_ - 1 - p % groups_per_line_;  // a line's last one is shorter
        return whole_ones == 0 ? 1 : std::min(whole_ones, end - p);
    }

    /// All elements of one group of level 0.
    [[nodiscard]] piece group_at(std::uint64_t group) const noexcept {
        if (whole_) return {0, view_.size(), 1, 1, 0};
        const std::uint64_t lane = group % view_.inner;
        const std::uint64_t along = group / view_.inner;
        const std::uint64_t start = along % groups_per_line_ * group_length_;
        return {(along / groups_per_line_ * view_.length + start) * view_.inner + lane,
                std::min(group_length_, view_.length - start), view_.inner, 1, group};
    }

    /// Where element `index` lies along the quantization axis.
    [[nodiscard]] std::uint64_t place_along(std::uint64_t index) const noexcept {
        return index / view_.inner % view_.length;
    }

    /// The scale of level + 1 that scale `index` of `level` lies under.
    [[nodiscard]] std::uint64_t parent(std::size_t level, std::uint64_t index) const noexcept {
        const scale_group& group = levels_[level + 1].group;
        return group.is_tensor() ? 0 : index / group.length;
    }

  private:
    static constexpr std::uint64_t tensor_piece = 16384;

    /// The number of elements fits 64 bits, and so does everything that is counted from it.
    static void check_view(const axis_view& view) {
        const uint128 lines = uint128{view.outer} * view.length;
        const bool fits =
            lines >> 64 == 0 && (lines * view.inner) >> 64 == 0 && (uint128{view.outer} * view.inner) >> 64 == 0;
        if (!fits) {
            throw std::invalid_argument("the axis view is " + std::to_string(view.outer) + " x " +
                                        std::to_string(view.length) + " x " + std::to_string(view.inner) +
                                        ", allowed: fewer than 2^64 elements");
        }
    }

    std::vector<scale_level> levels_;
    axis_view view_;
    bool whole_;
    std::uint64_t group_length_;
    std::uint64_t groups_per_line_;
    std::uint64_t lane_blocks_;
    std::uint64_t pieces_;
    std::vector<std::uint64_t> counts_;
};

using combined_scale = group_scales;

/// The product of one scale code for each level, innermost first.
inline combined_scale combine_scale_codes(const scheme& s, std::span<const std::uint64_t> codes) noexcept {
    combined_scale out;
    for (std::size_t level = 0; level < s.levels.size(); ++level) out.include(s.levels[level].format, codes[level]);
    return out;
}

/// The scales over one group, out of the planes of all levels.
inline combined_scale combine_scales(const scheme& s, const scheme_layout& layout, const scale_planes& scales,
                                     std::uint64_t group) noexcept {
    std::array<std::uint64_t, max_scale_levels> codes{};
    std::uint64_t index = group;
    for (std::size_t level = 0; level < s.levels.size(); ++level) {
        codes[level] = scales[level][index];
        if (level + 1 < s.levels.size()) index = layout.parent(level, index);
    }
    return combine_scale_codes(s, codes);
}

}  // namespace halfulp::detail
