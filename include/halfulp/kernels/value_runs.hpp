// How the quantizers that are no schemes group values: runs of one length within rows.
#pragma once

#include <cstddef>
#include <cstdint>

namespace halfulp {

/// Rows of `row` values each, cut into runs of `length`; the last run of a row may be shorter. row = length = size is
/// one run of everything.
struct value_runs {
    std::uint64_t row = 0;
    std::uint64_t length = 0;

    [[nodiscard]] constexpr std::uint64_t in_row() const noexcept { return length == 0 ? 0 : (row - 1) / length + 1; }
    /// How many runs `size` values have. None of an empty array.
    [[nodiscard]] constexpr std::uint64_t count(std::uint64_t size) const noexcept {
        return size == 0 || row == 0 ? 0 : size / row * in_row();
    }
};

}  // namespace halfulp
