// Two pieces of work timed in turn, so that what slows the machine down slows both.
#pragma once

#include <functional>
#include <vector>

namespace halfulp::benchmarks {

using work = std::function<void()>;

struct plan {
    int repetitions = 9;
    double shortest_s = 0.002;  ///< work that takes less is repeated within a timing until it takes this long
    bool cpu_time = false;  ///< the thread's own time instead of the clock's, for a look while other programs run
};

struct timings {
    std::vector<double> reference_s;  ///< seconds of one call, one for each repetition
    std::vector<double> subject_s;
};

/// Both once to warm up, then `repetitions` times each; which of the two goes first changes every time.
timings measure_in_turn(const work& reference, const work& subject, const plan& how);

/// reference / subject, repetition by repetition: the subject's speed as a share of the reference's.
std::vector<double> ratios(const timings& t);

/// Quantiles by linear interpolation between order statistics.
double quantile(std::vector<double> values, double q);

}  // namespace halfulp::benchmarks
