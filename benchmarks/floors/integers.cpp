// Integers and fixed point: groups under scales, and bare arrays. Beside memcpy of the float32 array.
#include <cstring>

#include "floors/cases.hpp"
#include "halfulp/codecs/any_projector.hpp"
#include "halfulp/codecs/pack.hpp"
#include "halfulp/kernels/convert.hpp"
#include "halfulp/kernels/quantize.hpp"
#include "shared/checks.hpp"

namespace halfulp::benchmarks {

namespace {

constexpr std::size_t row_length = 1024;
constexpr std::size_t checked_elements = std::size_t{1} << 16;
constexpr double floor_of_integers = 0.8;
constexpr std::array<std::string_view, 4> schemes{"int4s/128:binary16", "int8s/32:binary16", "int8/64:binary32",
                                                  "mxint8"};
constexpr std::array<std::string_view, 3> formats{"int8", "q1.7s", "uint8"};

axis_view rows_of(std::size_t elements) { return {elements / row_length, row_length, 1}; }

/// run(x, view, out) into `expected` by the definition and into `got` by the case's backend, on an array that takes no minutes.
template <class Out, class Run>
void check(const floor_case& c, arena& arrays, const Run& run) {
    const std::size_t n = std::min(checked_elements, arrays.elements());
    const std::span<const float> x = arrays.x().first(n);
    std::vector<Out> expected(n);
    std::vector<Out> got(n);
    set_backend(backend::scalar);
    run(x, rows_of(n), std::span(expected));
    set_backend(c.runs);
    run(x, rows_of(n), std::span(got));
    require_same<Out>(std::span<const Out>(got), [&](std::size_t i) { return expected[i]; }, c.name);
}

/// Timed over the whole array, into `out`, beside memcpy.
template <class Out, class Run>
outcome measure(const floor_case& c, const plan& how, arena& arrays, std::span<Out> out, const Run& run) {
    check<Out>(c, arrays, run);
    const std::span<const float> x = arrays.x();
    const std::span<float> copy = arrays.out();
    return {measure_in_turn([&] { std::memcpy(copy.data(), x.data(), x.size_bytes()); },
                            [&] { run(x, rows_of(x.size()), out); }, how),
            c.floor, ""};
}

void add(cases& to, const shared_arena& arrays, backend runs, std::string_view what, std::string_view text,
         double bytes, std::function<outcome(const floor_case&, const plan&)> measured) {
    to.push_back({.name = std::string(what) + "/" + std::string(to_string(runs)) + "/" + std::string(text),
                  .group = std::string(what),
                  .reference = "memcpy of the float32 array",
                  .ratio = "share",
                  .runs = runs,
                  .elements = arrays->elements(),
                  .bytes_per_element = bytes,
                  .floor = on(runs, backend::avx512, floor_of_integers),
                  .measure = std::move(measured)});
}

void add_scheme(cases& to, const shared_arena& arrays, backend runs, std::string_view text) {
    add(to, arrays, runs, "quantize_integers", text, 5, [arrays, text](const floor_case& c, const plan& how) {
        scale_planes scales;
        return measure(c, how, *arrays, arrays->codes<std::uint8_t>(),
                       [&, s = parse_scheme(text)](std::span<const float> x, const axis_view& view,
                                                   std::span<std::uint8_t> out) { quantize(x, view, s, out, scales); });
    });
    add(to, arrays, runs, "fake_quantize_integers", text, 8, [arrays, text](const floor_case& c, const plan& how) {
        return measure(c, how, *arrays, arrays->out(),
                       [s = parse_scheme(text)](std::span<const float> x, const axis_view& view, std::span<float> out) {
                           fake_quantize(x, view, s, out);
                       });
    });
    if (parse_scheme(text).element.bits() != 4) return;
    add(to, arrays, runs, "quantize_packed_integers", text, 4.5, [arrays, text](const floor_case& c, const plan& how) {
        scale_planes scales;
        return measure(
            c, how, *arrays, arrays->codes<std::uint8_t>(),
            [&, s = parse_scheme(text)](std::span<const float> x, const axis_view& view, std::span<std::uint8_t> out) {
                quantize_packed(x, view, s, out.first(packed_size(x.size(), 4)), scales);
            });
    });
}

void add_format(cases& to, const shared_arena& arrays, backend runs, std::string_view text) {
    add(to, arrays, runs, "encode_integers", text, 5, [arrays, text](const floor_case& c, const plan& how) {
        return measure(c, how, *arrays, arrays->codes<std::uint8_t>(),
                       [f = parse_format(text)](std::span<const float> x, const axis_view&,
                                                std::span<std::uint8_t> out) { encode(x, out, f); });
    });
    add(to, arrays, runs, "round_integers", text, 8, [arrays, text](const floor_case& c, const plan& how) {
        return measure(c, how, *arrays, arrays->out(),
                       [f = parse_format(text)](std::span<const float> x, const axis_view&, std::span<float> out) {
                           round(x, out, f);
                       });
    });
}

}  // namespace

void add_integer_cases(cases& to, const shared_arena& arrays, backend runs) {
    for (const std::string_view text : schemes) add_scheme(to, arrays, runs, text);
    for (const std::string_view text : formats) add_format(to, arrays, runs, text);
}

}  // namespace halfulp::benchmarks
