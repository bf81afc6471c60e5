// What the Google Benchmark programs share: one size for all, and the copy that every program times beside its kernel.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <cstring>
#include <span>
#include <string>

#include "halfulp/kernels/backend.hpp"
#include "shared/buffer.hpp"
#include "shared/weights.hpp"

namespace halfulp::benchmarks {

/// 2^24, or 2 to the power that HALFULP_BENCHMARK_LOG2 names: the tests ask for small arrays.
inline std::size_t elements() {
    static const std::size_t n = [] {
        const char* text = std::getenv("HALFULP_BENCHMARK_LOG2");
        const int power = text == nullptr ? 24 : std::atoi(text);
        return std::size_t{1} << (power >= 12 && power <= 30 ? power : 24);
    }();
    return n;
}

inline std::span<const float> weights() {
    static const buffer<float> x = [] {
        buffer<float> made(elements());
        fill_weights(made.all());
        return made;
    }();
    return x.all();
}

/// `bytes`: read and written for each element.
inline void count(benchmark::State& state, std::size_t n, double bytes) {
    const auto done = static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(n);
    state.SetItemsProcessed(done);
    state.SetBytesProcessed(static_cast<std::int64_t>(static_cast<double>(done) * bytes));
    state.SetLabel(std::string(to_string(active_backend())));
}

inline void memcpy_float32(benchmark::State& state) {
    buffer<float> out(elements());
    for ([[maybe_unused]] auto run : state) {
        std::memcpy(out.data(), weights().data(), weights().size_bytes());
        benchmark::ClobberMemory();
    }
    count(state, elements(), 2 * sizeof(float));
}

}  // namespace halfulp::benchmarks
