// Quantization after a Hadamard transform, some rows at a time: the transformed numbers never leave the caches.
#pragma once

#include <algorithm>
#include <atomic>
#include <span>
#include <vector>

#include "hadamard.hpp"
#include "parallel.hpp"
#include "quantize_runs.hpp"
#include "scheme_layout.hpp"

namespace halfulp::detail {

/// Do rows have scales of their own only? `plain`: the scheme, with runs only.
inline bool rows_stand_alone(const scheme& plain, const axis_view& view) {
    return view.inner == 1 && view.outer > 1 && plain.levels.size() == 1 && plain.levels[0].group.is_run() &&
           !plain.zero_point;
}
/// And is no element's result a matter of its place in the array?
inline bool rows_stand_alone(const scheme& plain, const axis_view& view, const quantize_options& options) {
    const bool drawn =
        is_stochastic(options.rounding) || (options.scale_rounding && is_stochastic(*options.scale_rounding));
    return rows_stand_alone(plain, view) && !drawn && options.importance.empty();
}

constexpr std::uint64_t rows_at_once(const axis_view& view) noexcept {
    constexpr std::uint64_t elements = 32768;  // a part of the second-level cache
    return std::max<std::uint64_t>(1, elements / std::max<std::uint64_t>(view.length, 1));
}

/// work(rows transformed, their view, their first row, options for them) for some rows at a time; the reports' sums. Lane is x's carrier.
template <class Lane, class Work>
quantize_report each_rotated_rows(std::span<const Lane> x, const axis_view& view, const hadamard<Lane>& rotation,
                                  const quantize_options& options, const format& element, const Work& work) {
    const std::uint64_t rows = rows_at_once(view);
    std::atomic<std::uint64_t> zero_scales{0};
    std::atomic<std::uint64_t> saturated{0};
    parallel_for(view.outer, options.threads, rows, [&](std::size_t begin, std::size_t end) {
        std::vector<Lane> rotated(std::min<std::uint64_t>(rows, end - begin) * view.length);
        quantize_options alone = options;
        alone.threads = 1;
        for (std::size_t row = begin; row < end; row += rows) {
            const axis_view part{std::min<std::uint64_t>(rows, end - row), view.length, 1};
            const std::uint64_t first = row * view.length;
            rotation.forward(x.data() + first, rotated.data(), part, 1);
            try {
                const quantize_report report = work(std::span(rotated).first(part.size()), part, row, alone);
                zero_scales += report.zero_scales;
                saturated += report.saturated;
            } catch (const missing_nan& error) {
                throw_missing_nan(first + error.index, element);
            }
        }
    });
    return {zero_scales, saturated};
}

template <class Lane, code_type C>
quantize_report quantize_rotated_rows(std::span<const Lane> x, const axis_view& view, const scheme& plain,
                                      const hadamard<Lane>& rotation, std::span<C> codes, scale_planes& scales,
                                      const quantize_options& options) {
    scales.assign(1, std::vector<std::uint64_t>(scheme_layout(plain, view).counts()[0]));
    const std::uint64_t scales_per_row = scales[0].size() / view.outer;
    return each_rotated_rows<Lane>(
        x, view, rotation, options, plain.element,
        [&](std::span<Lane> rotated, const axis_view& part, std::uint64_t row, const quantize_options& alone) {
            scale_planes own;
            const quantize_report report = quantize_runs(std::span<const Lane>(rotated), part, plain,
                                                         codes.subspan(row * view.length, part.size()), own, alone);
            std::ranges::copy(own[0], scales[0].begin() + static_cast<std::ptrdiff_t>(row * scales_per_row));
            return report;
        });
}

template <class Lane>
quantize_report fake_quantize_rotated_rows(std::span<const Lane> x, const axis_view& view, const scheme& plain,
                                           const hadamard<Lane>& rotation, std::span<Lane> out,
                                           const quantize_options& options) {
    return each_rotated_rows<Lane>(
        x, view, rotation, options, plain.element,
        [&](std::span<Lane> rotated, const axis_view& part, std::uint64_t row, const quantize_options& alone) {
            const quantize_report report =
                fake_quantize_runs(std::span<const Lane>(rotated), part, plain, rotated, alone);
            rotation.backward(rotated.data(), out.data() + row * view.length, part, 1);
            return report;
        });
}

/// False where some code is not the format's.
template <class Lane, code_type C>
[[nodiscard]] bool dequantize_rotated_rows(std::span<const C> codes, const axis_view& view, const scheme& plain,
                                           const hadamard<Lane>& rotation, const scale_planes& scales,
                                           std::span<Lane> out, int threads) {
    const std::uint64_t rows = rows_at_once(view);
    const std::uint64_t scales_per_row = scales[0].size() / view.outer;
    std::atomic<bool> all_fit{true};
    parallel_for(view.outer, threads, rows, [&](std::size_t begin, std::size_t end) {
        for (std::size_t row = begin; row < end; row += rows) {
            const axis_view part{std::min<std::uint64_t>(rows, end - row), view.length, 1};
            const auto first = scales[0].begin() + static_cast<std::ptrdiff_t>(row * scales_per_row);
            const scale_planes own{{first, first + static_cast<std::ptrdiff_t>(part.outer * scales_per_row)}};
            const std::span<Lane> to = out.subspan(row * view.length, part.size());
            if (!dequantize_runs(codes.subspan(row * view.length, part.size()), part, plain, own, to, 1))
                all_fit = false;
            rotation.backward(to.data(), to.data(), part, 1);
        }
    });
    return all_fit;
}

}  // namespace halfulp::detail
