// A scheme over a matrix whose rows are quantized one after another: scales are chosen for blocks of rows, from the
// values that these have at that time, and rows then become members of the grid that the scales span. What quantize()
// does in one pass, cut open between scales and elements, with the same bits.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "halfulp/blocks/scheme.hpp"
#include "halfulp/kernels/quantize.hpp"

namespace halfulp {

/// The scales of one block of rows, and what else its recipe keeps of a group.
class fixed_scales {
  public:
    struct content;
    explicit fixed_scales(std::shared_ptr<const content> is) : is_(std::move(is)) {}
    [[nodiscard]] const content& is() const noexcept { return *is_; }
    /// The codes of the levels that were chosen with the block, innermost first, then its zero points; empty planes
    /// for levels that the matrix has fixed before.
    [[nodiscard]] const scale_planes& planes() const noexcept;
    /// Groups with a positive largest magnitude whose scale rounded to zero.
    [[nodiscard]] std::uint64_t zero_scales() const noexcept;

  private:
    std::shared_ptr<const content> is_;
};

/// Rows and columns of a matrix (rows, columns), C order. A block is the least number of rows that no group of the
/// innermost level straddles: a run's length along axis 0, one row for runs along axis 1, a tile's rows, all rows for
/// a group of the whole matrix. Levels outside are chosen with a block where they lie in it, and are fixed from the
/// matrix as it is at first where they span blocks (tensor). Where neither holds, and under double quantization, all
/// scales are fixed at first: one block has all rows.
///
/// Elements round to nearest even, or in the recipe's own way. No transform (@hadamard): the caller's matter.
class row_quantizer {
  public:
    /// axis: 0 or 1, along which runs are counted; channel_axis: whose indices are channels. Throws
    /// std::invalid_argument.
    row_quantizer(const scheme& s, std::size_t rows, std::size_t columns, int axis = 0, int channel_axis = 1);
    ~row_quantizer();
    row_quantizer(row_quantizer&&) noexcept;
    row_quantizer& operator=(row_quantizer&&) noexcept;
    row_quantizer(const row_quantizer&) = delete;
    row_quantizer& operator=(const row_quantizer&) = delete;

    [[nodiscard]] std::size_t block_rows() const noexcept;
    [[nodiscard]] std::size_t blocks() const noexcept;
    /// Fixes the levels that span blocks. x: the whole matrix, finite.
    void start(std::span<const double> x);
    /// Chooses the scales of a block from its rows (block_rows() of them, fewer in the last block). importance, for
    /// @search=mse: none, or a weight for each element of the block. outer: takes all levels but the innermost from
    /// there.
    [[nodiscard]] fixed_scales choose(std::size_t block, std::span<const double> rows,
                                      std::span<const double> importance = {},
                                      const fixed_scales* outer = nullptr) const;
    /// The scales of all blocks whose codes are given, as quantize() gives them for the whole matrix: all levels, zero
    /// points last. Throws std::invalid_argument for planes that do not fit, and for recipes whose elements ask for
    /// more than the scales (means of magnitudes, nvfp4's binary32 recipes).
    [[nodiscard]] std::vector<fixed_scales> with(const scale_planes& planes) const;
    /// One row of a block: codes (two's complement of 64 bits) and values, each of `columns` elements. Returns how
    /// many saturated.
    std::uint64_t project(const fixed_scales& scales, std::size_t row_in_block, std::span<const double> x,
                          std::span<std::uint64_t> codes, std::span<double> values) const;
    /// The scale of the innermost level over an element of a block: its index among the block's.
    [[nodiscard]] std::size_t group_of(std::size_t row_in_block, std::size_t column) const noexcept;
    /// How many innermost scales a block has.
    [[nodiscard]] std::size_t groups_in(std::size_t block) const;
    /// The block's scales with some groups taken from another choice of the same block: those for which `take` is not
    /// zero.
    [[nodiscard]] fixed_scales merged(const fixed_scales& scales, const fixed_scales& other,
                                      std::span<const std::uint8_t> take) const;
    /// Planes of the whole matrix as quantize() gives them, out of those of all blocks in order.
    [[nodiscard]] scale_planes whole(std::span<const std::optional<fixed_scales>> blocks) const;

  private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace halfulp
