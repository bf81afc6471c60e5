// One call of quantize or fake_quantize whose elements have steps (steps.hpp), along rows, chunk by chunk: largest magnitudes, scales,
// elements, while the chunk is in the first-level cache. Groups that are not ordinary are left to the scalar definition.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <memory>
#include <optional>
#include <type_traits>

#include "checks.hpp"
#include "decoding.hpp"
#include "find_scales.hpp"
#include "halfulp/blocks/scaled_element.hpp"
#include "run_plan.hpp"
#include "scheme_layout.hpp"
#include "simd/blockplanner.hpp"
#include "steps.hpp"
#include "streaming.hpp"

namespace halfulp::detail {

/// As block_conversion: T to Out, define(piece, scale of its lane k, k) is the scalar definition of a lane's elements.
template <carrier T, class Out>
class step_blocks {
    static constexpr bool codes = !std::is_same_v<T, Out>;
    static constexpr std::uint32_t infinity = 0x7F800000u;

  public:
    static constexpr std::size_t chunk_elements = 2048;

    step_blocks(const scheme& s, const scheme_layout& layout, const axis_view& view, const quantize_options& options)
        : scheme_(s),
          layout_(layout),
          view_(view),
          options_(options),
          encoder_(s.element, element_projection(options), !s.levels.empty()) {
        kernels_ = simd::active_table();
        blocks_ = simd::active_blocks();
        step_kernels_ = simd::active_steps();
        const bool in_rows = layout.whole() || view.inner == 1;
        if (sizeof(T) == 8 || step_kernels_ == nullptr || !in_rows || s.element.as_float() != nullptr ||
            view.size() < worth_steps(s.element) || !divides(s.scale_recipe))
            return;
        steps_ = find_quotient_steps(s.element, element_projection(options));
        if (steps_ == nullptr) return;
        if (s.levels.size() == 1 && s.levels[0].group.is_run()) {
            scheme quotients = s;
            if (s.scale_recipe == recipe::absmax) quotients.scale_recipe = recipe::standard;
            if (!is_power_of_two_scale(s.levels[0].format)) scale_ = simd::plan_scales(quotients, 0, options, false);
            narrows_scales_ = narrows_scales(s, options);
        }
        if (scale_)
            rule_.emplace(s, 0, options.scale_rounding ? &*options.scale_rounding : nullptr, options.random_bits);
        thresholds_are_normal_ = steps_->many && steps_->many->many->plan.lowest >= 0x01000000u;
        if (!codes && steps_->many) table_ = make_table_plan(steps_->many->value_of, 256);
        if constexpr (sizeof(T) == 2) {
            to_float_ = simd::plan_decoding(carrier_traits<T>::format);
            from_float_ = simd::plan_conversion<float>(carrier_traits<T>::format, {}, true, false);
            as_carrier_ = simd::plan_conversion<double>(carrier_traits<T>::format, {}, false, false);
        }
    }

    [[nodiscard]] bool covers() const noexcept { return steps_ != nullptr; }
    /// Are scales found on the way? Otherwise the caller finds all of them first (find_scales).
    [[nodiscard]] bool finds_scales() const noexcept { return scale_.has_value(); }

    /// Codes of 4 bits go two to a byte into `packed`, and nothing into `out`. Only where packs_pairs().
    void pack_into(std::uint8_t* packed) noexcept { packed_ = packed; }
    [[nodiscard]] bool packs_pairs() const noexcept {
        if (!covers() || scheme_.element.bits() != 4) return false;
        if (layout_.whole()) return view_.size() % 2 == 0;
        return scheme_.levels[0].group.length % 2 == 0 && view_.length % 2 == 0;
    }

    /// `scales`: filled where scales are found on the way and it is not null, else read.
    template <class Define>
    quantize_report run(std::span<const T> x, Out* out, scale_planes* scales, const Define& define) {
        x_ = x.data();
        out_ = out;
        scales_ = scales;
        keeps_codes_ = finds_scales() && scales != nullptr;
        if (keeps_codes_) {
            scales->resize(1);
            (*scales)[0].resize(layout_.counts()[0]);
        }
        stream_ = may_stream() && should_stream(x_, out_, x.size());
        std::atomic<std::uint64_t> zero_scales{0};
        std::atomic<std::uint64_t> saturated{0};
        parallel_for(layout_.pieces(), options_.threads, 64, [&](std::size_t begin, std::size_t end) {
            const float_environment environment;
            const auto owned = std::make_unique_for_overwrite<workspace>();
            quantize_report report;
            for (std::size_t p = begin; p < end;) p += stretch(p, end, *owned, report, define);
            fence_streams(stream_);
            zero_scales += report.zero_scales;
            saturated += report.saturated;
        });
        return {zero_scales, saturated};
    }

  private:
    static constexpr std::size_t most_groups = 64;

    struct workspace {
        alignas(64) std::array<float, chunk_elements> values;
        alignas(64) std::array<float, chunk_elements> results;
        alignas(64) std::array<std::uint8_t, chunk_elements> narrow;
        alignas(64) std::array<double, chunk_elements> wide;
        alignas(64) std::array<std::uint64_t, chunk_elements> bits;
        std::array<std::uint32_t, chunk_elements> doubtful;
        alignas(64) std::array<float, most_groups * simd::few> thresholds;
        alignas(64) std::array<float, most_groups * simd::few> scaled;
        std::array<float, 2 * most_groups> saturation;
        std::array<std::uint32_t, most_groups> largest;
        std::array<float, most_groups> tops;
        std::array<double, most_groups> quotients;
        std::array<double, most_groups> scale;
        std::array<float, most_groups> factor;
        std::array<float, most_groups> reciprocal;
        std::array<std::uint8_t, most_groups> exact;
        std::array<std::uint8_t, most_groups> rare;
        std::array<std::uint64_t, most_groups> codes;
        bool factors_are_exact;
        bool on_line;  ///< all groups may take few_line
    };

    /// Does the recipe choose scales alone, so that elements are the exact quotients?
    static bool divides(recipe r) noexcept {
        switch (r) {
            case recipe::standard:
            case recipe::absmax:
            case recipe::ceil:
            case recipe::even:
            case recipe::rceil:
            case recipe::nearest:
            case recipe::p3109_maxabs:
            case recipe::rceil_fp32:
            case recipe::microxcaling_log2:
            case recipe::quark: return true;
            default: return false;
        }
    }

    static projection element_projection(const quantize_options& options) {
        return {.rounding = options.rounding,
                .overflow = overflow_policy::sat_finite,
                .nan = options.nan == nan_policy::to_zero ? nan_policy::to_zero : nan_policy::to_max,
                .ftz = options.ftz,
                .random_bits = static_cast<std::uint8_t>(options.random_bits)};
    }

    /// Do all groups begin at multiples of the widest vector?
    [[nodiscard]] bool may_stream() const noexcept {
        if (codes || sizeof(T) != 4 || reinterpret_cast<std::uintptr_t>(out_) % 64 != 0) return false;
        if (layout_.whole()) return true;
        const std::uint64_t length = scheme_.levels[0].group.length;
        return length % 16 == 0 && view_.length % length == 0;
    }

    const float* load(std::uint64_t first, std::size_t size, workspace& w) const {
        if constexpr (sizeof(T) == 2) {
            kernels_->decode16(reinterpret_cast<const std::uint16_t*>(x_ + first), w.values.data(), size, *to_float_,
                               false);
            return w.values.data();
        } else {
            return reinterpret_cast<const float*>(x_ + first);
        }
    }

    /// Piece p and those that are alike; returns how many.
    template <class Define>
    std::size_t stretch(std::size_t p, std::size_t end, workspace& w, quantize_report& report, const Define& define) {
        const piece at = layout_.piece_at(p);
        const std::size_t groups = alike(p, end, at.count);
        find_largest(at.first, groups, at.count, w);
        if (finds_scales()) {
            make_scales(groups, w);
        } else {
            known_scales(groups, at.group, w);
        }
        const bool usual = judge(groups, w);
        if (keeps_codes_)
            std::copy_n(w.codes.begin(), groups, (*scales_)[0].begin() + static_cast<std::ptrdiff_t>(at.group));
        for (std::size_t g = 0; g < groups;) {
            if (!usual && w.rare[g] != 0) {
                const piece one{at.first + g * at.count, at.count, 1, 1, at.group + g};
                report.saturated += define(one, define_scale(one, report), 0);
                ++g;
                continue;
            }
            std::size_t stop = usual ? groups : g;
            while (stop < groups && w.rare[stop] == 0) ++stop;
            prepare(g, stop - g, w);
            const std::size_t size = (stop - g) * at.count;
            for (std::size_t done = 0; done < size; done += chunk_elements) {  // several rounds: one long group
                const std::size_t count = std::min(chunk_elements, size - done);
                elements(at.first + g * at.count + done, g, stop - g, std::min<std::size_t>(at.count, count), at.group,
                         w, report);
            }
            g = stop;
        }
        return groups;
    }

    /// What elements need of their scales; false where some groups are left to the definition.
    bool judge(std::size_t groups, workspace& w) const {
        const double least = steps_->few ? 0x1p-300 : 0x1p-100;
        const simd::few_line* line =
            steps_->few && steps_->few->line && step_kernels_->takes_lines ? &*steps_->few->line : nullptr;
        const double reach = line != nullptr ? line->reach : 0;
        // Counts, not conditions: so the loops are vectors.
        std::uint32_t odd = 0;
        std::uint32_t off_line = line == nullptr ? 1 : 0;
        for (std::size_t g = 0; g < groups; ++g) odd += w.rare[g] != 0 || w.largest[g] >= infinity ? 1u : 0u;
        for (std::size_t g = 0; g < groups; ++g) {
            const double s = w.scale[g];
            w.factor[g] = static_cast<float>(s);
            odd += s >= least && s <= 1 / least ? 0u : 1u;
            const auto top = static_cast<double>(std::bit_cast<float>(w.largest[g]));
            off_line += top <= reach * s && s >= 0x1p-100 && s <= 0x1p100 ? 0u : 1u;
        }
        w.on_line = off_line == 0;
        if (odd != 0) {
            for (std::size_t g = 0; g < groups; ++g)
                w.rare[g] =
                    w.rare[g] != 0 || w.largest[g] >= infinity || !(w.scale[g] >= least && w.scale[g] <= 1 / least);
        }
        if (steps_->few) {
            for (std::size_t g = 0; w.on_line && g < groups; ++g) w.reciprocal[g] = 1 / w.factor[g];
            return odd == 0;
        }
        for (std::size_t g = 0; g < groups; ++g) w.reciprocal[g] = static_cast<float>(1 / w.scale[g]);
        w.factors_are_exact = true;
        for (std::size_t g = 0; g < groups; ++g) {
            const double s = w.scale[g];
            w.factors_are_exact = w.factors_are_exact && static_cast<double>(w.factor[g]) == s;
            // Quotients by powers of two are exact but among the smallest numbers, which no threshold may be near then.
            w.exact[g] = (std::bit_cast<std::uint64_t>(s) & low_ones(52)) == 0 && thresholds_are_normal_;
        }
        return odd == 0;
    }

    /// How many pieces from p on are alike, side by side and fit a chunk together.
    [[nodiscard]] std::size_t alike(std::size_t p, std::size_t end, std::uint64_t count) const {
        const std::uint64_t most =
            std::clamp<std::uint64_t>(chunk_elements / std::max<std::uint64_t>(count, 1), 1, most_groups);
        return std::min(most, layout_.alike(p, end));
    }

    void find_largest(std::uint64_t first, std::size_t groups, std::size_t length, workspace& w) const {
        if (groups * length <= chunk_elements) {
            blocks_->largest_of_groups(load(first, groups * length, w), groups, length, w.largest.data());
            return;
        }
        w.largest[0] = 0;
        for (std::size_t done = 0; done < length; done += chunk_elements) {
            std::uint32_t most = 0;
            const std::size_t count = std::min(chunk_elements, length - done);
            blocks_->largest_of_groups(load(first + done, count, w), 1, count, &most);
            w.largest[0] = std::max(w.largest[0], most);
        }
    }

    void make_scales(std::size_t groups, workspace& w) const {
        std::array<float, most_groups>& tops = w.tops;
        for (std::size_t g = 0; g < groups; ++g) tops[g] = std::bit_cast<float>(w.largest[g]);
        const double reciprocal = 1 / scale_->reach;
        blocks_->quotients(tops.data(), w.quotients.data(), groups, &reciprocal, groups);
        if (narrows_scales_) {  // what overflows is infinite, and that is no usual scale
            kernels_->narrow(w.quotients.data(), tops.data(), groups);
            for (std::size_t g = 0; g < groups; ++g) {
                w.codes[g] = std::bit_cast<std::uint32_t>(tops[g]);
                w.scale[g] = static_cast<double>(tops[g]);
                w.rare[g] = !(tops[g] > 0);
            }
            return;
        }
        simd::flags odd = run_plan(kernels_->encode64, scale_->code, w.quotients.data(), w.codes.data(), groups);
        odd |= run_plan(kernels_->round64, scale_->value, w.quotients.data(), w.scale.data(), groups);
        for (std::size_t g = 0; g < groups; ++g) w.rare[g] = odd != 0 || !(w.scale[g] > 0);
    }

    void known_scales(std::size_t groups, std::uint64_t group, workspace& w) const {
        const int value_bits = codes ? 0 : value_precision(scheme_.element);
        for (std::size_t g = 0; g < groups; ++g) {
            const combined_scale scale = combined(g, group, w);
            w.rare[g] = scale.is_nan || scale.is_infinite || scale.is_zero || scale.negative || !scale.product.fits ||
                        bit_length(scale.product.significand) + value_bits > 53;
            w.scale[g] =
                w.rare[g] != 0 ? 0 : std::ldexp(static_cast<double>(scale.product.significand), scale.product.exponent);
        }
    }

    /// The scale of group g of a stretch that begins with `group`.
    [[nodiscard]] combined_scale combined(std::size_t g, std::uint64_t group, const workspace& w) const {
        if (finds_scales()) return combine_scale_codes(scheme_, std::span(&w.codes[g], 1));
        return combine_scales(scheme_, layout_, *scales_, layout_.whole() ? 0 : group + g);
    }

    /// The scale over one group, for the definition.
    combined_scale define_scale(const piece& at, quantize_report& report) {
        if (!finds_scales()) return combine_scales(scheme_, layout_, *scales_, layout_.whole() ? 0 : at.group);
        constexpr float_format own = carrier_traits<T>::format;
        std::uint64_t most = 0;
        bool nonfinite = false;
        for (std::uint64_t j = 0; j < at.count; ++j) {
            const std::uint64_t m = to_bits(x_[at.first + j]) & own.magnitude_mask();
            nonfinite = nonfinite || m >= own.infinity_magnitude();
            if (m < own.infinity_magnitude()) most = std::max(most, m);
        }
        const group_scale found = rule_->scale(own.magnitude_value(most), {}, nonfinite, 0);
        report.zero_scales += found.rounded_to_zero;
        if (keeps_codes_) (*scales_)[0][at.group] = found.code;
        return combine_scale_codes(scheme_, std::span(&found.code, 1));
    }

    /// What groups g and on need under their scales.
    void prepare(std::size_t g, std::size_t groups, workspace& w) const {
        {
            const float_environment downward(direction::downward);
            step_kernels_->scale_limits(steps_->saturation, &w.scale[g], groups, &w.saturation[2 * g]);
            if (steps_->few)
                step_kernels_->scale_boundaries(steps_->few->boundaries, &w.scale[g], groups,
                                                &w.thresholds[simd::few * g]);
        }
        if (codes || !steps_->few) return;
        if constexpr (sizeof(T) == 2) {
            for (std::size_t i = 0; i < groups * simd::few; ++i)
                w.wide[i] = steps_->few->values[i % simd::few] * w.scale[g + i / simd::few];
            run_plan(kernels_->round64, *as_carrier_, w.wide.data(), w.wide.data(), groups * simd::few);
            for (std::size_t i = 0; i < groups * simd::few; ++i)
                w.scaled[simd::few * g + i] = static_cast<float>(w.wide[i]);
        } else {
            step_kernels_->scale_values(steps_->few->values.data(), &w.scale[g], groups, &w.scaled[simd::few * g]);
        }
    }

    /// Groups g and on of a stretch that begins with `group`, `length` elements of each, the first of them element `first`.
    void elements(std::uint64_t first, std::size_t g, std::size_t groups, std::size_t length, std::uint64_t group,
                  workspace& w, quantize_report& report) {
        const float* x = load(first, groups * length, w);
        for (std::size_t k = 0; k < groups; ++k) {
            const float top = std::bit_cast<float>(w.largest[g + k]);
            const float low = w.saturation[2 * (g + k)];
            const float high = w.saturation[2 * (g + k) + 1];
            if (top > high || !(-top > low))
                report.saturated += step_kernels_->count_outside(x + k * length, length, low, high);
        }
        if constexpr (!codes) {
            if (steps_->few) {
                few_values(x, first, g, groups, length, w);
                return;
            }
        }
        std::uint8_t* to = w.narrow.data();
        if constexpr (std::is_same_v<Out, std::uint8_t> && codes) {
            if (packed_ == nullptr) to = out_ + first;
        }
        if (steps_->few) {
            step_kernels_->few_codes(x, to, groups, length, &w.thresholds[simd::few * g], steps_->few->codes.data(),
                                     steps_->few->keyed, line(w), &w.reciprocal[g]);
        } else {
            many_codes(x, to, first, g, groups, length, group, w);
        }
        store(to, first, g, groups, length, w);
    }

    [[nodiscard]] const simd::few_line* line(const workspace& w) const {
        return w.on_line ? &*steps_->few->line : nullptr;
    }

    void few_values(const float* x, std::uint64_t first, std::size_t g, std::size_t groups, std::size_t length,
                    workspace& w) {
        const float* scaled = &w.scaled[simd::few * g];
        const float* thresholds = &w.thresholds[simd::few * g];
        const bool keyed = steps_->few->keyed;
        if constexpr (std::is_same_v<T, float> && !codes) {
            step_kernels_->few_values(x, out_ + first, groups, length, thresholds, scaled, keyed, stream_, line(w),
                                      &w.reciprocal[g]);
        } else if constexpr (sizeof(T) == 2 && !codes) {
            step_kernels_->few_values(x, w.results.data(), groups, length, thresholds, scaled, keyed, false, line(w),
                                      &w.reciprocal[g]);
            run_plan(kernels_->encode32_16, *from_float_, w.results.data(),
                     reinterpret_cast<std::uint16_t*>(out_ + first), groups * length);
        }
    }

    void many_codes(const float* x, std::uint8_t* to, std::uint64_t first, std::size_t g, std::size_t groups,
                    std::size_t length, std::uint64_t group, workspace& w) const {
        const std::size_t doubts = step_kernels_->many_quotients(x, to, groups, length, &w.reciprocal[g], &w.exact[g],
                                                                 steps_->many->many->plan, w.doubtful.data());
        for (std::size_t k = 0; k < doubts; ++k) {
            const std::uint32_t i = w.doubtful[k];
            if (!steps_->boundaries.empty()) {
                to[i] = steps_->code_of(static_cast<double>(x[i]), w.scale[g + i / length]);
                continue;
            }
            const combined_scale scale = combined(g + i / length, group, w);
            const projected element = encoder_(x_[first + i], scale, encoder_.divides_in_binary64(scale), 0);
            to[i] = stored_code<std::uint8_t>(to_code(element, scheme_.element), scheme_.element.bits(),
                                              scheme_.element.has_signed_codes());
        }
    }

    /// Codes to where they belong, or their values.
    void store([[maybe_unused]] const std::uint8_t* from, std::uint64_t first, [[maybe_unused]] std::size_t g,
               std::size_t groups, [[maybe_unused]] std::size_t length, [[maybe_unused]] workspace& w) {
        const std::size_t size = groups * length;
        if constexpr (codes) {
            if constexpr (std::is_same_v<Out, std::uint8_t>) {
                if (packed_ != nullptr) blocks_->pack4(mask_nibbles(w.narrow.data(), size), packed_ + first / 2, size);
            } else {
                const bool is_signed = scheme_.element.has_signed_codes();
                for (std::size_t i = 0; i < size; ++i)
                    out_[first + i] = is_signed ? static_cast<Out>(static_cast<std::int8_t>(from[i])) : Out{from[i]};
            }
        } else if constexpr (sizeof(T) <= 4) {
            if (std::is_same_v<T, float> && w.factors_are_exact && step_kernels_->decodes == 256) {
                // The product of two binary32 numbers, rounded once.
                (void)step_kernels_->decode_table(from, reinterpret_cast<float*>(out_ + first), size, *table_,
                                                  &w.factor[g], length, stream_);
                return;
            }
            (void)decode_by_table(step_kernels_, *table_, from, w.results.data(), size, false);
            kernels_->widen(w.results.data(), w.wide.data(), size);
            constexpr double none = std::numeric_limits<double>::infinity();
            if constexpr (std::is_same_v<T, float>) {
                blocks_->products(w.wide.data(), out_ + first, size, &w.scale[g], length, none);
            } else {
                blocks_->exact_products(w.wide.data(), w.wide.data(), size, &w.scale[g], length, none);
                run_plan(kernels_->round64, *as_carrier_, w.wide.data(), w.wide.data(), size);
                kernels_->narrow(w.wide.data(), w.results.data(), size);
                run_plan(kernels_->encode32_16, *from_float_, w.results.data(),
                         reinterpret_cast<std::uint16_t*>(out_ + first), size);
            }
        }
    }

    /// Codes of signed integers have ones above their 4 bits.
    std::uint8_t* mask_nibbles(std::uint8_t* narrow, std::size_t size) const {
        if (scheme_.element.has_signed_codes()) {
            for (std::size_t i = 0; i < size; ++i) narrow[i] &= 0x0F;
        }
        return narrow;
    }

    const scheme& scheme_;
    const scheme_layout& layout_;
    const axis_view view_;
    const quantize_options& options_;
    scaled_encoder<T, any_projector> encoder_;
    const simd::kernel_table* kernels_ = nullptr;
    const simd::block_kernels* blocks_ = nullptr;
    const simd::step_kernels* step_kernels_ = nullptr;
    std::shared_ptr<const quotient_steps> steps_;
    std::optional<simd::scale_choice> scale_;
    std::optional<scale_rule> rule_;
    std::optional<simd::table_plan> table_;
    std::optional<simd::decode_plan> to_float_;
    std::optional<simd::conversion_plan<float>> from_float_;
    std::optional<simd::conversion_plan<double>> as_carrier_;
    const T* x_ = nullptr;
    Out* out_ = nullptr;
    std::uint8_t* packed_ = nullptr;
    scale_planes* scales_ = nullptr;
    bool keeps_codes_ = false;
    bool narrows_scales_ = false;  ///< to binary32, to nearest even
    bool stream_ = false;
    bool thresholds_are_normal_ = false;
};

}  // namespace halfulp::detail
