// decode beside a plain widening loop over the same types. HALFULP_BACKEND chooses the implementation.
#include "halfulp/codecs/codec.hpp"
#include "halfulp/formats/name.hpp"
#include "halfulp/kernels/convert.hpp"
#include "shared/checks.hpp"
#include "shared/google.hpp"
#include "shared/plain_loops.hpp"

namespace {

using namespace halfulp;
using namespace halfulp::benchmarks;

template <class C>
buffer<C> codes_of(const float_format& format) {
    buffer<C> codes(elements());
    encode(weights(), codes.all(), format);
    return codes;
}

template <class C>
void plain_widening(benchmark::State& state) {
    const buffer<C> codes = codes_of<C>(parse_float_format(sizeof(C) == 1 ? "e4m3fn" : "binary16"));
    buffer<float> out(elements());
    for ([[maybe_unused]] auto run : state) {
        widen(codes.all(), out.all());
        benchmark::ClobberMemory();
    }
    count(state, elements(), sizeof(float) + sizeof(C));
}

template <class C>
void time_decode(benchmark::State& state, const char* name) {
    const float_format format = parse_float_format(name);
    const buffer<C> codes = codes_of<C>(format);
    buffer<float> out(elements());
    decode(codes.all(), out.all(), format);
    require_same<float>(
        out.all(), [&](std::size_t i) { return decode<float>(codes[i], format); }, std::string("decode ") + name);
    for ([[maybe_unused]] auto run : state) decode(codes.all(), out.all(), format);
    count(state, elements(), sizeof(float) + sizeof(C));
}

void decode_uint8(benchmark::State& state, const char* name) { time_decode<std::uint8_t>(state, name); }
void decode_uint16(benchmark::State& state, const char* name) { time_decode<std::uint16_t>(state, name); }

BENCHMARK(memcpy_float32);
BENCHMARK(plain_widening<std::uint8_t>);
BENCHMARK(plain_widening<std::uint16_t>);
BENCHMARK_CAPTURE(decode_uint8, e4m3fn, "e4m3fn");
BENCHMARK_CAPTURE(decode_uint8, e5m2, "e5m2");
BENCHMARK_CAPTURE(decode_uint8, e2m1fn, "e2m1fn");
BENCHMARK_CAPTURE(decode_uint16, bfloat16, "bfloat16");
BENCHMARK_CAPTURE(decode_uint16, binary16, "binary16");

}  // namespace
