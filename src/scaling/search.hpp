// One search for a minimum, by NLopt.
#pragma once

#include "evaluation.hpp"

namespace halfulp::detail {

/// look: until a step brings less than a part in 10^4, and not for long. rough: less than a part in 10^10. thorough: less than a part
/// in 10^14, and again from there. last: as long as anything is gained, within 500 evaluations.
enum class search_effort { look, rough, thorough, last };

/// From numbers for all parameters (NaN as evaluation::set() takes it). The objective stays infinite where the start has none.
fit_minimum search_from(evaluation& objective, const fit_setting& setting, std::span<const double> start,
                        int most_evaluations, search_effort effort = search_effort::thorough);

}  // namespace halfulp::detail
