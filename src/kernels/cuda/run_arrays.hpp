// The array functions over a machine (host_machine, device_machine): copy in, launch, copy out. They take what the array functions of
// halfulp/kernels/ take and leave the checks of arguments to them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "arrays_on.hpp"
#include "convert_bodies.hpp"
#include "element_bodies.hpp"
#include "halfulp/kernels/quantize.hpp"

namespace halfulp::cuda {

namespace detail {

/// The words that a call's threads share, and R on the machine where it is given.
template <class Machine>
struct given_bits {
    typename Machine::template array<std::uint32_t> words;
    thread_randomness random;

    given_bits(Machine& machine, const randomness& from)
        : words(machine, from.given),
          random{from.source, from.from == randomness::kind::given ? words.data() : nullptr} {}
};

template <class T, class Machine>
T read_one(typename Machine::template array<T>& from) {
    T value;
    from.copy_to(std::span(&value, 1));
    return value;
}

}  // namespace detail

/// Returns the lowest index at which a NaN was called for that the format lacks, or none_missing.
template <class Machine, carrier T>
std::uint64_t round_on(Machine& machine, std::span<const T> x, std::span<T> out, const float_format& format,
                       const projection& how, const randomness& random) {
    typename Machine::template array<T> from(machine, x), to(machine, x.size());
    typename Machine::template array<std::uint64_t> missing(machine, std::span(&none_missing, 1));
    detail::given_bits<Machine> bits(machine, random);
    machine.launch(x.size(), round_body{{projector(format, how), bits.random}}, static_cast<const T*>(from.data()),
                   to.data(), std::uint64_t{x.size()}, missing.data());
    to.copy_to(out);
    return detail::read_one<std::uint64_t, Machine>(missing);
}

/// As round_on(), for codes.
template <class Machine, carrier T, code_type C>
std::uint64_t encode_on(Machine& machine, std::span<const T> x, std::span<C> codes, const float_format& format,
                        const projection& how, const randomness& random) {
    typename Machine::template array<T> from(machine, x);
    typename Machine::template array<C> to(machine, x.size());
    typename Machine::template array<std::uint64_t> missing(machine, std::span(&none_missing, 1));
    detail::given_bits<Machine> bits(machine, random);
    machine.launch(x.size(), encode_body{{projector(format, how), bits.random}}, static_cast<const T*>(from.data()),
                   code_array{to.data(), sizeof(C)}, std::uint64_t{x.size()}, missing.data());
    to.copy_to(codes);
    return detail::read_one<std::uint64_t, Machine>(missing);
}

template <class Machine, carrier T, code_type C>
void decode_on(Machine& machine, std::span<const C> codes, std::span<T> out, const float_format& format) {
    typename Machine::template array<C> from(machine, codes);
    typename Machine::template array<T> to(machine, codes.size());
    machine.launch(codes.size(), decode_body{format}, code_array{from.data(), sizeof(C)}, to.data(),
                   std::uint64_t{codes.size()});
    to.copy_to(out);
}

namespace detail {

/// The scales of every level in the machine's memory.
template <class Machine>
struct scales_on {
    std::vector<typename Machine::template array<std::uint64_t>> planes;
    scale_pointers pointers;

    void add(typename Machine::template array<std::uint64_t> plane) {
        planes.push_back(std::move(plane));
        pointers.level[planes.size() - 1] = planes.back().data();
    }
};

template <class Machine, carrier T>
std::uint64_t find_scales_on(Machine& machine, const T* x, const scheme& s, const group_layout& layout,
                             const quantize_options& options, scales_on<Machine>& scales) {
    using words = typename Machine::template array<std::uint64_t>;
    if (layout.levels == 0) return 0;
    typename Machine::template array<std::uint8_t> nonfinite(machine, layout.counts[0]);
    std::vector<words> maxima;
    maxima.emplace_back(machine, layout.counts[0]);
    machine.launch(layout.pieces, maxima_body{layout}, x, maxima[0].data(), nonfinite.data());
    for (std::uint32_t level = 1; level < layout.levels; ++level) {
        maxima.emplace_back(machine, layout.counts[level]);
        machine.launch(layout.counts[level - 1], outer_maxima_body{layout, level},
                       static_cast<const std::uint64_t*>(maxima[level - 1].data()), maxima[level].data());
    }
    for (std::uint32_t level = 0; level < layout.levels; ++level) scales.add(words(machine, layout.counts[level]));
    const rounding_mode* rounding = options.scale_rounding ? &*options.scale_rounding : nullptr;
    words zero_scales(machine, std::size_t{1});
    for (std::uint32_t level = layout.levels; level-- > 0;) {
        const scales_body body{layout,
                               level,
                               scale_rule(s, level, rounding, options.random_bits),
                               carrier_traits<T>::format,
                               rounding != nullptr && is_stochastic(*rounding),
                               options.random_bits,
                               options.random.source};
        machine.launch(layout.counts[level], body, static_cast<const std::uint64_t*>(maxima[level].data()),
                       level == 0 ? static_cast<const std::uint8_t*>(nonfinite.data()) : nullptr, scales.pointers,
                       zero_scales.data());
    }
    return read_one<std::uint64_t, Machine>(zero_scales);
}

/// The element's format: kernels exist for floats.
inline const float_format& float_element(const scheme& s) {
    if (const float_format* is = s.element.as_float()) return *is;
    throw std::invalid_argument("the scheme's element is " + to_string(s.element) +
                                ", allowed on a GPU: float formats");
}

template <carrier T>
scaled_encoder<T> element_encoder(const scheme& s, const quantize_options& options) {
    return {float_element(s),
            {.rounding = options.rounding,
             .overflow = overflow_policy::sat_finite,
             .nan = options.nan,
             .ftz = options.ftz,
             .random_bits = static_cast<std::uint8_t>(options.random_bits)},
            !s.levels.empty()};
}

}  // namespace detail

template <class Machine, carrier T, code_type C>
device_report quantize_on(Machine& machine, std::span<const T> x, const axis_view& view, const scheme& s,
                          std::span<C> codes, scale_planes& scales, const quantize_options& options) {
    const group_layout layout(s, view);
    typename Machine::template array<T> from(machine, x);
    typename Machine::template array<C> to(machine, x.size());
    const element_counts start{0, none_missing};
    typename Machine::template array<element_counts> counts(machine, std::span(&start, 1));
    detail::given_bits<Machine> bits(machine, options.random);
    detail::scales_on<Machine> found;
    device_report out;
    out.report.zero_scales =
        detail::find_scales_on(machine, static_cast<const T*>(from.data()), s, layout, options, found);
    machine.launch(layout.pieces, quantize_body<T>{{layout, detail::element_encoder<T>(s, options), bits.random}},
                   static_cast<const T*>(from.data()), found.pointers, code_array{to.data(), sizeof(C)}, counts.data());
    to.copy_to(codes);
    scales.assign(layout.levels, {});
    for (std::uint32_t level = 0; level < layout.levels; ++level) {
        scales[level].resize(layout.counts[level]);
        found.planes[level].copy_to(scales[level]);
    }
    const auto end = detail::read_one<element_counts, Machine>(counts);
    out.report.saturated = end.saturated;
    out.missing = end.missing;
    return out;
}

template <class Machine, carrier T>
device_report fake_quantize_on(Machine& machine, std::span<const T> x, const axis_view& view, const scheme& s,
                               std::span<T> out_values, const quantize_options& options) {
    const group_layout layout(s, view);
    typename Machine::template array<T> from(machine, x), to(machine, x.size());
    const element_counts start{0, none_missing};
    typename Machine::template array<element_counts> counts(machine, std::span(&start, 1));
    detail::given_bits<Machine> bits(machine, options.random);
    detail::scales_on<Machine> found;
    device_report out;
    out.report.zero_scales =
        detail::find_scales_on(machine, static_cast<const T*>(from.data()), s, layout, options, found);
    machine.launch(layout.pieces,
                   fake_quantize_body<T>{{layout, detail::element_encoder<T>(s, options), bits.random}, {}},
                   static_cast<const T*>(from.data()), found.pointers, to.data(), counts.data());
    to.copy_to(out_values);
    const auto end = detail::read_one<element_counts, Machine>(counts);
    out.report.saturated = end.saturated;
    out.missing = end.missing;
    return out;
}

template <class Machine, carrier T, code_type C>
void dequantize_on(Machine& machine, std::span<const C> codes, const axis_view& view, const scheme& s,
                   const scale_planes& scales, std::span<T> out) {
    using words = typename Machine::template array<std::uint64_t>;
    const group_layout layout(s, view);
    typename Machine::template array<C> from(machine, codes);
    typename Machine::template array<T> to(machine, codes.size());
    detail::scales_on<Machine> given;
    for (const std::vector<std::uint64_t>& plane : scales)
        given.add(words(machine, std::span<const std::uint64_t>(plane)));
    machine.launch(layout.pieces, dequantize_body<T>{layout, detail::float_element(s), {}},
                   code_array{from.data(), sizeof(C)}, given.pointers, to.data());
    to.copy_to(out);
}

// ---- arrays_on

template <class Machine, carrier T>
std::uint64_t arrays_on<Machine, T>::round(Machine& machine, std::span<const T> x, std::span<T> out,
                                           const float_format& format, const projection& how,
                                           const randomness& random) {
    return round_on<Machine, T>(machine, x, out, format, how, random);
}

template <class Machine, carrier T>
std::uint64_t arrays_on<Machine, T>::encode(Machine& machine, std::span<const T> x, std::span<std::uint64_t> codes,
                                            const float_format& format, const projection& how,
                                            const randomness& random) {
    return encode_on<Machine, T, std::uint64_t>(machine, x, codes, format, how, random);
}

template <class Machine, carrier T>
void arrays_on<Machine, T>::decode(Machine& machine, std::span<const std::uint64_t> codes, std::span<T> out,
                                   const float_format& format) {
    decode_on<Machine, T, std::uint64_t>(machine, codes, out, format);
}

template <class Machine, carrier T>
device_report arrays_on<Machine, T>::quantize(Machine& machine, std::span<const T> x, const axis_view& view,
                                              const scheme& s, std::span<std::uint64_t> codes, scale_planes& scales,
                                              const quantize_options& options) {
    return quantize_on<Machine, T, std::uint64_t>(machine, x, view, s, codes, scales, options);
}

template <class Machine, carrier T>
device_report arrays_on<Machine, T>::fake_quantize(Machine& machine, std::span<const T> x, const axis_view& view,
                                                   const scheme& s, std::span<T> out, const quantize_options& options) {
    return fake_quantize_on<Machine, T>(machine, x, view, s, out, options);
}

template <class Machine, carrier T>
void arrays_on<Machine, T>::dequantize(Machine& machine, std::span<const std::uint64_t> codes, const axis_view& view,
                                       const scheme& s, const scale_planes& scales, std::span<T> out) {
    dequantize_on<Machine, T, std::uint64_t>(machine, codes, view, s, scales, out);
}

}  // namespace halfulp::cuda
