// Where a tensor core wants the scale of each block: "128x4", the order in which block-scaled matrix instructions of NVIDIA GPUs read
// a matrix of one-byte scales (cuBLAS documentation, "1D block scaling factors layout"). The matrix is cut into tiles of 128 rows and 4
// columns, row by row, filled up with zeros; a tile has 512 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

namespace halfulp {

struct tensor_core_scales {
    std::uint64_t rows;
    std::uint64_t columns;

    [[nodiscard]] constexpr std::uint64_t tile_columns() const noexcept { return columns / 4 + (columns % 4 != 0); }
    [[nodiscard]] constexpr std::uint64_t tile_rows() const noexcept { return rows / 128 + (rows % 128 != 0); }

    /// Bytes of the whole, filled up.
    [[nodiscard]] constexpr std::uint64_t size() const noexcept { return tile_rows() * tile_columns() * 512; }

    /// The place of the scale in row r and column c.
    [[nodiscard]] constexpr std::uint64_t place(std::uint64_t r, std::uint64_t c) const noexcept {
        const std::uint64_t tile = r / 128 * tile_columns() + c / 4;
        return tile * 512 + r % 32 * 16 + r % 128 / 32 * 4 + c % 4;
    }
};

namespace detail {

inline void check_scale_sizes(const tensor_core_scales& layout, std::size_t plain, std::size_t swizzled) {
    if (plain != layout.rows * layout.columns || swizzled != layout.size()) {
        throw std::invalid_argument("the arrays have " + std::to_string(plain) + " and " + std::to_string(swizzled) +
                                    " scales, allowed: " + std::to_string(layout.rows * layout.columns) +
                                    " in rows and " + std::to_string(layout.size()) + " in tiles");
    }
}

}  // namespace detail

/// Scale codes in C order, rows × columns, into the order of tensor cores.
inline void to_tensor_core_order(std::span<const std::uint8_t> scales, const tensor_core_scales& layout,
                                 std::span<std::uint8_t> out) {
    detail::check_scale_sizes(layout, scales.size(), out.size());
    for (std::uint8_t& byte : out) byte = 0;
    for (std::uint64_t r = 0; r < layout.rows; ++r) {
        for (std::uint64_t c = 0; c < layout.columns; ++c) out[layout.place(r, c)] = scales[r * layout.columns + c];
    }
}

/// And back.
inline void from_tensor_core_order(std::span<const std::uint8_t> swizzled, const tensor_core_scales& layout,
                                   std::span<std::uint8_t> out) {
    detail::check_scale_sizes(layout, out.size(), swizzled.size());
    for (std::uint64_t r = 0; r < layout.rows; ++r) {
        for (std::uint64_t c = 0; c < layout.columns; ++c) out[r * layout.columns + c] = swizzled[layout.place(r, c)];
    }
}

}  // namespace halfulp
