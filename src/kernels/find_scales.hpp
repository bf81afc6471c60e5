// The first half of quantization: the largest magnitude of every group, and from it the scales, outermost level first.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "float_environment.hpp"
#include "halfulp/blocks/scale.hpp"
#include "halfulp/codecs/carrier.hpp"
#include "parallel.hpp"
#include "scheme_layout.hpp"
#include "simd/tables.hpp"

namespace halfulp::detail {

/// The bits of the largest finite magnitude of each group (bits of a carrier grow with the magnitude), and whether a
/// member of the group is NaN or infinite.
struct group_maxima {
    std::vector<std::uint64_t> magnitude;
    std::vector<std::uint8_t> nonfinite;
};

template <carrier T>
group_maxima find_maxima(std::span<const T> x, const scheme_layout& layout, int threads) {
    using bits_type = typename carrier_traits<T>::bits_type;
    constexpr auto mask = static_cast<bits_type>(carrier_traits<T>::format.magnitude_mask());
    constexpr auto infinity = static_cast<bits_type>(carrier_traits<T>::format.infinity_magnitude());
    const std::uint64_t slots = layout.whole() ? layout.pieces() : layout.counts()[0];
    group_maxima out{std::vector<std::uint64_t>(slots), std::vector<std::uint8_t>(slots)};
    parallel_for(layout.pieces(), threads, 1, [&](std::size_t begin, std::size_t end) {
        std::vector<bits_type> top;
        std::vector<std::uint8_t> bad;
        for (std::size_t p = begin; p < end; ++p) {
            const piece at = layout.piece_at(p);
            const std::uint64_t slot = layout.whole() ? p : at.group;
            if constexpr (std::is_same_v<T, float>) {
                const simd::block_kernels* kernels = simd::active_blocks();
                if (kernels != nullptr && at.lanes == 1 && at.stride == 1) {
                    std::uint32_t most = 0;
                    kernels->largest_of_groups(x.data() + at.first, 1, at.count, &most);
                    if (most < infinity) {
                        out.magnitude[slot] = most;
                        continue;
                    }
                }
            }
            if (at.lanes == 1) {
                bits_type most = 0;
                bits_type most_of_all = 0;
                for (std::uint64_t j = 0; j < at.count; ++j) {
                    const auto m = static_cast<bits_type>(to_bits(x[at.first + j * at.stride]) & mask);
                    most_of_all = std::max(most_of_all, m);
                    most = std::max(most, m < infinity ? m : bits_type{0});
                }
                out.magnitude[slot] = most;
                out.nonfinite[slot] = most_of_all >= infinity;
                continue;
            }
            top.assign(at.lanes, 0);
            bad.assign(at.lanes, 0);
            for (std::uint64_t j = 0; j < at.count; ++j) {
                const T* row = &x[at.first + j * at.stride];
                for (std::uint64_t k = 0; k < at.lanes; ++k) {
                    const auto m = static_cast<bits_type>(to_bits(row[k]) & mask);
                    top[k] = std::max(top[k], m < infinity ? m : bits_type{0});
                    bad[k] = static_cast<std::uint8_t>(bad[k] | std::uint8_t{m >= infinity});
                }
            }
            for (std::uint64_t k = 0; k < at.lanes; ++k) {
                out.magnitude[slot + k] = top[k];
                out.nonfinite[slot + k] = bad[k];
            }
        }
    });
    if (layout.whole()) {
        std::uint64_t most = 0;
        std::uint8_t bad = 0;
        for (std::size_t p = 0; p < slots; ++p) {
            most = std::max(most, out.magnitude[p]);
            bad = static_cast<std::uint8_t>(bad | out.nonfinite[p]);
        }
        out = {{most}, {bad}};
    }
    return out;
}

/// Fills the scale codes of all levels; returns how many scales rounded to zero under a positive largest magnitude.
/// Only the innermost scales become NaN for a NaN or an infinity in their group; outer levels see the finite values.
template <carrier T>
std::uint64_t find_scales(std::span<const T> x, const scheme& s, const scheme_layout& layout,
                          const quantize_options& options, scale_planes& scales) {
    const std::size_t levels = s.levels.size();
    scales.assign(levels, {});
    if (levels == 0) return 0;
    std::vector<group_maxima> maxima{find_maxima(x, layout, options.threads)};
    for (std::size_t level = 1; level < levels; ++level) {
        group_maxima outer{std::vector<std::uint64_t>(layout.counts()[level]), {}};
        for (std::uint64_t i = 0; i < layout.counts()[level - 1]; ++i) {
            std::uint64_t& most = outer.magnitude[layout.parent(level - 1, i)];
            most = std::max(most, maxima[level - 1].magnitude[i]);
        }
        maxima.push_back(std::move(outer));
    }
    const rounding_mode* rounding = options.scale_rounding ? &*options.scale_rounding : nullptr;
    const bool stochastic = rounding != nullptr && is_stochastic(*rounding);
    std::atomic<std::uint64_t> zero_scales{0};
    for (std::size_t level = levels; level-- > 0;) {
        const scale_rule rule(s, level, rounding, options.random_bits);
        scales[level].resize(layout.counts()[level]);
        parallel_for(layout.counts()[level], options.threads, 256, [&](std::size_t begin, std::size_t end) {
            const float_environment environment;
            std::uint64_t zeros = 0;
            for (std::size_t i = begin; i < end; ++i) {
                std::array<dyadic, max_scale_levels> outer{};
                std::size_t outers = 0;
                std::uint64_t index = i;
                for (std::size_t above = level; above + 1 < levels; ++above) {
                    index = layout.parent(above, index);
                    outer[outers++] = s.levels[above + 1].format.finite_value(scales[above + 1][index]);
                }
                const std::uint32_t random =
                    stochastic ? options.random.source.word(i, 0x80000000u + static_cast<std::uint32_t>(level)) >>
                                     (32 - options.random_bits)
                               : 0;
                const dyadic amax = carrier_traits<T>::format.magnitude_value(maxima[level].magnitude[i]);
                const group_scale found =
                    rule.scale(amax, std::span(outer).first(outers), level == 0 && maxima[0].nonfinite[i] != 0, random);
                scales[level][i] = found.code;
                zeros += found.rounded_to_zero;
            }
            zero_scales += zeros;
        });
    }
    return zero_scales;
}

}  // namespace halfulp::detail
