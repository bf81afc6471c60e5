// Schemes with scales: fake_quantize along rows, columns and a middle axis, and quantize with packed codes.
#include <algorithm>
#include <cstring>

#include "floors/cases.hpp"
#include "halfulp/codecs/pack.hpp"
#include "halfulp/kernels/quantize.hpp"
#include "shared/checks.hpp"

namespace halfulp::benchmarks {

namespace {

constexpr std::size_t row_length = 1024;
constexpr std::size_t checked_elements = std::size_t{1} << 16;

struct promise {
    std::string_view group, scheme;
    rounding_mode rounding;
    double floor;
};

constexpr auto nearest = rounding_mode::nearest_ties_to_even;
constexpr std::array<promise, 11> promises{{
    {"fake_quantize", "mxfp4", nearest, 0.9},
    {"fake_quantize", "mxfp6_e2m3", nearest, 0.9},
    {"fake_quantize", "mxfp6_e3m2", nearest, 0.9},
    {"fake_quantize", "mxfp8_e4m3", nearest, 0.9},
    {"fake_quantize", "mxfp8_e5m2", nearest, 0.9},
    {"fake_quantize_nvfp4", "nvfp4", nearest, 0.5},
    {"fake_quantize_generic", "e3m2fn/64:bfloat16", nearest, 0.5},
    {"fake_quantize_generic", "e2m1fn/16:e4m3fn", nearest, 0.5},
    {"fake_quantize_generic", "e4m3fn/128:binary32", nearest, 0.5},
    {"fake_quantize_generic", "e2m3fn/32:binary16", nearest, 0.5},
    {"fake_quantize_stochastic", "mxfp4", rounding_mode::stochastic_a, 0.45},
}};

enum class axis : std::uint8_t { rows, columns, middle };
constexpr std::array<std::string_view, 3> axis_names{"rows", "columns", "middle"};
// Groups that lie across memory may cost twice as much.
constexpr std::array<double, 3> axis_share{1.0, 0.5, 0.5};

axis_view view_of(axis along, std::size_t elements) {
    const std::size_t rows = elements / row_length;
    switch (along) {
        case axis::rows: return {rows, row_length, 1};
        case axis::columns: return {1, rows, row_length};
        default: {
            const std::size_t outer = std::min<std::size_t>(64, rows);
            return {outer, rows / outer, row_length};
        }
    }
}

quantize_options options_of(rounding_mode rounding) {
    quantize_options options;
    options.rounding = rounding;
    if (is_stochastic(rounding)) options.random = random_source{2026};
    return options;
}

// Compared with the definition on an array that it does not take minutes for.
void check_fake_quantize(const floor_case& c, arena& arrays, const scheme& s, axis along,
                         const quantize_options& options) {
    const std::size_t n = std::min(checked_elements, arrays.elements());
    const axis_view view = view_of(along, n);
    const std::span<const float> x = arrays.x().first(n);
    buffer<float> expected(n);
    buffer<float> got(n);
    set_backend(backend::scalar);
    fake_quantize(x, view, s, expected.all(), options);
    set_backend(c.runs);
    fake_quantize(x, view, s, got.all(), options);
    require_same<float>(got.all(), [&](std::size_t i) { return expected[i]; }, c.name);
}

outcome measure_fake_quantize(const floor_case& c, const plan& how, arena& arrays, const promise& p, axis along) {
    const scheme s = parse_scheme(p.scheme);
    const quantize_options options = options_of(p.rounding);
    check_fake_quantize(c, arrays, s, along, options);
    const std::span<const float> x = arrays.x();
    const std::span<float> out = arrays.out();
    const axis_view view = view_of(along, x.size());
    return {measure_in_turn([&] { std::memcpy(out.data(), x.data(), x.size_bytes()); },
                            [&] { fake_quantize(x, view, s, out, options); }, how),
            c.floor, ""};
}

outcome measure_quantize_packed(const floor_case& c, const plan& how, arena& arrays, std::string_view text) {
    const scheme s = parse_scheme(text);
    const std::span<const float> x = arrays.x();
    const std::span<float> out = arrays.out();
    const axis_view view = view_of(axis::rows, x.size());
    const std::span<std::uint8_t> packed = arrays.packed(packed_size(x.size(), s.element.bits()));
    scale_planes scales;
    const work subject = [&] { quantize_packed(x, view, s, packed, scales); };

    const std::size_t n = std::min(checked_elements, x.size());
    std::vector<std::uint8_t> expected(n);
    std::vector<std::uint8_t> got(n);
    scale_planes expected_scales;
    set_backend(backend::scalar);
    quantize(x.first(n), view_of(axis::rows, n), s, std::span(expected), expected_scales);
    set_backend(c.runs);
    subject();
    unpack(std::span<const std::uint8_t>(packed), s.element.bits(), std::span(got));
    require_same<std::uint8_t>(got, [&](std::size_t i) { return expected[i]; }, c.name);
    return {measure_in_turn([&] { std::memcpy(out.data(), x.data(), x.size_bytes()); }, subject, how), c.floor, ""};
}

}  // namespace

void add_block_cases(cases& to, const shared_arena& arrays, backend runs) {
    const std::string where = "/" + std::string(to_string(runs)) + "/";
    for (std::size_t a = 0; a < axis_names.size(); ++a) {
        for (const promise& p : promises) {
            const axis along{static_cast<std::uint8_t>(a)};
            to.push_back(
                {.name = std::string(p.group) + where + std::string(p.scheme) + "/" + std::string(axis_names[a]),
                 .group = std::string(p.group) + (along == axis::rows ? "" : "_across"),
                 .reference = "memcpy of the float32 array",
                 .ratio = "share",
                 .runs = runs,
                 .elements = arrays->elements(),
                 .bytes_per_element = 8,
                 .floor = on(runs, backend::avx512, p.floor * axis_share[a]),
                 .measure = [arrays, p, along](const floor_case& c, const plan& how) {
                     return measure_fake_quantize(c, how, *arrays, p, along);
                 }});
        }
    }
    to.push_back({.name = "quantize_packed" + where + "mxfp4/rows",
                  .group = "quantize_packed",
                  .reference = "memcpy of the float32 array",
                  .ratio = "share",
                  .runs = runs,
                  .elements = arrays->elements(),
                  .bytes_per_element = 4 + 4.25 / 8,
                  .floor = on(runs, backend::avx512, 0.9),
                  .measure = [arrays](const floor_case& c, const plan& how) {
                      return measure_quantize_packed(c, how, *arrays, "mxfp4");
                  }});
}

}  // namespace halfulp::benchmarks
