// fake_quantize and quantize beside memcpy. HALFULP_BACKEND chooses the implementation.
#include "halfulp/codecs/pack.hpp"
#include "halfulp/kernels/quantize.hpp"
#include "shared/checks.hpp"
#include "shared/google.hpp"

namespace {

using namespace halfulp;
using namespace halfulp::benchmarks;

axis_view rows() { return {elements() / 1024, 1024, 1}; }
axis_view columns() { return {1, elements() / 1024, 1024}; }

void time_fake_quantize(benchmark::State& state, const char* text, const axis_view& view,
                        const quantize_options& options = {}) {
    const scheme s = parse_scheme(text);
    buffer<float> out(elements());
    buffer<float> exact(elements());
    buffer<std::uint8_t> codes(elements());
    scale_planes scales;
    fake_quantize(weights(), view, s, out.all(), options);
    quantize(weights(), view, s, codes.all(), scales, options);
    dequantize(std::span<const std::uint8_t>(codes.all()), view, s, scales, exact.all());
    require_same<float>(out.all(), [&](std::size_t i) { return exact[i]; }, text);
    for ([[maybe_unused]] auto run : state) fake_quantize(weights(), view, s, out.all(), options);
    count(state, elements(), 2 * sizeof(float));
}

void fake_quantize_rows(benchmark::State& state, const char* text) { time_fake_quantize(state, text, rows()); }
void fake_quantize_columns(benchmark::State& state, const char* text) { time_fake_quantize(state, text, columns()); }
void fake_quantize_stochastic(benchmark::State& state, const char* text) {
    quantize_options options;
    options.rounding = rounding_mode::stochastic_a;
    options.random = random_source{1};
    time_fake_quantize(state, text, rows(), options);
}

void quantize_rows(benchmark::State& state, const char* text) {
    const scheme s = parse_scheme(text);
    buffer<std::uint8_t> codes(elements());
    scale_planes scales;
    for ([[maybe_unused]] auto run : state) quantize(weights(), rows(), s, codes.all(), scales);
    count(state, elements(), sizeof(float) + 1);
}

void quantize_packed_rows(benchmark::State& state, const char* text) {
    const scheme s = parse_scheme(text);
    const int bits = s.element.bits();
    buffer<std::uint8_t> codes(elements());
    buffer<std::uint8_t> packed(packed_size(elements(), bits));
    buffer<std::uint8_t> unpacked(elements());
    scale_planes scales;
    quantize(weights(), rows(), s, codes.all(), scales);
    quantize_packed(weights(), rows(), s, packed.all(), scales);
    unpack(std::span<const std::uint8_t>(packed.all()), bits, unpacked.all());
    require_same<std::uint8_t>(unpacked.all(), [&](std::size_t i) { return codes[i]; }, text);
    for ([[maybe_unused]] auto run : state) quantize_packed(weights(), rows(), s, packed.all(), scales);
    count(state, elements(), sizeof(float) + bits / 8.0);
}

BENCHMARK(memcpy_float32);
BENCHMARK_CAPTURE(fake_quantize_rows, mxfp4, "mxfp4");
BENCHMARK_CAPTURE(fake_quantize_rows, mxfp6_e2m3, "mxfp6_e2m3");
BENCHMARK_CAPTURE(fake_quantize_rows, mxfp8_e4m3, "mxfp8_e4m3");
BENCHMARK_CAPTURE(fake_quantize_rows, nvfp4, "nvfp4");
BENCHMARK_CAPTURE(fake_quantize_rows, e3m2fn_64_bfloat16, "e3m2fn/64:bfloat16");
BENCHMARK_CAPTURE(fake_quantize_columns, mxfp4, "mxfp4");
BENCHMARK_CAPTURE(fake_quantize_stochastic, mxfp4, "mxfp4");
BENCHMARK_CAPTURE(quantize_rows, mxfp4, "mxfp4");
BENCHMARK_CAPTURE(quantize_packed_rows, mxfp4, "mxfp4");

}  // namespace
