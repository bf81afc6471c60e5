// One search for a minimum, by NLopt.
#pragma once

#include "evaluation.hpp"

namespace halfulp::detail {

/// rough: until the objective changes by less than a part in 10^10. thorough: to rounding, and again from there.
enum class search_effort { rough, thorough };

/// From numbers for all parameters (NaN as evaluation::set() takes it). The objective stays infinite where the start has none.
fit_minimum search_from(evaluation& objective, const fit_setting& setting, std::span<const double> start,
                        int most_evaluations, search_effort effort = search_effort::thorough);

}  // namespace halfulp::detail
