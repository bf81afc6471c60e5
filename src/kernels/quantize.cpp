#include "halfulp/kernels/quantize.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "block_conversion.hpp"
#include "block_decoding.hpp"
#include "checks.hpp"
#include "find_scales.hpp"
#include "float_environment.hpp"
#include "halfulp/blocks/scaled_element.hpp"
#include "halfulp/codecs/codec.hpp"
#include "halfulp/codecs/pack.hpp"
#include "halfulp/formats/name.hpp"
#include "scheme_layout.hpp"

namespace halfulp {
namespace {

using detail::combined_scale;
using detail::piece;
using detail::scheme_layout;

/// Calls body(index) for every element of lane k.
template <class Body>
void for_each_in_lane(const piece& at, std::uint64_t k, const Body& body) {
    for (std::uint64_t j = 0; j < at.count; ++j) body(at.first + j * at.stride + k);
}

void check_shape(const scheme& s, const axis_view& view, std::size_t x_size) {
    validate(s);
    if (view.size() != x_size) {
        throw std::invalid_argument("the axis view has " + std::to_string(view.size()) +
                                    " elements, allowed: " + std::to_string(x_size) + ", as many as x has");
    }
}

void check_options(const scheme& s, const axis_view& view, const quantize_options& options, std::size_t x_size) {
    check_shape(s, view, x_size);
    detail::check_threads(options.threads);
    detail::check_random(options.rounding, options.random_bits, options.random, x_size);
    if (!options.scale_rounding || !is_stochastic(*options.scale_rounding)) return;
    if (options.random.from != randomness::kind::drawn) {
        throw std::invalid_argument(
            "scale_rounding is stochastic, allowed: with a random_source (a seed); R itself is given for elements "
            "only");
    }
    detail::check_offset(options.random.source.offset, x_size);
}

/// Quantizes by vector kernels where they cover the call, else by the scalar definition, which hands every element to
/// sink(index, projected number, scale). `scales` is filled unless it is null.
template <carrier T, class Out, class Sink>
quantize_report quantize_with(std::span<const T> x, const scheme& s, const axis_view& view, Out* out,
                              scale_planes* scales, const quantize_options& options, const Sink& sink,
                              std::uint8_t* packed = nullptr) {
    const scheme_layout layout(s, view);
    const bool stochastic = is_stochastic(options.rounding);
    const scaled_encoder<T> encoder(s.element,
                                    {.rounding = options.rounding,
                                     .overflow = overflow_policy::sat_finite,
                                     .nan = options.nan,
                                     .ftz = options.ftz,
                                     .random_bits = static_cast<std::uint8_t>(options.random_bits)},
                                    !s.levels.empty());
    // The definition on lane k of a piece: how many elements saturated.
    const auto define = [&](const piece& at, const combined_scale& scale, std::uint64_t k) {
        const bool quick = encoder.divides_in_binary64(scale);
        std::uint64_t over = 0;
        for (std::uint64_t j = 0; j < at.count; ++j) {
            const std::uint64_t i = at.first + j * at.stride + k;
            const std::uint32_t random = !stochastic ? 0
                                         : options.random.from == randomness::kind::given
                                             ? options.random.given[i]
                                             : options.random.source.word(i) >> (32 - options.random_bits);
            const projected element = encoder(x[i], scale, quick, random);
            if (element.missing_nan && options.nan == nan_policy::raise) detail::throw_missing_nan(i, s.element);
            over += element.overflowed;
            sink(i, element, scale);
        }
        return over;
    };
    detail::block_conversion<T, Out> vectors(s, layout, view, options);
    if (packed != nullptr) vectors.pack_into(packed);
    if (vectors.covers() && vectors.finds_scales()) return vectors.run(x, out, scales, define);
    scale_planes own;
    scale_planes& planes = scales == nullptr ? own : *scales;
    quantize_report report;
    report.zero_scales = detail::find_scales(x, s, layout, options, planes);
    if (vectors.covers()) {
        report.saturated = vectors.run(x, out, &planes, define).saturated;
        return report;
    }
    std::atomic<std::uint64_t> saturated{0};
    detail::parallel_for(layout.pieces(), options.threads, 1, [&](std::size_t begin, std::size_t end) {
        const detail::float_environment environment;
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

}  // namespace

std::vector<std::uint64_t> scale_counts(const scheme& s, const axis_view& view) {
    return scheme_layout(s, view).counts();
}

template <carrier T, code_type C>
quantize_report quantize(std::span<const T> x, const axis_view& view, const scheme& s, std::span<C> codes,
                         scale_planes& scales, const quantize_options& options) {
    check_options(s, view, options, x.size());
    detail::check_sizes(x.size(), codes.size());
    detail::check_code_width(std::numeric_limits<C>::digits, s.element);
    detail::check_not_kept(options.nan, "quantize");
    const float_grid grid(s.element);
    return quantize_with(x, s, view, codes.data(), &scales, options,
                         [&](std::uint64_t i, const projected& element, const combined_scale&) {
                             codes[i] = static_cast<C>(to_code(element, grid));
                         });
}

template <carrier T>
quantize_report quantize_packed(std::span<const T> x, const axis_view& view, const scheme& s,
                                std::span<std::uint8_t> packed, scale_planes& scales, const quantize_options& options) {
    check_options(s, view, options, x.size());
    const int bits = s.element.bits();
    if (packed.size() != packed_size(x.size(), bits)) {
        throw std::invalid_argument("packed has " + std::to_string(packed.size()) +
                                    " bytes, allowed: " + std::to_string(packed_size(x.size(), bits)) + " for " +
                                    std::to_string(x.size()) + " codes of " + std::to_string(bits) + " bits");
    }
    detail::check_not_kept(options.nan, "quantize_packed");
    const scheme_layout layout(s, view);
    if (detail::block_conversion<T, std::uint8_t>(s, layout, view, options).packs_pairs()) {
        const float_grid grid(s.element);
        return quantize_with(
            x, s, view, static_cast<std::uint8_t*>(nullptr), &scales, options,
            [&](std::uint64_t i, const projected& element, const combined_scale&) {
                const auto code = static_cast<std::uint8_t>(to_code(element, grid));
                std::uint8_t& pair = packed[i / 2];
                pair = static_cast<std::uint8_t>(i % 2 == 0 ? (pair & 0xF0) | code : (pair & 0x0F) | code << 4);
            },
            packed.data());
    }
    const auto by_way_of = [&](auto code) {
        std::vector<decltype(code)> codes(x.size());
        const quantize_report report = quantize(x, view, s, std::span(codes), scales, options);
        pack(std::span<const decltype(code)>(codes), bits, packed);
        return report;
    };
    if (bits <= 8) return by_way_of(std::uint8_t{});
    if (bits <= 16) return by_way_of(std::uint16_t{});
    return bits <= 32 ? by_way_of(std::uint32_t{}) : by_way_of(std::uint64_t{});
}

template <carrier T>
quantize_report fake_quantize(std::span<const T> x, const axis_view& view, const scheme& s, std::span<T> out,
                              const quantize_options& options) {
    check_options(s, view, options, x.size());
    detail::check_sizes(x.size(), out.size());
    detail::check_holds(carrier_traits<T>::format, s.element);
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

template <carrier T, code_type C>
void dequantize(std::span<const C> codes, const axis_view& view, const scheme& s, const scale_planes& scales,
                std::span<T> out, int threads) {
    check_shape(s, view, codes.size());
    detail::check_threads(threads);
    detail::check_sizes(codes.size(), out.size());
    const scheme_layout layout(s, view);
    if (scales.size() != s.levels.size()) {
        throw std::invalid_argument("scales has " + std::to_string(scales.size()) +
                                    " levels, allowed: " + std::to_string(s.levels.size()));
    }
    for (std::size_t level = 0; level < scales.size(); ++level) {
        const float_format& format = s.levels[level].format;
        if (scales[level].size() != layout.counts()[level]) {
            throw std::invalid_argument("scales[" + std::to_string(level) + "] has " +
                                        std::to_string(scales[level].size()) +
                                        " codes, allowed: " + std::to_string(layout.counts()[level]));
        }
        detail::check_codes<std::uint64_t>("scales[" + std::to_string(level) + "]", scales[level], format);
    }
    detail::check_codes("codes", codes, s.element);
    const scaled_decoder<T> decode_element;
    const detail::block_decoding<T, C> vectors(s, layout, scales);
    detail::parallel_for(layout.pieces(), threads, 1, [&](std::size_t begin, std::size_t end) {
        const detail::float_environment environment;
        std::vector<double> plain;
        for (std::size_t p = begin; p < end;) {
            const piece at = layout.piece_at(p);
            const bool neighbours = at.lanes == 1 && at.stride == 1;
            // Groups of one length that follow one another are done together.
            std::size_t groups = 1;
            while (neighbours && !layout.whole() && p + groups < end && groups < 64) {
                const piece next = layout.piece_at(p + groups);
                if (next.count != at.count || next.first != at.first + groups * at.count) break;
                ++groups;
            }
            plain.clear();
            for (std::uint64_t k = 0; k < at.lanes * groups; ++k)
                plain.push_back(vectors.covers() ? vectors.scale(at.group + k) : 0);
            const bool all_plain = std::find(plain.begin(), plain.end(), 0.0) == plain.end();
            if (all_plain && neighbours) {
                vectors.run(&codes[at.first], &out[at.first], at.count * groups, plain.data(), at.count);
            } else if (all_plain) {
                for (std::uint64_t j = 0; j < at.count; ++j) {
                    const std::uint64_t first = at.first + j * at.stride;
                    vectors.run(&codes[first], &out[first], at.lanes, plain.data(), 0);
                }
            } else {
                for (std::size_t g = 0; g < groups; ++g) {
                    const piece one = layout.piece_at(p + g);
                    for (std::uint64_t k = 0; k < one.lanes; ++k) {
                        const combined_scale scale = combine_scales(s, layout, scales, one.group + k);
                        for_each_in_lane(one, k, [&](std::uint64_t i) {
                            out[i] = decode_element(projected_from_code(codes[i], s.element), scale);
                        });
                    }
                }
            }
            p += groups;
        }
    });
}

#define HALFULP_QUANTIZE(T, C)                                                                                 \
    template quantize_report quantize<T, C>(std::span<const T>, const axis_view&, const scheme&, std::span<C>, \
                                            scale_planes&, const quantize_options&);                           \
    template void dequantize<T, C>(std::span<const C>, const axis_view&, const scheme&, const scale_planes&,   \
                                   std::span<T>, int);
#define HALFULP_CARRIER(T)                                                                                        \
    template quantize_report quantize_packed<T>(std::span<const T>, const axis_view&, const scheme&,              \
                                                std::span<std::uint8_t>, scale_planes&, const quantize_options&); \
    template quantize_report fake_quantize<T>(std::span<const T>, const axis_view&, const scheme&, std::span<T>,  \
                                              const quantize_options&);                                           \
    HALFULP_QUANTIZE(T, std::uint8_t)                                                                             \
    HALFULP_QUANTIZE(T, std::uint16_t)                                                                            \
    HALFULP_QUANTIZE(T, std::uint32_t)                                                                            \
    HALFULP_QUANTIZE(T, std::uint64_t)
HALFULP_CARRIER(float16)
HALFULP_CARRIER(bfloat16)
HALFULP_CARRIER(float)
HALFULP_CARRIER(double)

}  // namespace halfulp
