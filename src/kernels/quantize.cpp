#include "halfulp/kernels/quantize.hpp"

#include <array>
#include <atomic>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "checks.hpp"

#include "find_scales.hpp"
#include "float_environment.hpp"
#include "halfulp/codecs/codec.hpp"
#include "halfulp/formats/name.hpp"
#include "nearest_even_piece.hpp"

namespace halfulp {
namespace {

using detail::combined_scale;
using detail::piece;
using detail::scheme_layout;

/// Divides elements by their group's scale and projects them.
template <carrier T>
class element_encoder {
  public:
    element_encoder(const scheme& s, const quantize_options& options)
        : projector_(s.element, {.rounding = options.rounding,
                                 .overflow = overflow_policy::sat_finite,
                                 .nan = options.nan,
                                 .ftz = options.ftz,
                                 .random_bits = static_cast<std::uint8_t>(options.random_bits)}),
          element_(s.element),
          has_levels_(!s.levels.empty()) {}

    void set_scale(const combined_scale& scale) noexcept {
        scale_ = &scale;
        quick_ = !is_stochastic(projector_.spec.mode) &&
                 binary64_division_decides(carrier_traits<T>::format.precision(), scale.product, element_.precision());
    }

    [[nodiscard]] projected operator()(T x, std::uint32_t random) const noexcept {
        constexpr float_format from = carrier_traits<T>::format;
        const std::uint64_t bits = to_bits(x);
        const bool negative = (bits & from.sign_mask()) != 0;
        const std::uint64_t magnitude = bits & from.magnitude_mask();
        if (scale_->is_nan) return projector_.zero(false);
        if (magnitude >= from.infinity_magnitude()) {
            if (!has_levels_ && magnitude == from.infinity_magnitude()) return projector_.infinity(negative);
            return projector_.nan_result(negative);
        }
        if (scale_->is_zero) return projector_.zero(false);
        const dyadic value = from.magnitude_value(magnitude);
        if (scale_->product.fits && scale_->product.significand == 1) {
            return projector_.finite(negative, value.significand, value.exponent - scale_->product.exponent, false,
                                     random);
        }
        if (value.significand == 0) return projector_.finite(negative, std::uint64_t{0}, 0, false, random);
        if (quick_) {
            const dyadic q = binary64_quotient(value, scale_->product);
            return projector_.finite(negative, q.significand, q.exponent, false, random);
        }
        const extended q = exact_quotient(value, scale_->all());
        return projector_.finite(negative, q.significand, q.exponent, q.sticky, random);
    }

  private:
    projector projector_;
    float_format element_;
    bool has_levels_;
    const combined_scale* scale_ = nullptr;
    bool quick_ = false;
};

/// The exact product of an element and its scales, rounded once to the carrier (nearest-even, overflow to infinity).
template <carrier T>
class element_decoder {
  public:
    element_decoder() : to_carrier_(carrier_traits<T>::format, {}) {}

    [[nodiscard]] T operator()(const projected& element, const combined_scale& scale) const noexcept {
        const bool negative = element.negative != scale.negative;
        const bool element_is_zero = element.kind == number_class::finite && element.significand == 0;
        if (scale.is_nan || element.kind == number_class::nan ||
            (element.kind == number_class::infinity && scale.is_zero) || (element_is_zero && scale.is_infinite)) {
            return from_bits<T>(carrier_traits<T>::format.nan_code());
        }
        if (element.kind == number_class::infinity || scale.is_infinite)
            return to_value<T>(to_carrier_.infinity(negative));
        if (element_is_zero || scale.is_zero) return to_value<T>(to_carrier_.zero(negative));
        const compact_product& product = scale.product;
        if (product.fits && bit_length(element.significand) + bit_length(product.significand) <= 64) {
            return to_value<T>(to_carrier_.finite(negative, element.significand * product.significand,
                                                  element.exponent + product.exponent, false, 0));
        }
        std::array<dyadic, max_factors> factors{};
        std::size_t count = 0;
        factors[count++] = {false, element.significand, element.exponent};
        for (const dyadic& factor : scale.all()) factors[count++] = factor;
        const extended exact = exact_product(std::span(factors).first(count));
        return to_value<T>(to_carrier_.finite(negative, exact.significand, exact.exponent, exact.sticky, 0));
    }

  private:
    projector to_carrier_;
};

/// The scales of a piece's lanes.
void combine_lanes(const scheme& s, const scheme_layout& layout, const scale_planes& scales, const piece& at,
                   std::vector<combined_scale>& lanes) {
    lanes.clear();
    for (std::uint64_t k = 0; k < at.lanes; ++k) lanes.push_back(combine_scales(s, layout, scales, at.group + k));
}

/// Calls body(index) for every element of lane k.
template <class Body>
void for_each_in_lane(const piece& at, std::uint64_t k, const Body& body) {
    for (std::uint64_t j = 0; j < at.count; ++j) body(at.first + j * at.stride + k);
}

/// The element that a code stands for.
projected decoded(std::uint64_t code, const float_format& format) {
    projected element{number_class::finite, (code & format.sign_mask()) != 0, 0, 0, false, false, false};
    if (format.is_nan(code)) {
        element.kind = number_class::nan;
    } else if (format.is_infinity(code)) {
        element.kind = number_class::infinity;
    } else {
        const dyadic value = format.finite_value(code);
        element.negative = value.negative;
        element.significand = value.significand;
        element.exponent = value.exponent;
    }
    return element;
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

/// Quantizes and hands every element to sink(index, projected number, scale). A piece that quick(piece, scales, saturated)
/// takes care of (true) is not seen by the sink.
template <carrier T, class Sink, class Quick>
quantize_report quantize_with(std::span<const T> x, const scheme& s, const scheme_layout& layout, scale_planes& scales,
                              const quantize_options& options, const Sink& sink, const Quick& quick) {
    quantize_report report;
    report.zero_scales = detail::find_scales(x, s, layout, options, scales);
    std::atomic<std::uint64_t> saturated{0};
    const bool stochastic = is_stochastic(options.rounding);
    const int drop = 32 - options.random_bits;
    detail::parallel_for(layout.pieces(), options.threads, 1, [&](std::size_t begin, std::size_t end) {
        const detail::float_environment environment;
        element_encoder<T> encoder(s, options);
        std::uint64_t over = 0;
        std::vector<combined_scale> lanes;
        for (std::size_t p = begin; p < end; ++p) {
            const piece at = layout.piece_at(p);
            combine_lanes(s, layout, scales, at, lanes);
            if (quick(at, lanes, over)) continue;
            for (std::uint64_t k = 0; k < at.lanes; ++k) {
                const combined_scale& scale = lanes[k];
                encoder.set_scale(scale);
                for_each_in_lane(at, k, [&](std::uint64_t i) {
                    const std::uint32_t random = !stochastic ? 0
                                                 : options.random.from == randomness::kind::given
                                                     ? options.random.given[i]
                                                     : options.random.source.word(i) >> drop;
                    const projected element = encoder(x[i], random);
                    if (element.missing_nan && options.nan == nan_policy::raise)
                        detail::throw_missing_nan(i, s.element);
                    over += element.overflowed;
                    sink(i, element, scale);
                });
            }
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
    const scheme_layout layout(s, view);
    const float_grid grid(s.element);
    return quantize_with(
        x, s, layout, scales, options,
        [&](std::uint64_t i, const projected& element, const combined_scale&) {
            codes[i] = static_cast<C>(to_code(element, grid));
        },
        [](const piece&, const std::vector<combined_scale>&, std::uint64_t&) { return false; });
}

template <carrier T>
quantize_report fake_quantize(std::span<const T> x, const axis_view& view, const scheme& s, std::span<T> out,
                              const quantize_options& options) {
    check_options(s, view, options, x.size());
    detail::check_sizes(x.size(), out.size());
    detail::check_holds(carrier_traits<T>::format, s.element);
    const scheme_layout layout(s, view);
    const element_decoder<T> decode_element;
    [[maybe_unused]] const detail::nearest_even_piece nearest_even(s, options);
    scale_planes scales;
    return quantize_with(
        x, s, layout, scales, options,
        [&](std::uint64_t i, const projected& element, const combined_scale& scale) {
            if (element.missing_nan && options.nan == nan_policy::keep) {
                out[i] = x[i];  // NaN, or an infinity in a group whose scale format has no NaN
            } else {
                out[i] = decode_element(element, scale);
            }
        },
        [&]([[maybe_unused]] const piece& at, [[maybe_unused]] const std::vector<combined_scale>& lanes,
            [[maybe_unused]] std::uint64_t& saturated) {
            if constexpr (std::is_same_v<T, float>) {
                return nearest_even(x, out, at, lanes, saturated);
            } else {
                return false;
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
    const element_decoder<T> decode_element;
    detail::parallel_for(layout.pieces(), threads, 1, [&](std::size_t begin, std::size_t end) {
        std::vector<combined_scale> lanes;
        for (std::size_t p = begin; p < end; ++p) {
            const piece at = layout.piece_at(p);
            combine_lanes(s, layout, scales, at, lanes);
            for (std::uint64_t k = 0; k < at.lanes; ++k) {
                for_each_in_lane(
                    at, k, [&](std::uint64_t i) { out[i] = decode_element(decoded(codes[i], s.element), lanes[k]); });
            }
        }
    });
}

#define HALFULP_QUANTIZE(T, C)                                                                                 \
    template quantize_report quantize<T, C>(std::span<const T>, const axis_view&, const scheme&, std::span<C>, \
                                            scale_planes&, const quantize_options&);                           \
    template void dequantize<T, C>(std::span<const C>, const axis_view&, const scheme&, const scale_planes&,   \
                                   std::span<T>, int);
#define HALFULP_CARRIER(T)                                                                                       \
    template quantize_report fake_quantize<T>(std::span<const T>, const axis_view&, const scheme&, std::span<T>, \
                                              const quantize_options&);                                          \
    HALFULP_QUANTIZE(T, std::uint8_t)                                                                            \
    HALFULP_QUANTIZE(T, std::uint16_t)                                                                           \
    HALFULP_QUANTIZE(T, std::uint32_t)                                                                           \
    HALFULP_QUANTIZE(T, std::uint64_t)
HALFULP_CARRIER(float16)
HALFULP_CARRIER(bfloat16)
HALFULP_CARRIER(float)
HALFULP_CARRIER(double)

}  // namespace halfulp
