// quantize, fake_quantize and dequantize where every group is a run along the axis, or the whole array. quantize.cpp brings all other
// schemes to this form.
#pragma once

#include <algorithm>
#include <atomic>
#include <optional>
#include <vector>

#include "affine_groups.hpp"
#include "bitsandbytes_blocks.hpp"
#include "block_conversion.hpp"
#include "block_decoding.hpp"
#include "checks.hpp"
#include "choose_scales.hpp"
#include "code_sources.hpp"
#include "float_environment.hpp"
#include "halfulp/blocks/scaled_element.hpp"
#include "halfulp/codecs/codec.hpp"
#include "halfulp/codecs/pack.hpp"
#include "mean_recipes.hpp"
#include "scheme_layout.hpp"
#include "step_blocks.hpp"

namespace halfulp::detail {

/// Calls body(index) for every element of lane k.
template <class Body>
void for_each_in_lane(const piece& at, std::uint64_t k, const Body& body) {
    for (std::uint64_t j = 0; j < at.count; ++j) body(at.first + j * at.stride + k);
}

/// Is this element divided by scales? Not where it or they are special.
template <carrier T>
bool is_scaled(T x, const combined_scale& scale) noexcept {
    constexpr float_format own = carrier_traits<T>::format;
    return !scale.is_nan && !scale.is_zero && (to_bits(x) & own.magnitude_mask()) < own.infinity_magnitude();
}

/// Quantizes by vector kernels where they cover the call, else by the scalar definition, which hands every element to
/// sink(index, projected number, scale). `scales` is filled unless it is null.
template <class Projector, carrier T, class Out, class Sink>
quantize_report quantize_by(std::span<const T> x, const scheme& s, const axis_view& view, Out* out,
                            scale_planes* scales, const quantize_options& options, const Sink& sink,
                            std::uint8_t* packed) {
    const scheme_layout layout(s, view);
    const bool no_negative_zero = s.scale_recipe == recipe::llama_cpp;
    std::optional<binary32_recipe> steps;
    const projection how{.rounding = options.rounding,
                         .overflow = overflow_policy::sat_finite,
                         .nan = options.nan,
                         .ftz = options.ftz,
                         .random_bits = static_cast<std::uint8_t>(options.random_bits)};
    const auto encoder = [&] {
        if constexpr (std::is_same_v<Projector, projector>)
            return scaled_encoder<T>(*s.element.as_float(), how, !s.levels.empty());
        else
            return scaled_encoder<T, Projector>(s.element, how, !s.levels.empty());
    }();
    // The definition on lane k of a piece: how many elements saturated.
    const auto define = [&](const piece& at, const combined_scale& scale, std::uint64_t k) {
        const bool quick = encoder.divides_in_binary64(scale);
        std::uint64_t over = 0;
        const float block = steps && scale.count != 0 ? to_binary32(scale.factors[0]) : 0;
        for (std::uint64_t j = 0; j < at.count; ++j) {
            const std::uint64_t i = at.first + j * at.stride + k;
            const std::uint32_t random = element_random(options, i);
            projected element = steps && is_scaled(x[i], scale)
                                    ? project_value(steps->scaled(to_binary32(x[i]), block), encoder.how(), random)
                                    : encoder(x[i], scale, quick, random);
            if (no_negative_zero && element.kind == number_class::finite && element.significand == 0)
                element.negative = false;
            if (element.missing_nan && options.nan == nan_policy::raise) throw_missing_nan(i, s.element);
            over += element.overflowed;
            sink(i, element, scale);
        }
        return over;
    };
    scale_planes own;
    scale_planes& planes = scales == nullptr ? own : *scales;
    quantize_report report;
    // Neither engine covers recipes that compute elements step by step.
    const auto run_by = [&](auto& engine) {
        if (packed != nullptr) engine.pack_into(packed);
        if (engine.finds_scales()) return engine.run(x, out, scales, define);
        report.zero_scales = find_scales(x, s, layout, options, planes, steps);
        report.saturated = engine.run(x, out, &planes, define).saturated;
        return report;
    };
    if (block_conversion<T, Out> vectors(s, layout, view, options); vectors.covers()) return run_by(vectors);
    if constexpr (std::is_same_v<Projector, any_projector>) {
        if (step_blocks<T, Out> stepping(s, layout, view, options); stepping.covers()) return run_by(stepping);
    }
    report.zero_scales = find_scales(x, s, layout, options, planes, steps);
    std::atomic<std::uint64_t> saturated{0};
    parallel_for(layout.pieces(), options.threads, 1, [&](std::size_t begin, std::size_t end) {
        const float_environment environment;
        std::uint64_t over = 0;
        for (std::size_t p = begin; p < end; ++p) {
            const piece at = layout.piece_at(p);
            for (std::uint64_t k = 0; k < at.lanes; ++k)
                over += define(at, combine_scales(s, layout, planes, at.group + k), k);
        }
        saturated += over;
    });
    report.saturated = saturated;
    return report;
}

template <carrier T, class Out, class Sink>
quantize_report quantize_with(std::span<const T> x, const scheme& s, const axis_view& view, Out* out,
                              scale_planes* scales, const quantize_options& options, const Sink& sink,
                              std::uint8_t* packed = nullptr) {
    if (s.zero_point) {
        const scheme_layout layout(s, view);
        return affine_quantizer<T, Out>(x, s, layout, options).run(out, scales);
    }
    if (s.scale_recipe == recipe::bitsandbytes) {
        const scheme_layout layout(s, view);
        return bitsandbytes_quantize(x, s, layout, out, scales, options);
    }
    if (scales_are_means(s)) {
        const scheme_layout layout(s, view);
        return mean_quantizer<T, Out>(x, s, layout, options).run(out, scales);
    }
    return s.element.as_float() != nullptr ? quantize_by<projector>(x, s, view, out, scales, options, sink, packed)
                                           : quantize_by<any_projector>(x, s, view, out, scales, options, sink, packed);
}

/// Codes of projected numbers as an array of C holds them.
template <class C>
class code_writer {
  public:
    explicit code_writer(const format& element)
        : element_(element),
          is_float_(element.as_float() != nullptr),
          grid_(is_float_ ? *element.as_float() : float_format{}) {}
    C operator()(const projected& x) const noexcept {
        if (is_float_) return static_cast<C>(to_code(x, grid_));
        return stored_code<C>(to_code(x, element_), element_.bits(), element_.has_signed_codes());
    }

  private:
    const format& element_;
    bool is_float_;
    float_grid grid_;
};

template <carrier T, code_type C>
quantize_report quantize_runs(std::span<const T> x, const axis_view& view, const scheme& s, std::span<C> codes,
                              scale_planes& scales, const quantize_options& options) {
    const code_writer<C> write(s.element);
    return quantize_with(
        x, s, view, codes.data(), &scales, options,
        [&](std::uint64_t i, const projected& element, const combined_scale&) { codes[i] = write(element); });
}

/// Codes two to a byte on the way. False, and nothing done, where they cannot be.
template <carrier T>
bool quantize_pairs(std::span<const T> x, const axis_view& view, const scheme& s, std::span<std::uint8_t> packed,
                    scale_planes& scales, const quantize_options& options, quantize_report& report) {
    const scheme_layout layout(s, view);
    const block_conversion<T, std::uint8_t> blocks(s, layout, view, options);
    const bool in_pairs =
        blocks.covers() ? blocks.packs_pairs() : step_blocks<T, std::uint8_t>(s, layout, view, options).packs_pairs();
    if (!in_pairs) return false;
    const code_writer<std::uint8_t> write(s.element);
    report = quantize_with(
        x, s, view, static_cast<std::uint8_t*>(nullptr), &scales, options,
        [&](std::uint64_t i, const projected& element, const combined_scale&) {
            const auto code = static_cast<std::uint8_t>(write(element) & 0x0F);
            std::uint8_t& pair = packed[i / 2];
            pair = static_cast<std::uint8_t>(i % 2 == 0 ? (pair & 0xF0) | code : (pair & 0x0F) | code << 4);
        },
        packed.data());
    return true;
}

template <carrier T>
quantize_report fake_quantize_runs(std::span<const T> x, const axis_view& view, const scheme& s, std::span<T> out,
                                   const quantize_options& options) {
    const scaled_decoder<T> decode_element;
    return quantize_with(x, s, view, out.data(), nullptr, options,
                         [&](std::uint64_t i, const projected& element, const combined_scale& scale) {
                             if (element.missing_nan && options.nan == nan_policy::keep) {
                                 out[i] = x[i];  // NaN, or an infinity in a group whose scale format has no NaN
                             } else {
                                 out[i] = decode_element(element, scale);
                             }
                         });
}

/// Codes of any source (code_sources.hpp), no zero points. False where some code is not the format's; what is in `out` then says nothing.
template <class Codes, carrier T>
[[nodiscard]] bool dequantize_from(const Codes& codes, const axis_view& view, const scheme& s,
                                   const scale_planes& scales, std::span<T> out, int threads) {
    using C = typename Codes::code;
    const scheme_layout layout(s, view);
    const scaled_decoder<T> decode_element;
    const block_decoding<T, C> vectors(s, layout, scales);
    if (!vectors.checks_codes() && !codes.fit(s.element)) return false;
    const auto mask = static_cast<C>(low_ones(s.element.bits()));
    const bool in_rows = layout.whole() || view.inner == 1;
    std::atomic<bool> all_fit{true};
    parallel_for(layout.pieces(), threads, 1, [&](std::size_t begin, std::size_t end) {
        const float_environment environment;
        std::vector<double> plain(std::max<std::size_t>(block_decoding<T, C>::most_groups, scheme_layout::lane_block));
        bool fit = true;
        const auto define = [&](const piece& at) {
            for (std::uint64_t k = 0; k < at.lanes; ++k) {
                const combined_scale scale = combine_scales(s, layout, scales, at.group + k);
                for_each_in_lane(at, k, [&](std::uint64_t i) {
                    const auto code = codes[i];
                    if (has_code(code, s.element)) {
                        out[i] = decode_element(projected_from_code(code & mask, s.element), scale);
                    } else {
                        fit = false;
                    }
                });
            }
        };
        for (std::size_t p = begin; p < end;) {
            const piece at = layout.piece_at(p);
            // Groups of one length that follow one another are done together.
            const std::size_t groups =
                in_rows ? std::min<std::size_t>(block_decoding<T, C>::most_groups, layout.alike(p, end)) : 1;
            if (!vectors.plain_scales(at.group, groups * at.lanes, plain.data())) {
                for (std::size_t g = 0; g < groups; ++g) define(layout.piece_at(p + g));
            } else if (in_rows) {
                fit = codes.run(vectors, at.first, &out[at.first], at.count * groups, plain.data(), at.count) && fit;
            } else {
                for (std::uint64_t j = 0; j < at.count; ++j) {
                    const std::uint64_t first = at.first + j * at.stride;
                    fit = codes.run(vectors, first, &out[first], at.lanes, plain.data(), 0) && fit;
                }
            }
            p += groups;
        }
        if (!fit) all_fit = false;
    });
    return all_fit;
}

template <carrier T, code_type C>
[[nodiscard]] bool dequantize_runs(std::span<const C> codes, const axis_view& view, const scheme& s,
                                   const scale_planes& scales, std::span<T> out, int threads) {
    if (!s.zero_point) return dequantize_from(array_codes<C>(codes), view, s, scales, out, threads);
    if (!has_codes(codes, s.element)) return false;
    affine_dequantize(codes, s, scheme_layout(s, view), scales, out, threads);
    return true;
}

}  // namespace halfulp::detail
