// One line of a validation: what stood against what, how often, and where they first differed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace halfulp::cuda {

struct comparison {
    std::string what;
    std::string against;
    std::uint64_t compared = 0;
    std::uint64_t differences = 0;
    std::string first;  ///< the first difference, in words; else empty

    /// Counts one comparison; `describe` is called for the first difference alone.
    template <class Describe>
    void add(bool same, const Describe& describe) {
        ++compared;
        if (same) return;
        if (differences++ == 0) first = describe();
    }
};

/// The place of the random bits of one lane, as published or inferred and as found by trial.
struct lane_finding {
    std::string form;
    int lane;
    std::string known;
    std::string expected;
    std::string found;
};

/// The machine that a report is about.
struct machine_facts {
    std::vector<std::string> lines;  ///< "name: value"
};

}  // namespace halfulp::cuda
