// The complex code {±1, ±i}: quantize with two scales for the whole tensor, encode and dequantize, beside memcpy of the complex numbers.
#include <complex>
#include <cstring>
#include <vector>

#include "floors/cases.hpp"
#include "halfulp/kernels/phase.hpp"
#include "shared/checks.hpp"

namespace halfulp::benchmarks {

namespace {

constexpr double floor_of_phases = 0.5;
using number = std::complex<float>;

/// Pairs of the arena's weights.
std::span<const number> numbers(arena& arrays) {
    const std::span<const float> x = arrays.x();
    return {reinterpret_cast<const number*>(x.data()), x.size() / 2};
}
std::span<number> results(arena& arrays) {
    const std::span<float> out = arrays.out();
    return {reinterpret_cast<number*>(out.data()), out.size() / 2};
}

enum class direction { quantize, encode, dequantize };

outcome measure_phases(const floor_case& c, const plan& how, arena& arrays, direction what) {
    const std::span<const number> x = numbers(arrays);
    const std::span<std::uint8_t> codes = arrays.codes<std::uint8_t>().first(x.size());
    const std::span<number> out = results(arrays);
    const phase_layout layout{1, x.size(), x.size()};
    std::vector<std::uint64_t> scales(2);
    phase_quantize(x, layout, codes, std::span(scales));
    require_same<std::uint8_t>(codes, [&](std::size_t i) { return encode_phase(x[i].real(), x[i].imag()); }, c.name);
    const std::span<const std::uint8_t> source(codes);
    const std::vector<std::uint64_t> found = scales;
    const work reference = [&] { std::memcpy(static_cast<void*>(out.data()), x.data(), x.size_bytes()); };
    const work subject = [&] {
        switch (what) {
            case direction::quantize: phase_quantize(x, layout, codes, std::span(scales)); break;
            case direction::encode: phase_encode(x, codes); break;
            case direction::dequantize:
                phase_dequantize(source, layout, std::span<const std::uint64_t>(found), binary32_format, out);
                break;
        }
    };
    return {measure_in_turn(reference, subject, how), c.floor, ""};
}

}  // namespace

void add_complex_cases(cases& to, const shared_arena& arrays, backend runs) {
    const auto add = [&](const std::string& name, direction what, std::optional<double> floor) {
        to.push_back({.name = name + "/" + std::string(to_string(runs)) + "/pm1_pmi",
                      .group = name,
                      .reference = "memcpy of the complex numbers",
                      .ratio = "share",
                      .runs = runs,
                      .elements = arrays->elements() / 2,
                      .bytes_per_element = sizeof(number) + 1,
                      .floor = floor,
                      .measure = [arrays, what](const floor_case& c, const plan& p) {
                          return measure_phases(c, p, *arrays, what);
                      }});
    };
    add("complex quantize", direction::quantize, on(runs, backend::avx512, floor_of_phases));
    add("complex encode", direction::encode, std::nullopt);
    add("complex dequantize", direction::dequantize, std::nullopt);
}

}  // namespace halfulp::benchmarks
