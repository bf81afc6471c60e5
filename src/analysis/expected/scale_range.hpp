// Scales that count as exact quotients or means, and the range of the format that stores them.
#pragma once

#include <string>
#include <vector>

#include "halfulp/analysis/distribution.hpp"
#include "halfulp/blocks/scheme.hpp"

namespace halfulp::detail {

/// At most what the range of a scheme's outermost scales, where these count as exact, can change of the squared error:
/// in groups whose scale saturates no element loses more than its square, in groups whose scale is zero or has fewer
/// than 8 bits none more than the square of the group's largest magnitude. `groups`: how many elements
/// share a scale of each level. 0 where scales are followed through their rounding. Inner scales are quotients by outer
/// ones: their range begins far below what matters.
double out_of_scale_range(const scheme& s, const density& of, const std::vector<double>& groups, double squared_error);

/// Throws std::invalid_argument where `changed`, such a bound, is more than a tenth of the error itself.
void require_scale_range(const scheme& s, const density& of, double changed, double squared_error);

/// Throws std::invalid_argument where `mean`, a scale that counts as exact, saturates or has fewer than 8 bits.
void require_scale_range(const float_format& f, const std::string& scheme_text, const density& of, double mean);

}  // namespace halfulp::detail
