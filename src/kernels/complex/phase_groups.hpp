// Groups of a layout: codes and means of each, over threads.
#pragma once

#include <mutex>

#include "halfulp/codecs/codec.hpp"
#include "kernels/checks.hpp"
#include "kernels/complex/phase_checks.hpp"
#include "kernels/complex/phase_coder.hpp"
#include "kernels/float_environment.hpp"
#include "kernels/parallel.hpp"

namespace halfulp::detail {

struct index_range {
    std::size_t begin;
    std::size_t end;
    [[nodiscard]] std::size_t size() const noexcept { return end - begin; }
};

/// The elements of group g.
inline index_range elements_of(const phase_layout& layout, std::uint64_t g) {
    const std::uint64_t per_row = layout.groups_per_row();
    const std::uint64_t row = g / per_row * layout.row_length;
    const std::uint64_t begin = g % per_row * layout.group_length;
    return {row + begin, row + begin + std::min(layout.group_length, layout.row_length - begin)};
}

/// The scales of one group, as codes and as numbers.
struct group_scale {
    std::array<std::uint64_t, 2> codes;
    std::uint64_t zeros;  ///< positive means that have become 0
    bool is_nan;  ///< a part was no finite number, and the scale format can say so
};

/// Codes and scales as the options ask for.
template <complex_part T>
class phase_quantizer {
  public:
    explicit phase_quantizer(const phase_options& options)
        : options_(options),
          coder_(options.rule),
          to_scale_(options.scale, {.rounding = options.scale_rounding, .overflow = overflow_policy::sat_finite}),
          floor_(to_code(project(options.floor, to_scale_), to_scale_.grid)) {}

    /// The scales of a group with these means, all of whose elements are `finite` or not.
    group_scale scales(const phase_means& means, bool finite) const {
        if (!finite && options_.scale.has_nan()) {
            const std::uint64_t nan = options_.scale.nan_code();
            return {{nan, nan}, 0, true};
        }
        group_scale found{{0, 0}, 0, false};
        for (const int k : {0, 1}) {
            const exact_mean& mean = k == 0 ? means.re : means.im;
            const projected rounded = mean.rounded(to_scale_);
            // Codes of numbers that are not negative stand in the order of the numbers.
            found.codes[static_cast<std::size_t>(k)] = std::max(to_code(rounded, to_scale_.grid), floor_);
            found.zeros += rounded.significand == 0 && !mean.is_zero();
        }
        return found;
    }

    /// Encodes elements of one group and adds them up. Are all finite?
    bool encode(const std::complex<T>* x, std::uint8_t* codes, index_range range, phase_means& means) const {
        bool finite = true;
        for (std::size_t at = range.begin; at < range.end; at += phase_coder<T>::block) {
            const std::size_t size = std::min(phase_coder<T>::block, range.end - at);
            finite = coder_.encode(x + at, codes + at, size, means) && finite;
        }
        return finite;
    }

    /// The same without codes.
    bool add_up(const std::complex<T>* x, index_range range, phase_means& means) const {
        std::array<std::uint8_t, phase_coder<T>::block> codes;
        bool finite = true;
        for (std::size_t at = range.begin; at < range.end; at += codes.size()) {
            const std::size_t size = std::min(codes.size(), range.end - at);
            finite = coder_.encode(x + at, codes.data(), size, means) && finite;
        }
        return finite;
    }

    /// Elements that are no numbers where the scales cannot say so: phase_of_zero, or an error.
    void settle(const std::complex<T>* x, std::uint8_t* codes, index_range range) const {
        for (std::size_t i = range.begin; i < range.end; ++i) {
            if (has_finite_parts(x[i].real(), x[i].imag())) continue;
            if (options_.nan == nan_policy::raise) throw_no_phase(i);
            codes[i] = phase_of_zero;
        }
    }

    [[nodiscard]] const phase_coder<T>& coder() const noexcept { return coder_; }
    [[nodiscard]] const phase_options& options() const noexcept { return options_; }

  private:
    phase_options options_;
    phase_coder<T> coder_;
    projector to_scale_;
    std::uint64_t floor_;
};

/// Calls part(range, means), which tells whether all elements are finite, for parts of each group, and then whole(g, range, means, finite)
/// once for each group. Many groups are shared out over the threads, few large ones are cut; sums are exact, so the cuts do not matter.
template <class Part, class Whole>
void each_group(const phase_layout& layout, int threads, const Part& part, const Whole& whole) {
    const std::uint64_t groups = layout.groups();
    const auto lanes = static_cast<std::uint64_t>(threads);
    if (groups < 2 * lanes && lanes > 1) {
        for (std::uint64_t g = 0; g < groups; ++g) {
            const index_range range = elements_of(layout, g);
            phase_means means;
            bool finite = true;
            std::mutex gate;
            parallel_for(range.size(), threads, simd::phase_block, [&](std::size_t begin, std::size_t end) {
                const float_environment environment;
                phase_means own;
                const bool own_finite = part(index_range{range.begin + begin, range.begin + end}, own);
                const std::lock_guard<std::mutex> lock(gate);
                means.merge(own);
                finite = finite && own_finite;
            });
            whole(g, range, means, finite);
        }
        return;
    }
    const std::uint64_t least = std::max<std::uint64_t>(1, 4096 / std::max<std::uint64_t>(1, layout.group_length));
    parallel_for(groups, threads, least, [&](std::size_t first, std::size_t last) {
        const float_environment environment;
        for (std::size_t g = first; g < last; ++g) {
            const index_range range = elements_of(layout, g);
            phase_means means;
            const bool finite = part(range, means);
            whole(g, range, means, finite);
        }
    });
}

/// The values of the four codes under a group's scales.
template <complex_part T>
std::array<std::complex<T>, 4> values_of(const std::uint64_t* scale_codes, const float_format& scale) {
    const T re = decode<T>(scale_codes[0], scale);
    const T im = decode<T>(scale_codes[1], scale);
    const auto other = [](T s) { return has_nan_part(s, s) ? s : T{0}; };
    const auto negated = [](T s) {
        return has_nan_part(s, s) ? s : from_bits<T>(to_bits(s) ^ carrier_traits<T>::format.sign_mask());
    };
    return {{{negated(re), other(re)}, {re, other(re)}, {other(im), negated(im)}, {other(im), im}}};
}

}  // namespace halfulp::detail
