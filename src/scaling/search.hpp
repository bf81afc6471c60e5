// One search for a minimum, by NLopt.
#pragma once

#include "evaluation.hpp"

namespace halfulp::detail {

/// From numbers for all parameters (NaN as evaluation::set() takes it). The objective stays infinite where the start has none.
fit_minimum search_from(evaluation& objective, const fit_setting& setting, std::span<const double> start,
                        int most_evaluations);

}  // namespace halfulp::detail
