// Formats of at most 8 bits that are no floats: encode, round and decode, and schemes with such elements.
#include <algorithm>
#include <cstring>

#include "floors/cases.hpp"
#include "halfulp/codecs/any_projector.hpp"
#include "halfulp/codecs/pack.hpp"
#include "halfulp/kernels/quantize.hpp"
#include "shared/checks.hpp"
#include "shared/plain_loops.hpp"

namespace halfulp::benchmarks {

namespace {

struct array_promise {
    std::string_view format;
    double encode, round, decode;
};
constexpr std::array<array_promise, 7> array_promises{{
    {"nf4", 0.8, 0.8, 0.9},
    {"fp4_bnb", 0.8, 0.8, 0.9},
    {"ternary", 0.7, 0.7, 0.9},
    {"pot4", 0.7, 0.7, 0.9},
    {"dynamic8", 0.3, 0.2, 0.9},
    {"posit8_2", 0.2, 0.2, 0.9},
    {"hif8", 0.2, 0.2, 0.9},
}};

struct scheme_promise {
    std::string_view scheme;
    double quantize, fake_quantize, dequantize;
};
constexpr std::array<scheme_promise, 14> scheme_promises{{
    {"nf4/64:binary32", 0.8, 0.6, 0.9},
    {"fp4_bnb/64:binary32", 0.8, 0.6, 0.9},
    {"ternary/64:binary32@recipe=absmax", 0.7, 0.6, 0.9},
    {"pm1/64:binary32@recipe=absmax", 0.7, 0.6, 0.9},
    {"pot4/64:binary32", 0.7, 0.6, 0.9},
    {"dynamic8/256:binary32", 0.3, 0.2, 0.9},
    {"posit8_2/64:binary32", 0.2, 0.2, 0.9},
    // Scales that are means of magnitudes. One mean over the tensor reads it twice, TWN's three times: 12 and 16 bytes a number beside 8.
    {"b1.58", 0.7, 0.5, 0.9},
    {"ternary/channel:binary32", 0.7, 0.6, 0.9},
    {"pm1/channel:binary32", 0.7, 0.6, 0.9},
    {"ternary/64:binary32", 0.7, 0, 0.9},
    {"b1.58@recipe=twn", 0.4, 0.4, 0.9},
    // After a Hadamard transform.
    {"nf4/64:binary32@hadamard=64", 0.4, 0.2, 0},
    {"int4s/64:binary16@hadamard=64", 0.4, 0.2, 0},
}};

constexpr std::size_t row_length = 1024;
constexpr std::size_t checked_elements = std::size_t{1} << 16;

axis_view rows_of(std::size_t elements) { return {elements / row_length, row_length, 1}; }

work copy_of(arena& arrays) {
    return [&arrays] { std::memcpy(arrays.out().data(), arrays.x().data(), arrays.x().size_bytes()); };
}

outcome measure_encode(const floor_case& c, const plan& how, arena& arrays, std::string_view name) {
    const format f = parse_format(name);
    const std::span<const float> x = arrays.x();
    const std::span<std::uint8_t> codes = arrays.codes<std::uint8_t>();
    const work subject = [&] { encode(x, codes, f); };
    subject();
    require_same<std::uint8_t>(
        codes, [&](std::size_t i) { return static_cast<std::uint8_t>(encode(x[i], f)); }, c.name);
    return {measure_in_turn(copy_of(arrays), subject, how), c.floor, ""};
}

outcome measure_round(const floor_case& c, const plan& how, arena& arrays, std::string_view name) {
    const format f = parse_format(name);
    const std::span<const float> x = arrays.x();
    const std::span<float> out = arrays.out();
    const work subject = [&] { round(x, out, f); };
    subject();
    require_same<float>(out, [&](std::size_t i) { return round(x[i], f); }, c.name);
    return {measure_in_turn(copy_of(arrays), subject, how), c.floor, ""};
}

outcome measure_decode(const floor_case& c, const plan& how, arena& arrays, std::string_view name) {
    const format f = parse_format(name);
    const std::span<std::uint8_t> codes = arrays.codes<std::uint8_t>();
    const std::span<const std::uint8_t> source(codes);
    const std::span<float> out = arrays.out();
    encode(arrays.x(), codes, f);
    const work subject = [&] { decode(source, out, f); };
    subject();
    require_same<float>(out, [&](std::size_t i) { return decode<float>(source[i], f); }, c.name);
    return {measure_in_turn([&] { widen(source, out); }, subject, how), c.floor, ""};
}

/// Codes, scales and values of the first elements on this backend and on the scalar one.
void check_scheme(const floor_case& c, arena& arrays, const scheme& s) {
    const std::size_t n = std::min(checked_elements, arrays.elements());
    const std::span<const float> x = arrays.x().first(n);
    const auto quantized = [&](backend b, buffer<std::uint8_t>& codes, buffer<float>& faked, buffer<float>& back) {
        set_backend(b);
        scale_planes scales;
        quantize(x, rows_of(n), s, codes.all(), scales);
        fake_quantize(x, rows_of(n), s, faked.all());
        dequantize(std::span<const std::uint8_t>(codes.all()), rows_of(n), s, scales, back.all());
    };
    buffer<std::uint8_t> codes(n), expected_codes(n);
    buffer<float> faked(n), expected_faked(n), back(n), expected_back(n);
    quantized(backend::scalar, expected_codes, expected_faked, expected_back);
    quantized(c.runs, codes, faked, back);
    require_same<std::uint8_t>(codes.all(), [&](std::size_t i) { return expected_codes[i]; }, c.name);
    require_same<float>(faked.all(), [&](std::size_t i) { return expected_faked[i]; }, c.name);
    require_same<float>(back.all(), [&](std::size_t i) { return expected_back[i]; }, c.name);
}

enum class part : std::uint8_t { quantize, packed, fake_quantize, dequantize };
constexpr std::array<std::string_view, 4> part_names{"quantize", "quantize_packed", "fake_quantize", "dequantize"};

outcome measure_scheme(const floor_case& c, const plan& how, arena& arrays, std::string_view text, part what) {
    const scheme s = parse_scheme(text);
    check_scheme(c, arrays, s);
    const std::span<const float> x = arrays.x();
    const std::span<float> out = arrays.out();
    const std::span<std::uint8_t> codes = arrays.codes<std::uint8_t>();
    const std::span<const std::uint8_t> source(codes);
    const std::span<std::uint8_t> packed = arrays.packed(packed_size(x.size(), s.element.bits()));
    const axis_view view = rows_of(x.size());
    scale_planes scales;
    switch (what) {
        case part::quantize:
            return {measure_in_turn(copy_of(arrays), [&] { quantize(x, view, s, codes, scales); }, how), c.floor, ""};
        case part::packed:
            return {measure_in_turn(
                        copy_of(arrays), [&] { quantize_packed(x, view, s, packed, scales); }, how),
                    c.floor, ""};
        case part::fake_quantize:
            return {measure_in_turn(copy_of(arrays), [&] { fake_quantize(x, view, s, out); }, how), c.floor, ""};
        default:
            quantize(x, view, s, codes, scales);
            return {
                measure_in_turn([&] { widen(source, out); }, [&] { dequantize(source, view, s, scales, out); }, how),
                c.floor, ""};
    }
}

void add(cases& to, const shared_arena& arrays, backend runs, const std::string& what, std::string_view subject,
         bool decodes, double bytes, double floor, std::function<outcome(const floor_case&, const plan&)> measure) {
    to.push_back({.name = what + "/" + std::string(to_string(runs)) + "/" + std::string(subject),
                  .group = what,
                  .reference = decodes ? "a plain widening loop" : "memcpy of the float32 array",
                  .ratio = "share",
                  .runs = runs,
                  .elements = arrays->elements(),
                  .bytes_per_element = bytes,
                  .floor = floor > 0 ? on(runs, backend::avx512, floor) : std::nullopt,
                  .measure = std::move(measure)});
}

}  // namespace

void add_codebook_cases(cases& to, const shared_arena& arrays, backend runs) {
    for (const array_promise& p : array_promises) {
        const std::string_view f = p.format;
        add(to, arrays, runs, "encode_table", f, false, 5, p.encode,
            [arrays, f](const floor_case& c, const plan& how) { return measure_encode(c, how, *arrays, f); });
        add(to, arrays, runs, "round_table", f, false, 8, p.round,
            [arrays, f](const floor_case& c, const plan& how) { return measure_round(c, how, *arrays, f); });
        add(to, arrays, runs, "decode_table", f, true, 5, p.decode,
            [arrays, f](const floor_case& c, const plan& how) { return measure_decode(c, how, *arrays, f); });
    }
    for (const scheme_promise& p : scheme_promises) {
        const std::string_view text = p.scheme;
        const bool in_pairs = parse_scheme(text).element.bits() == 4;
        const double packed = parse_scheme(text).hadamard == 0 ? p.quantize : 0;  // codes go by way of an array there
        const std::array<double, 4> floors{p.quantize, packed, p.fake_quantize, p.dequantize};
        for (std::size_t i = 0; i < part_names.size(); ++i) {
            const part what{static_cast<std::uint8_t>(i)};
            if (what == part::packed && !in_pairs) continue;
            const double bytes = what == part::packed ? 4.5 : what == part::fake_quantize ? 8 : 5;
            add(to, arrays, runs, std::string(part_names[i]) + "_table", text, what == part::dequantize, bytes,
                floors[i], [arrays, text, what](const floor_case& c, const plan& how) {
                    return measure_scheme(c, how, *arrays, text, what);
                });
        }
    }
}

}  // namespace halfulp::benchmarks
