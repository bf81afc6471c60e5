// Array functions on 2^22 float32 weights, one thread, beside memcpy of the same array in the same run: compare ratios, not
// times. Every result is checked before it is timed.
#include <benchmark/benchmark.h>

#include <cstring>
#include <random>
#include <stdexcept>
#include <vector>

#include "halfulp/codecs/codec.hpp"
#include "halfulp/formats/name.hpp"
#include "halfulp/kernels/convert.hpp"
#include "halfulp/kernels/quantize.hpp"

namespace {

using namespace halfulp;

constexpr std::size_t size = std::size_t{1} << 22;

const std::vector<float>& weights() {
    static const std::vector<float> x = [] {
        std::mt19937 random(1);
        std::normal_distribution<float> normal(0.0f, 0.05f);
        std::vector<float> made(size);
        for (float& value : made) value = normal(random);
        return made;
    }();
    return x;
}

void require(bool holds) {
    if (!holds) throw std::logic_error("the result is wrong: nothing to time");
}

void report(benchmark::State& state) {
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(size));
}

void memcpy_float32(benchmark::State& state) {
    std::vector<float> out(size);
    for ([[maybe_unused]] auto run : state) {
        std::memcpy(out.data(), weights().data(), size * sizeof(float));
        benchmark::ClobberMemory();
    }
    report(state);
}

void round_float32(benchmark::State& state, const char* name, rounding_mode mode) {
    const float_format format = parse_float_format(name);
    const projection how{.rounding = mode};
    const random_source random{1};
    std::vector<float> out(size);
    round(std::span<const float>(weights()), std::span(out), format, how, random);
    require(out[12345] == round(weights()[12345], format, how, random.word(12345)));
    for ([[maybe_unused]] auto run : state)
        round(std::span<const float>(weights()), std::span(out), format, how, random);
    report(state);
}

void fake_quantize_float32(benchmark::State& state, const char* text) {
    const scheme s = parse_scheme(text);
    const axis_view view{size / 1024, 1024, 1};
    std::vector<float> out(size);
    fake_quantize(std::span<const float>(weights()), view, s, std::span(out));
    std::vector<std::uint8_t> codes(size);
    std::vector<float> exact(size);
    scale_planes scales;
    quantize(std::span<const float>(weights()), view, s, std::span(codes), scales);
    dequantize(std::span<const std::uint8_t>(codes), view, s, scales, std::span(exact));
    require(std::memcmp(out.data(), exact.data(), size * sizeof(float)) == 0);
    for ([[maybe_unused]] auto run : state) fake_quantize(std::span<const float>(weights()), view, s, std::span(out));
    report(state);
}

BENCHMARK(memcpy_float32);
BENCHMARK_CAPTURE(round_float32, e4m3fn, "e4m3fn", rounding_mode::nearest_ties_to_even);
BENCHMARK_CAPTURE(round_float32, e4m3fn_stochastic, "e4m3fn", rounding_mode::stochastic_a);
BENCHMARK_CAPTURE(fake_quantize_float32, mxfp4, "mxfp4");
BENCHMARK_CAPTURE(fake_quantize_float32, nvfp4, "nvfp4");

}  // namespace
