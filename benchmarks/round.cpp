// round beside memcpy. HALFULP_BACKEND chooses the implementation.
#include "halfulp/codecs/codec.hpp"
#include "halfulp/formats/name.hpp"
#include "halfulp/kernels/convert.hpp"
#include "shared/checks.hpp"
#include "shared/google.hpp"

namespace {

using namespace halfulp;
using namespace halfulp::benchmarks;

template <class T>
void time_round(benchmark::State& state, std::span<const T> x, const std::string& name, rounding_mode mode) {
    const float_format format = parse_float_format(name);
    const projection how{.rounding = mode};
    const random_source source{1};
    const randomness random = is_stochastic(mode) ? randomness(source) : randomness();
    buffer<T> out(x.size());
    round(x, out.all(), format, how, random);
    require_same<T>(
        out.all(), [&](std::size_t i) { return round(x[i], format, how, source.word(i)); }, "round to " + name);
    for ([[maybe_unused]] auto run : state) round(x, out.all(), format, how, random);
    count(state, x.size(), 2 * sizeof(T));
}

void round_float32(benchmark::State& state, const char* name, rounding_mode mode) {
    time_round<float>(state, weights(), name, mode);
}

void round_float64(benchmark::State& state, const char* name, rounding_mode mode) {
    static const buffer<double> x = [] {
        buffer<double> made(elements() / 2);
        fill_weights(made.all());
        return made;
    }();
    time_round<double>(state, x.all(), name, mode);
}

using enum rounding_mode;
BENCHMARK(memcpy_float32);
BENCHMARK_CAPTURE(round_float32, bfloat16, "bfloat16", nearest_ties_to_even);
BENCHMARK_CAPTURE(round_float32, binary16, "binary16", nearest_ties_to_even);
BENCHMARK_CAPTURE(round_float32, e4m3fn, "e4m3fn", nearest_ties_to_even);
BENCHMARK_CAPTURE(round_float32, e4m3fn_toward_positive, "e4m3fn", toward_positive);
BENCHMARK_CAPTURE(round_float32, e4m3fn_to_odd, "e4m3fn", to_odd);
BENCHMARK_CAPTURE(round_float32, e4m3fn_stochastic_a, "e4m3fn", stochastic_a);
BENCHMARK_CAPTURE(round_float32, e2m1fn, "e2m1fn", nearest_ties_to_even);
BENCHMARK_CAPTURE(round_float32, e6m5, "e6m5", nearest_ties_to_even);
BENCHMARK_CAPTURE(round_float64, e4m3fn, "e4m3fn", nearest_ties_to_even);

}  // namespace
