#include "floors/measure.hpp"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <functional>

namespace halfulp::benchmarks {

namespace {

double now(bool cpu_time) {
    timespec t{};
    clock_gettime(cpu_time ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double seconds_of(const work& piece, int calls, bool cpu_time) {
    const double start = now(cpu_time);
    for (int call = 0; call < calls; ++call) piece();
    return (now(cpu_time) - start) / calls;
}

int calls_to_last(const work& piece, const plan& how) {
    const double once = std::max(seconds_of(piece, 1, how.cpu_time), 1e-9);
    return once >= how.shortest_s ? 1 : static_cast<int>(std::min(std::ceil(how.shortest_s / once), 1e6));
}

}  // namespace

timings measure_in_turn(const work& reference, const work& subject, const plan& how) {
    reference();
    subject();
    const int reference_calls = calls_to_last(reference, how);
    const int subject_calls = calls_to_last(subject, how);
    timings t;
    for (int repetition = 0; repetition < how.repetitions; ++repetition) {
        if (repetition % 2 == 0) t.reference_s.push_back(seconds_of(reference, reference_calls, how.cpu_time));
        t.subject_s.push_back(seconds_of(subject, subject_calls, how.cpu_time));
        if (repetition % 2 != 0) t.reference_s.push_back(seconds_of(reference, reference_calls, how.cpu_time));
    }
    return t;
}

std::vector<double> ratios(const timings& t) {
    std::vector<double> out(t.subject_s.size());
    std::ranges::transform(t.reference_s, t.subject_s, out.begin(), std::divides());
    return out;
}

double quantile(std::vector<double> values, double q) {
    if (values.empty()) return std::nan("");
    std::ranges::sort(values);
    const double place = q * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

}  // namespace halfulp::benchmarks
