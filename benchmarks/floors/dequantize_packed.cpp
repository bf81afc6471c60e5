// dequantize_packed beside a plain loop that widens codes lying one in each byte.
#include <algorithm>

#include "floors/cases.hpp"
#include "halfulp/codecs/pack.hpp"
#include "halfulp/kernels/quantize.hpp"
#include "shared/checks.hpp"
#include "shared/plain_loops.hpp"

namespace halfulp::benchmarks {

namespace {

struct promise {
    std::string_view scheme;
    std::optional<double> floor;
};
constexpr std::array<promise, 6> promises{{
    {"nf4/64:binary32", 0.9},
    {"mxfp4", 0.9},
    {"int4s/128:binary16", 0.9},
    {"nf3/64:binary32", std::nullopt},
    {"ternary/64:binary32", std::nullopt},
    {"mxfp6_e2m3", std::nullopt},
}};

constexpr std::size_t row_length = 1024;
constexpr std::size_t checked_elements = std::size_t{1} << 16;

axis_view rows_of(std::size_t elements) { return {elements / row_length, row_length, 1}; }

/// The first elements' values, on this backend and on the scalar one out of codes one by one.
void check(const floor_case& c, arena& arrays, const scheme& s) {
    const std::size_t n = std::min(checked_elements, arrays.elements());
    const axis_view view = rows_of(n);
    std::vector<std::uint8_t> codes(n);
    std::vector<std::uint8_t> packed(packed_size(n, s.element.bits()));
    std::vector<float> expected(n);
    std::vector<float> got(n);
    scale_planes scales;
    set_backend(backend::scalar);
    quantize(arrays.x().first(n), view, s, std::span(codes), scales);
    quantize_packed(arrays.x().first(n), view, s, std::span(packed), scales);
    dequantize(std::span<const std::uint8_t>(codes), view, s, scales, std::span(expected));
    set_backend(c.runs);
    dequantize_packed(std::span<const std::uint8_t>(packed), view, s, scales, std::span(got));
    require_same<float>(std::span<const float>(got), [&](std::size_t i) { return expected[i]; }, c.name);
}

outcome measure(const floor_case& c, const plan& how, arena& arrays, std::string_view text) {
    const scheme s = parse_scheme(text);
    check(c, arrays, s);
    const std::span<float> out = arrays.out();
    const std::span<std::uint8_t> packed = arrays.packed(packed_size(out.size(), s.element.bits()));
    const std::span<const std::uint8_t> source(packed);
    const std::span<const std::uint8_t> bytes(arrays.codes<std::uint8_t>());
    const axis_view view = rows_of(out.size());
    scale_planes scales;
    quantize_packed(arrays.x(), view, s, packed, scales);
    return {measure_in_turn([&] { widen(bytes, out); }, [&] { dequantize_packed(source, view, s, scales, out); }, how),
            c.floor, ""};
}

}  // namespace

void add_packed_decoding_cases(cases& to, const shared_arena& arrays, backend runs) {
    for (const promise& p : promises) {
        const std::string_view text = p.scheme;
        to.push_back({.name = "dequantize_packed/" + std::string(to_string(runs)) + "/" + std::string(text),
                      .group = "dequantize_packed",
                      .reference = "a plain widening loop",
                      .ratio = "share",
                      .runs = runs,
                      .elements = arrays->elements(),
                      .bytes_per_element = 4 + parse_scheme(text).element.bits() / 8.0,
                      .floor = p.floor ? on(runs, backend::avx512, *p.floor) : std::nullopt,
                      .measure = [arrays, text](const floor_case& c, const plan& how) {
                          return measure(c, how, *arrays, text);
                      }});
    }
}

}  // namespace halfulp::benchmarks
