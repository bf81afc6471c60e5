// encode beside a plain narrowing loop over the same types. HALFULP_BACKEND chooses the implementation.
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
void plain_narrowing(benchmark::State& state) {
    buffer<C> codes(elements());
    for ([[maybe_unused]] auto run : state) {
        narrow(weights(), codes.all());
        benchmark::ClobberMemory();
    }
    count(state, elements(), sizeof(float) + sizeof(C));
}

template <class C>
void time_encode(benchmark::State& state, const char* name) {
    const float_format format = parse_float_format(name);
    buffer<C> codes(elements());
    encode(weights(), codes.all(), format);
    require_same<C>(
        codes.all(), [&](std::size_t i) { return static_cast<C>(encode(weights()[i], format)); },
        std::string("encode to ") + name);
    for ([[maybe_unused]] auto run : state) encode(weights(), codes.all(), format);
    count(state, elements(), sizeof(float) + sizeof(C));
}

void encode_uint8(benchmark::State& state, const char* name) { time_encode<std::uint8_t>(state, name); }
void encode_uint16(benchmark::State& state, const char* name) { time_encode<std::uint16_t>(state, name); }

BENCHMARK(memcpy_float32);
BENCHMARK(plain_narrowing<std::uint8_t>);
BENCHMARK(plain_narrowing<std::uint16_t>);
BENCHMARK_CAPTURE(encode_uint8, e4m3fn, "e4m3fn");
BENCHMARK_CAPTURE(encode_uint8, e5m2, "e5m2");
BENCHMARK_CAPTURE(encode_uint8, e2m1fn, "e2m1fn");
BENCHMARK_CAPTURE(encode_uint16, bfloat16, "bfloat16");
BENCHMARK_CAPTURE(encode_uint16, binary16, "binary16");

}  // namespace
