// Tiles and channels brought side by side: a copy of the array in which every group is one run, so that all else knows runs only.
// A tile at an edge is filled up with zeros, which change neither its largest magnitude nor anything that is kept.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "halfulp/kernels/quantize.hpp"
#include "scheme_layout.hpp"

namespace halfulp::detail {

class regrouping {
  public:
    /// For a scheme whose first level has tiles or channels.
    regrouping(const scheme& s, const axis_view& view) : group_(s.levels[0].group) {
        if (group_.is_tile()) {
            rows_ = view.rows != 0 || view.columns != 0 ? view.rows : view.inner == 1 ? view.outer : view.length;
            columns_ = view.rows != 0 || view.columns != 0 ? view.columns : view.inner == 1 ? view.length : view.inner;
            const std::uint64_t plane = rows_ * columns_;
            planes_ = plane == 0 ? 0 : view.size() / plane;
            // A tile that is larger than the array is cut to it: no padding of what is not there.
            tile_rows_ = std::min(group_.rows, std::max<std::uint64_t>(rows_, 1));
            tile_columns_ = std::min(group_.length, std::max<std::uint64_t>(columns_, 1));
            groups_ = planes_ * ceil_div(rows_, tile_rows_) * ceil_div(columns_, tile_columns_);
            length_ = tile_rows_ * tile_columns_;
        } else {
            const bool said = view.channel_outer != 0 || view.channels != 0 || view.channel_inner != 0;
            planes_ = said ? view.channel_outer : 1;
            rows_ = said ? view.channels : view.outer;
            columns_ = said ? view.channel_inner : view.length * view.inner;
            groups_ = rows_;
            length_ = std::max<std::uint64_t>(planes_ * columns_, 1);  // channels of nothing have scales all the same
        }
        if (length_ > max_group_length)
            throw std::invalid_argument("a group has " + std::to_string(length_) +
                                        " elements, allowed: at most 2^32 - 1");
    }

    /// The array of runs: one line for each group.
    [[nodiscard]] axis_view view() const noexcept { return {groups_, length_, 1}; }
    [[nodiscard]] std::uint64_t length() const noexcept { return length_; }

    /// Calls use(to, from, count): `count` elements from `from` on in the array lie from `to` on in the copy.
    template <class Use>
    void each_stretch(const Use& use) const {
        if (group_.is_tile()) {
            const std::uint64_t across = ceil_div(columns_, tile_columns_);
            const std::uint64_t down = ceil_div(rows_, tile_rows_);
            for (std::uint64_t row = 0; row < planes_ * rows_; ++row) {
                const std::uint64_t plane = row / rows_;
                const std::uint64_t r = row % rows_;
                for (std::uint64_t j = 0; j < across; ++j) {
                    const std::uint64_t tile = (plane * down + r / tile_rows_) * across + j;
                    const std::uint64_t start = j * tile_columns_;
                    use(tile * length_ + r % tile_rows_ * tile_columns_, row * columns_ + start,
                        std::min(tile_columns_, columns_ - start));
                }
            }
        } else {
            for (std::uint64_t plane = 0; plane < planes_; ++plane) {
                for (std::uint64_t c = 0; c < rows_; ++c)
                    use((c * planes_ + plane) * columns_, (plane * rows_ + c) * columns_, columns_);
            }
        }
    }

    template <class V>
    [[nodiscard]] std::vector<V> gather(std::span<const V> from) const {
        std::vector<V> to(view().size());
        each_stretch([&](std::uint64_t t, std::uint64_t f, std::uint64_t count) {
            std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(f), count,
                        to.begin() + static_cast<std::ptrdiff_t>(t));
        });
        return to;
    }
    template <class V>
    void scatter(std::span<const V> from, std::span<V> to) const {
        each_stretch([&](std::uint64_t t, std::uint64_t f, std::uint64_t count) {
            std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(t), count,
                        to.begin() + static_cast<std::ptrdiff_t>(f));
        });
    }

    /// Where element `index` of the copy lies in the array. For error messages: it looks at every stretch.
    [[nodiscard]] std::uint64_t original(std::uint64_t index) const {
        std::uint64_t found = 0;
        each_stretch([&](std::uint64_t t, std::uint64_t f, std::uint64_t count) {
            if (t <= index && index < t + count) found = f + (index - t);
        });
        return found;
    }

  private:
    scale_group group_;
    std::uint64_t planes_ = 0;
    std::uint64_t rows_ = 0;
    std::uint64_t columns_ = 0;
    std::uint64_t tile_rows_ = 0;
    std::uint64_t tile_columns_ = 0;
    std::uint64_t groups_ = 0;
    std::uint64_t length_ = 0;
};

}  // namespace halfulp::detail
