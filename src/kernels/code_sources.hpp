// Where dequantization takes codes from: an array, or packed bytes, which are unpacked by stretches that stay in the first-level cache.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "block_decoding.hpp"
#include "checks.hpp"
#include "halfulp/kernels/pack.hpp"

namespace halfulp::detail {

template <class C>
class array_codes {
  public:
    using code = C;

    explicit array_codes(std::span<const C> codes) : codes_(codes) {}

    C operator[](std::uint64_t i) const noexcept { return codes_[i]; }
    [[nodiscard]] bool fit(const format& f) const { return has_codes(codes_, f); }
    /// block_decoding::run on the `size` codes from `first` on.
    template <carrier T>
    [[nodiscard]] bool run(const block_decoding<T, C>& vectors, std::uint64_t first, T* out, std::size_t size,
                           const double* scale, std::size_t run) const {
        return vectors.run(&codes_[first], out, size, scale, run);
    }

  private:
    std::span<const C> codes_;
};

/// Codes of at most 16 bits, packed as pack() does, and read as an array of C would hold them.
template <class C>
class packed_codes {
  public:
    using code = C;

    packed_codes(std::span<const std::uint8_t> packed, std::uint64_t count, const format& f)
        : packed_(packed), count_(count), bits_(f.bits()), is_signed_(f.has_signed_codes()) {}

    C operator[](std::uint64_t i) const noexcept {
        const auto width = static_cast<std::uint64_t>(bits_);
        const std::uint64_t bit = i % 8 * width;
        const std::uint64_t byte = i / 8 * width + bit / 8;
        std::uint32_t around = 0;  // 7 bits before the code and its own are three bytes at most
        for (std::uint64_t b = 0; b < 3 && byte + b < packed_.size(); ++b)
            around |= std::uint32_t{packed_[byte + b]} << (8 * b);
        return stored_code<C>(around >> bit % 8 & low_ones(bits_), bits_, is_signed_);
    }
    [[nodiscard]] bool fit(const format& f) const {
        if (f.max_code() == low_ones(bits_)) return true;
        room to;
        for (std::uint64_t first = 0; first < count_; first += stretch) {
            const std::size_t count = std::min<std::uint64_t>(stretch, count_ - first);
            if (!has_codes(std::span<const C>(unpacked(first, count, to), count), f)) return false;
        }
        return true;
    }
    /// block_decoding::run on the `size` codes from `first` on.
    template <carrier T>
    [[nodiscard]] bool run(const block_decoding<T, C>& vectors, std::uint64_t first, T* out, std::size_t size,
                           const double* scale, std::size_t run) const {
        if (bits_ == 4 && run != 0 && first % 2 == 0 && vectors.run_pairs(&packed_[first / 2], out, size, scale, run))
            return true;
        room to;
        bool fit = true;
        // A stretch holds whole groups, or lies in one.
        const std::size_t step = run == 0 ? stretch : run > stretch ? run : stretch / run * run;
        for (std::size_t done = 0; done < size; done += step) {
            const double* factor = run == 0 ? scale + done : scale + done / run;
            const std::size_t stop = std::min(size - done, step) + done;
            for (std::size_t i = done; i < stop; i += stretch) {
                const std::size_t count = std::min(stretch, stop - i);
                fit = vectors.run(unpacked(first + i, count, to), out + i, count, factor, run) && fit;
            }
        }
        return fit;
    }

  private:
    static constexpr std::size_t stretch = 4096;
    using room = std::array<C, stretch + 8>;

    /// Unpacking starts at a byte that eight codes end before, so up to 7 codes too early.
    const C* unpacked(std::uint64_t first, std::size_t count, room& to) const {
        const std::size_t early = first % 8;
        const std::span<C> codes(to.data(), early + count);
        unpack_codes(packed_.subspan(first / 8 * static_cast<std::uint64_t>(bits_)), bits_, codes);
        if (is_signed_) {
            for (C& c : codes) c = stored_code<C>(c, bits_, true);
        }
        return to.data() + early;
    }

    std::span<const std::uint8_t> packed_;
    std::uint64_t count_;
    int bits_;
    bool is_signed_;
};

}  // namespace halfulp::detail
