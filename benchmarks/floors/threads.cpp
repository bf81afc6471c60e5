// Two threads against one. Where a copy by two threads does not get faster either, memory is the limit and not the library.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <thread>

#include "floors/cases.hpp"
#include "halfulp/formats/name.hpp"
#include "halfulp/kernels/convert.hpp"
#include "halfulp/kernels/quantize.hpp"

namespace halfulp::benchmarks {

namespace {

constexpr double floor_of_two = 1.7;
constexpr double share_of_copy = 0.95;

using threaded_work = std::function<void(int threads)>;

void copy_by(std::span<const float> x, std::span<float> out, int threads) {
    if (threads == 1) {
        std::memcpy(out.data(), x.data(), x.size_bytes());
        return;
    }
    const std::size_t half = x.size() / 2;
    std::thread other([=] { std::memcpy(out.data() + half, x.data() + half, (x.size() - half) * sizeof(float)); });
    std::memcpy(out.data(), x.data(), half * sizeof(float));
    other.join();
}

timings one_and_two(const threaded_work& piece, const plan& how) {
    return measure_in_turn([&] { piece(1); }, [&] { piece(2); }, how);
}

outcome measure_two_threads(const floor_case& c, const plan& how, arena& arrays, const threaded_work& piece) {
    const std::span<const float> x = arrays.x();
    const std::span<float> out = arrays.out();
    const timings copies = one_and_two([&](int threads) { copy_by(x, out, threads); }, how);
    const double copy = quantile(ratios(copies), 0.5);
    outcome result{one_and_two(piece, how), c.floor, ""};
    std::array<char, 80> text{};
    std::snprintf(text.data(), text.size(), "a copy by two threads is %.2f times as fast as by one", copy);
    result.note = text.data();
    if (c.floor) result.floor = std::min(*c.floor, share_of_copy * copy);
    return result;
}

void add(cases& to, const shared_arena& arrays, backend runs, const std::string& what,
         const std::function<void(arena&, int)>& piece) {
    to.push_back({.name = "two_threads/" + std::string(to_string(runs)) + "/" + what,
                  .group = "two_threads",
                  .reference = "one thread",
                  .ratio = "speedup",
                  .runs = runs,
                  .elements = arrays->elements(),
                  .bytes_per_element = 8,
                  .floor = floor_of_two,
                  .measure = [arrays, piece](const floor_case& c, const plan& how) {
                      return measure_two_threads(c, how, *arrays, [&](int threads) { piece(*arrays, threads); });
                  }});
}

}  // namespace

void add_thread_cases(cases& to, const shared_arena& arrays, backend runs) {
    if (std::thread::hardware_concurrency() < 2) return;
    add(to, arrays, runs, "round/e4m3fn/nearest_ties_to_even",
        [](arena& a, int threads) { round(a.x(), a.out(), parse_float_format("e4m3fn"), {}, {}, threads); });
    add(to, arrays, runs, "round/e4m3fn/stochastic_a", [](arena& a, int threads) {
        const projection how{.rounding = rounding_mode::stochastic_a};
        round(a.x(), a.out(), parse_float_format("e4m3fn"), how, random_source{1}, threads);
    });
    add(to, arrays, runs, "fake_quantize/nvfp4", [](arena& a, int threads) {
        const axis_view rows{a.elements() / 1024, 1024, 1};
        quantize_options options;
        options.threads = threads;
        fake_quantize(a.x(), rows, parse_scheme("nvfp4"), a.out(), options);
    });
}

}  // namespace halfulp::benchmarks
