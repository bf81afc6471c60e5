// The first half of quantization: the largest magnitude of every group, and from it the scales, outermost level first.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "binary32_recipe.hpp"
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

/// Replaces scales of level 0 by those that leave smaller errors in their groups, and returns how many had been zero; see choose_scales.hpp.
template <carrier T>
std::uint64_t choose_scales(std::span<const T> x, const scheme& s, const scheme_layout& layout,
                            const quantize_options& options, const group_maxima& maxima, scale_planes& scales);

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

/// The largest magnitudes of all levels.
template <carrier T>
std::vector<group_maxima> find_all_maxima(std::span<const T> x, const scheme_layout& layout, int threads) {
    std::vector<group_maxima> maxima{find_maxima(x, layout, threads)};
    for (std::size_t level = 1; level < layout.counts().size(); ++level) {
        group_maxima outer{std::vector<std::uint64_t>(layout.counts()[level]), {}};
        for (std::uint64_t i = 0; i < layout.counts()[level - 1]; ++i) {
            std::uint64_t& most = outer.magnitude[layout.parent(level - 1, i)];
            most = std::max(most, maxima[level - 1].magnitude[i]);
        }
        maxima.push_back(std::move(outer));
    }
    return maxima;
}

/// The values of the scales over scale i of a level, from the next level outward.
struct outer_scales {
    std::array<dyadic, max_scale_levels> values{};
    std::size_t count = 0;

    outer_scales(const scheme& s, const scheme_layout& layout, const scale_planes& scales, std::size_t level,
                 std::uint64_t i) noexcept {
        for (std::size_t above = level; above + 1 < s.levels.size(); ++above) {
            i = layout.parent(above, i);
            values[count++] = s.levels[above + 1].format.finite_value(scales[above + 1][i]);
        }
    }
    [[nodiscard]] std::span<const dyadic> all() const noexcept { return {values.data(), count}; }
};

/// The mode in which scales are rounded.
inline rounding_mode scale_mode(const quantize_options& options) {
    return options.scale_rounding.value_or(rounding_mode::nearest_ties_to_even);
}

/// Are the innermost scales binary32 numbers, to nearest even? Then conversions of the hardware make them.
inline bool narrows_scales(const scheme& s, const quantize_options& options) {
    return s.levels[0].format == binary32_format && scale_mode(options) == rounding_mode::nearest_ties_to_even;
}

/// R of element i; 0 where no random bits are drawn.
inline std::uint32_t element_random(const quantize_options& options, std::uint64_t i) {
    if (!is_stochastic(options.rounding)) return 0;
    return options.random.from == randomness::kind::given ? options.random.given[i]
                                                          : options.random.source.word(i) >> (32 - options.random_bits);
}

/// R of scale i of a level; 0 where no random bits are drawn.
inline std::uint32_t scale_random(const quantize_options& options, std::size_t level, std::uint64_t i) {
    if (!options.scale_rounding || !is_stochastic(*options.scale_rounding)) return 0;
    return options.random.source.word(i, 0x80000000u + static_cast<std::uint32_t>(level)) >> (32 - options.random_bits);
}

/// Calls find(i), a group_scale, for every scale of a level and keeps the codes; returns how many rounded to zero under a positive
/// largest magnitude.
template <class Find>
std::uint64_t fill_level(std::vector<std::uint64_t>& codes, std::uint64_t count, int threads, const Find& find) {
    codes.resize(count);
    std::atomic<std::uint64_t> zero_scales{0};
    parallel_for(count, threads, 256, [&](std::size_t begin, std::size_t end) {
        const float_environment environment;
        std::uint64_t zeros = 0;
        for (std::size_t i = begin; i < end; ++i) {
            const group_scale found = find(i);
            codes[i] = found.code;
            zeros += found.rounded_to_zero;
        }
        zero_scales += zeros;
    });
    return zero_scales;
}

/// The constants of a binary32 recipe for this tensor; none where another rule holds: other recipes, and a tensor of zeros.
template <carrier T>
std::optional<binary32_recipe> binary32_steps(const scheme& s, const std::vector<group_maxima>& maxima) {
    if (!is_binary32(s.scale_recipe)) return std::nullopt;
    const dyadic amax = carrier_traits<T>::format.magnitude_value(maxima[1].magnitude[0]);
    const float_environment environment;
    const float top = std::min(to_binary32(amax), std::numeric_limits<float>::max());
    if (top == 0) return std::nullopt;
    return binary32_recipe(s.scale_recipe, top);
}

template <carrier T>
std::uint64_t find_binary32_scales(const scheme& s, const scheme_layout& layout, const quantize_options& options,
                                   const binary32_recipe& steps, const group_maxima& maxima, scale_planes& scales) {
    const projector to_block(s.levels[0].format, {.overflow = overflow_policy::sat_finite});
    scales[1] = {to_bits(steps.tensor_scale())};
    const bool lost = steps.tensor_scale() == 0;  // then so are the scales inside, which are not counted again
    const std::uint64_t zeros =
        fill_level(scales[0], layout.counts()[0], options.threads, [&](std::uint64_t i) -> group_scale {
            if (maxima.nonfinite[i] != 0) return {s.levels[0].format.nan_code(), {}, false};
            const float amax = to_binary32(carrier_traits<T>::format.magnitude_value(maxima.magnitude[i]));
            if (lost) return {};
            const float quotient = steps.block_quotient(amax);
            const projected rounded = project(quotient, to_block);
            if (rounded.significand != 0) return {to_code(rounded, to_block.grid), {}, false};
            const float instead = steps.instead_of_zero();
            return {to_code(project(instead, to_block), to_block.grid), {}, instead == 0 && amax != 0};
        });
    return zeros + (lost ? 1 : 0);
}

/// Replaces each group's largest magnitude by the percentile of its finite magnitudes, nearest rank: the smallest of them that at least
/// so many parts in 1000000 of them do not exceed.
template <carrier T>
void take_percentiles(std::span<const T> x, const scheme_layout& layout, std::uint32_t percentile, int threads,
                      group_maxima& maxima) {
    using bits_type = typename carrier_traits<T>::bits_type;
    parallel_for(maxima.magnitude.size(), threads, 1, [&](std::size_t begin, std::size_t end) {
        std::vector<bits_type> magnitudes;
        for (std::size_t g = begin; g < end; ++g) {
            const piece at = layout.group_at(g);
            magnitudes.clear();
            for (std::uint64_t j = 0; j < at.count; ++j) {
                const std::uint64_t m =
                    to_bits(x[at.first + j * at.stride]) & carrier_traits<T>::format.magnitude_mask();
                if (m < carrier_traits<T>::format.infinity_magnitude()) magnitudes.push_back(static_cast<bits_type>(m));
            }
            if (magnitudes.empty()) continue;
            const uint128 parts = uint128{magnitudes.size()} * percentile;
            const auto rank = static_cast<std::ptrdiff_t>((parts + 999999) / 1000000);
            const auto nth = magnitudes.begin() + (rank - 1);
            std::nth_element(magnitudes.begin(), nth, magnitudes.end());
            maxima.magnitude[g] = *nth;
        }
    });
}

/// Fills the scale codes of all levels; returns how many scales rounded to zero under a positive largest magnitude.
/// Only the innermost scales become NaN for a NaN or an infinity in their group; outer levels see the finite values.
/// `steps`: filled where the elements too are computed in binary32.
template <carrier T>
std::uint64_t find_scales(std::span<const T> x, const scheme& s, const scheme_layout& layout,
                          const quantize_options& options, scale_planes& scales,
                          std::optional<binary32_recipe>& steps) {
    const std::size_t levels = s.levels.size();
    scales.assign(levels, {});
    if (levels == 0) return 0;
    std::vector<group_maxima> maxima = find_all_maxima(x, layout, options.threads);
    if (s.percentile != 0) take_percentiles(x, layout, s.percentile, options.threads, maxima[0]);
    steps = binary32_steps<T>(s, maxima);
    std::uint64_t zero_scales = 0;
    if (steps) {
        zero_scales = find_binary32_scales<T>(s, layout, options, *steps, maxima[0], scales);
    } else {
        const rounding_mode* rounding = options.scale_rounding ? &*options.scale_rounding : nullptr;
        for (std::size_t level = levels; level-- > 0;) {
            const scale_rule rule(s, level, rounding, options.random_bits);
            zero_scales += fill_level(scales[level], layout.counts()[level], options.threads, [&](std::uint64_t i) {
                const std::uint32_t random = scale_random(options, level, i);
                const dyadic amax = carrier_traits<T>::format.magnitude_value(maxima[level].magnitude[i]);
                return rule.scale(amax, outer_scales(s, layout, scales, level, i).all(),
                                  level == 0 && maxima[0].nonfinite[i] != 0, random);
            });
        }
    }
    if (s.search != scale_search::none || is_four_over_six(s.scale_recipe))
        zero_scales -= choose_scales(x, s, layout, options, maxima[0], scales);
    return zero_scales;
}

}  // namespace halfulp::detail
