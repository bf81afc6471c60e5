// One line of the table: what is timed, beside what, and the least share that is promised.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "floors/measure.hpp"
#include "halfulp/kernels/backend.hpp"

namespace halfulp::benchmarks {

struct outcome {
    timings taken;
    std::optional<double> floor;  ///< none: told, not judged
    std::string note;             ///< why the floor is another one than the case's, where it is
};

struct floor_case {
    std::string name;       ///< group/backend/what/...
    std::string group;      ///< cases that share a floor and a row of the documentation's table
    std::string reference;  ///< what 1 means
    std::string ratio;      ///< "share" of the reference's speed, or "speedup" over it
    backend runs = backend::scalar;
    std::size_t elements = 0;
    double bytes_per_element = 0;  ///< what has to be read and written
    std::optional<double> floor;
    std::function<outcome(const floor_case&, const plan&)> measure;
};

}  // namespace halfulp::benchmarks
