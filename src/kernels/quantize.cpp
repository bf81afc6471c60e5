#include "halfulp/kernels/quantize.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "checks.hpp"
#include "double_quantization.hpp"
#include "hadamard.hpp"
#include "halfulp/formats/name.hpp"
#include "halfulp/kernels/pack.hpp"
#include "halfulp/rounding/name.hpp"
#include "quantize_runs.hpp"
#include "regrouping.hpp"
#include "rotated_rows.hpp"
#include "scheme_arguments.hpp"

namespace halfulp {
namespace {

using detail::check_shape;
using detail::regrouping;
using detail::seen_by;

void check_options(const scheme& s, const axis_view& view, const quantize_options& options, std::size_t x_size) {
    const std::size_t weights = options.importance.size();
    const std::size_t along = s.flat ? x_size : view.length;
    if (weights != 0 && weights != along && weights != x_size)  // x_size: regrouped, one for each element
        throw std::invalid_argument("importance has " + std::to_string(weights) +
                                    " weights, allowed: " + std::to_string(along) +
                                    (s.flat ? ", one for each element" : ", one for each place along the axis"));
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

/// Are the first level's channels the lines of the view, neighbours in memory?
bool channels_are_lines(const scheme& s, const axis_view& view) noexcept {
    if (s.levels.empty() || !s.levels[0].group.channel) return false;
    const bool said = view.channel_outer != 0 || view.channels != 0 || view.channel_inner != 0;
    const bool leading = !said || (view.channel_outer == 1 && view.channels == view.outer);
    return leading && view.inner == 1 && view.length >= 1 && view.length <= max_group_length;
}

/// Does the first level have groups that are no runs?
bool needs_regrouping(const scheme& s, const axis_view& view) noexcept {
    if (s.levels.empty() || channels_are_lines(s, view)) return false;
    return s.levels[0].group.is_tile() || s.levels[0].group.channel;
}

/// The scheme with runs only. Channels on further levels are runs of scales, where a channel's scales lie together.
scheme with_runs(const scheme& s, const axis_view& view) {
    scheme plain = s;
    plain.hadamard = 0;
    plain.signs = 0;
    axis_view runs = view;
    if (needs_regrouping(s, view)) {
        const regrouping regroup(s, view);
        plain.levels[0].group = {regroup.length()};
        runs = regroup.view();
    } else if (channels_are_lines(s, view)) {
        plain.levels[0].group = {view.length};
    }
    for (std::size_t level = 1; level < plain.levels.size(); ++level) {
        scale_group& group = plain.levels[level].group;
        if (!group.channel) continue;
        scheme inside = plain;
        inside.levels.resize(level);
        const std::uint64_t scales = detail::scheme_layout(inside, runs).counts().back();
        const bool said = view.channel_outer != 0 || view.channels != 0 || view.channel_inner != 0;
        const std::uint64_t channels = said ? view.channels : view.outer;
        const bool leading =
            (!said || view.channel_outer <= 1) && !s.levels[0].group.channel &&
            (s.levels[0].group.is_tile() ? view.size() / std::max<std::uint64_t>(view.rows * view.columns, 1)
                                         : view.outer) %
                    std::max<std::uint64_t>(channels, 1) ==
                0;
        if (!leading || (channels != 0 && scales % channels != 0)) {
            throw std::invalid_argument("level " + std::to_string(level + 1) +
                                        " groups by channel, allowed: where the channel axis is the first one and the "
                                        "level inside groups along another axis");
        }
        group = {std::max<std::uint64_t>(channels == 0 ? 0 : scales / channels, 1)};
    }
    return plain;
}

/// The options for an array whose groups were brought side by side: what belongs to an element goes with it.
template <carrier T>
struct regrouped_call {
    regrouping regroup;
    quantize_options options;
    std::vector<T> x;
    std::vector<std::uint32_t> words;
    std::vector<double> importance;

    regrouped_call(std::span<const T> from, const scheme& s, const axis_view& view, const quantize_options& o)
        : regroup(s, view), options(o), x(regroup.gather(from)) {
        if (is_stochastic(o.rounding)) {
            std::vector<std::uint32_t> drawn;
            std::span<const std::uint32_t> given = o.random.given;
            if (o.random.from == randomness::kind::drawn) {
                drawn.resize(from.size());
                fill_words(o.random.source, 0, 0, drawn);
                for (std::uint32_t& word : drawn) word >>= 32 - o.random_bits;
                given = drawn;
            }
            words = regroup.gather(given);
            options.random = randomness(std::span<const std::uint32_t>(words));
        }
        if (!o.importance.empty()) {
            std::vector<double> each(from.size());
            for (std::size_t i = 0; i < each.size(); ++i) each[i] = o.importance[i / view.inner % view.length];
            importance = regroup.gather(std::span<const double>(each));
            options.importance = importance;
        }
    }

    /// Runs work(), whose errors name elements of the copy.
    template <class Work>
    quantize_report run(const format& element, const Work& work) const {
        try {
            return work();
        } catch (const detail::missing_nan& error) {
            detail::throw_missing_nan(static_cast<std::size_t>(regroup.original(error.index)), element);
        }
    }
};

template <carrier T, code_type C>
quantize_report quantize_groups(std::span<const T> x, const axis_view& view, const scheme& s, std::span<C> codes,
                                scale_planes& scales, const quantize_options& options) {
    const scheme plain = with_runs(s, view);
    if (!needs_regrouping(s, view)) return detail::quantize_runs(x, view, plain, codes, scales, options);
    const regrouped_call<T> call(x, s, view, options);
    std::vector<C> made(call.x.size());
    const quantize_report report = call.run(s.element, [&] {
        return detail::quantize_runs(std::span<const T>(call.x), call.regroup.view(), plain, std::span(made), scales,
                                     call.options);
    });
    call.regroup.scatter(std::span<const C>(made), codes);
    return report;
}

template <carrier T>
quantize_report fake_quantize_groups(std::span<const T> x, const axis_view& view, const scheme& s, std::span<T> out,
                                     const quantize_options& options) {
    const scheme plain = with_runs(s, view);
    if (!needs_regrouping(s, view)) return detail::fake_quantize_runs(x, view, plain, out, options);
    const regrouped_call<T> call(x, s, view, options);
    std::vector<T> made(call.x.size());
    const quantize_report report = call.run(s.element, [&] {
        return detail::fake_quantize_runs(std::span<const T>(call.x), call.regroup.view(), plain, std::span(made),
                                          call.options);
    });
    call.regroup.scatter(std::span<const T>(made), out);
    return report;
}

/// False where some code is not the format's.
template <carrier T, code_type C>
[[nodiscard]] bool dequantize_groups(std::span<const C> codes, const axis_view& view, const scheme& s,
                                     const scale_planes& scales, std::span<T> out, int threads) {
    const scheme plain = with_runs(s, view);
    if (!needs_regrouping(s, view)) return detail::dequantize_runs(codes, view, plain, scales, out, threads);
    const regrouping regroup(s, view);
    const std::vector<C> gathered = regroup.gather(codes);
    std::vector<T> made(gathered.size());
    if (!detail::dequantize_runs(std::span<const C>(gathered), regroup.view(), plain, scales, std::span(made), threads))
        return false;
    regroup.scatter(std::span<const T>(made), out);
    return true;
}

/// The scheme with runs only, where rows may be transformed some at a time (rotated_rows.hpp).
template <class... Options>
std::optional<scheme> plain_rows(const scheme& s, const axis_view& view, const Options&... options) {
    if (needs_regrouping(s, view)) return std::nullopt;
    const scheme plain = with_runs(s, view);
    return detail::rows_stand_alone(plain, view, options...) ? std::optional(plain) : std::nullopt;
}

/// The carrier that a Hadamard transform of T computes in.
template <carrier T>
using transformed = std::conditional_t<std::is_same_v<T, double>, double, float>;

template <carrier T>
std::vector<transformed<T>> transform(std::span<const T> x, const axis_view& view, const scheme& s, int threads) {
    std::vector<transformed<T>> y(x.size());
    if constexpr (std::is_same_v<T, transformed<T>>) {
        std::copy(x.begin(), x.end(), y.begin());
    } else {
        const auto* bits = reinterpret_cast<const std::uint16_t*>(x.data());
        decode(std::span(bits, x.size()), std::span(y), carrier_traits<T>::format, threads);
    }
    detail::hadamard<transformed<T>>(s.hadamard, s.signs).forward(y.data(), y.data(), view, threads);
    return y;
}

/// Transforms back; `out` gets the values rounded to nearest even.
template <carrier T>
void transform_back(std::vector<transformed<T>>& y, const axis_view& view, const scheme& s, std::span<T> out,
                    int threads) {
    detail::hadamard<transformed<T>>(s.hadamard, s.signs).backward(y.data(), y.data(), view, threads);
    if constexpr (std::is_same_v<T, transformed<T>>) {
        std::copy(y.begin(), y.end(), out.begin());
    } else {
        auto* bits = reinterpret_cast<std::uint16_t*>(out.data());
        encode(std::span<const float>(y), std::span(bits, out.size()), carrier_traits<T>::format, {}, {}, threads);
    }
}

/// A recipe that rounds elements in its own way takes the place of the default mode.
quantize_options with_recipe(const scheme& s, quantize_options options) {
    if (s.scale_recipe != recipe::llama_cpp) return options;
    if (options.rounding != rounding_mode::nearest_ties_to_even) {
        throw std::invalid_argument(
            "rounding is " + std::string(to_string(options.rounding)) +
            ", allowed: nearest_ties_to_even, the default; the recipe llama_cpp rounds elements "
            "in its own way");
    }
    options.rounding = rounding_mode::nearest_ties_to_zero;
    return options;
}

}  // namespace

axis_view view_of(std::span<const std::uint64_t> shape, int axis, int channel_axis) {
    const int axes = static_cast<int>(shape.size());
    if (axes == 0) return {1, 1, 1, 1, 1, 1, 1, 1};
    const auto place = [axes](const char* name, int a) {
        if (a < -axes || a >= axes) {
            throw std::invalid_argument(std::string(name) + " is " + std::to_string(a) +
                                        ", allowed: " + std::to_string(-axes) + " to " + std::to_string(axes - 1));
        }
        return static_cast<std::size_t>(a < 0 ? a + axes : a);
    };
    const auto product = [shape](std::size_t from, std::size_t to) {
        std::uint64_t n = 1;
        for (std::size_t i = from; i < to; ++i) n *= shape[i];
        return n;
    };
    const std::size_t along = place("axis", axis);
    const std::size_t channel = place("channel_axis", channel_axis);
    const std::size_t last = shape.size() - 1;
    return {product(0, along),
            shape[along],
            product(along + 1, shape.size()),
            last == 0 ? 1 : shape[last - 1],
            shape[last],
            product(0, channel),
            shape[channel],
            product(channel + 1, shape.size())};
}

std::vector<std::uint64_t> scale_counts(const scheme& s, const axis_view& of) {
    const axis_view view = seen_by(s, of);
    const scheme plain = with_runs(s, view);
    std::vector<std::uint64_t> counts =
        detail::scheme_layout(plain, needs_regrouping(s, view) ? regrouping(s, view).view() : view).counts();
    if (s.zero_point) counts.push_back(counts[0]);
    if (s.double_quant) counts.push_back(1);
    return counts;
}

template <carrier T, code_type C>
quantize_report quantize(std::span<const T> x, const axis_view& of, const scheme& s, std::span<C> codes,
                         scale_planes& scales, const quantize_options& options) {
    const axis_view view = seen_by(s, of);
    check_options(s, view, options, x.size());
    detail::check_sizes(x.size(), codes.size());
    detail::check_code_width(std::numeric_limits<C>::digits, s.element);
    detail::check_not_kept(options.nan, "quantize");
    if (s.double_quant) {
        scale_planes plain;
        const quantize_report report = quantize(x, view, detail::without_double_quantization(s), codes, plain, options);
        scales = detail::quantize_scales(plain[0], s, options.threads);
        return report;
    }
    const quantize_options how = with_recipe(s, options);
    if (s.hadamard == 0) return quantize_groups(x, view, s, codes, scales, how);
    if constexpr (std::is_same_v<T, transformed<T>>) {
        if (const auto plain = plain_rows(s, view, how))
            return detail::quantize_rotated_rows(x, view, *plain, {s.hadamard, s.signs}, codes, scales, how);
    }
    const auto y = transform(x, view, s, options.threads);
    return quantize_groups(std::span(y), view, s, codes, scales, how);
}

template <carrier T>
quantize_report quantize_packed(std::span<const T> x, const axis_view& of, const scheme& s,
                                std::span<std::uint8_t> packed, scale_planes& scales, const quantize_options& options) {
    const axis_view view = seen_by(s, of);
    check_options(s, view, options, x.size());
    const int bits = s.element.bits();
    detail::check_packed_size(packed.size(), x.size(), s.element);
    detail::check_not_kept(options.nan, "quantize_packed");
    const bool by_blocks =
        !s.double_quant && !s.zero_point && !scales_are_means(s) && s.scale_recipe != recipe::bitsandbytes;
    if (by_blocks && s.hadamard == 0 && !needs_regrouping(s, view)) {
        quantize_report report;
        if (detail::quantize_pairs(x, view, with_runs(s, view), packed, scales, with_recipe(s, options), report))
            return report;
    }
    const auto by_way_of = [&](auto code) {
        std::vector<decltype(code)> codes(x.size());
        const quantize_report report = quantize(x, view, s, std::span(codes), scales, options);
        if (s.element.has_signed_codes()) {
            for (auto& c : codes) c = static_cast<decltype(code)>(c & low_ones(bits));
        }
        pack_codes(std::span<const decltype(code)>(codes), bits, packed);
        return report;
    };
    if (bits <= 8) return by_way_of(std::uint8_t{});
    if (bits <= 16) return by_way_of(std::uint16_t{});
    return bits <= 32 ? by_way_of(std::uint32_t{}) : by_way_of(std::uint64_t{});
}

template <carrier T>
quantize_report fake_quantize(std::span<const T> x, const axis_view& of, const scheme& s, std::span<T> out,
                              const quantize_options& options) {
    const axis_view view = seen_by(s, of);
    check_options(s, view, options, x.size());
    detail::check_sizes(x.size(), out.size());
    detail::check_holds(carrier_traits<T>::format, s.element);
    if (s.double_quant) {
        std::vector<std::uint16_t> codes(x.size());
        scale_planes scales;
        const quantize_report report = quantize(x, view, s, std::span(codes), scales, options);
        dequantize(std::span<const std::uint16_t>(codes), view, s, scales, out, options.threads);
        return report;
    }
    const quantize_options how = with_recipe(s, options);
    if (s.hadamard == 0) return fake_quantize_groups(x, view, s, out, how);
    if constexpr (std::is_same_v<T, transformed<T>>) {
        if (const auto plain = plain_rows(s, view, how))
            return detail::fake_quantize_rotated_rows(x, view, *plain, {s.hadamard, s.signs}, out, how);
    }
    auto y = transform(x, view, s, options.threads);
    const quantize_report report = fake_quantize_groups(std::span<const transformed<T>>(y), view, s, std::span(y), how);
    transform_back<T>(y, view, s, out, options.threads);
    return report;
}

template <carrier T, code_type C>
void dequantize(std::span<const C> codes, const axis_view& of, const scheme& s, const scale_planes& scales,
                std::span<T> out, int threads) {
    const axis_view view = seen_by(s, of);
    check_shape(s, view, codes.size());
    detail::check_threads(threads);
    detail::check_sizes(codes.size(), out.size());
    detail::check_planes(s, view, scales);
    if (s.double_quant) {
        dequantize(codes, view, detail::without_double_quantization(s), {detail::dequantize_scales(scales, s, threads)},
                   out, threads);
        return;
    }
    if (s.hadamard == 0) {
        if (!dequantize_groups(codes, view, s, scales, out, threads)) detail::check_codes("codes", codes, s.element);
        return;
    }
    if constexpr (std::is_same_v<T, transformed<T>>) {
        if (const auto plain = plain_rows(s, view)) {
            if (!detail::dequantize_rotated_rows(codes, view, *plain, {s.hadamard, s.signs}, scales, out, threads))
                detail::check_codes("codes", codes, s.element);
            return;
        }
    }
    std::vector<transformed<T>> y(out.size());
    if (!dequantize_groups(codes, view, s, scales, std::span(y), threads))
        detail::check_codes("codes", codes, s.element);
    transform_back<T>(y, view, s, out, threads);
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
