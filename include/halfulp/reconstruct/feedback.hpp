// Rounding with feedback: what one channel's rounding spoils, the next ones make good.
#pragma once

#include "halfulp/matrices/matrix.hpp"
#include "halfulp/reconstruct/scheme_quantizer.hpp"

namespace halfulp {

struct feedback_result {
    matrix values;
    double damping;  ///< what was added to the second moment's diagonal
};

/// LDLQ (QuIP, arXiv 2307.13304; the same as GPTQ's) for a weight in y = x W: channels are rounded from the last to
/// the first, each after the errors of those before were spread on it by R = L Δ Lᵀ, L unit lower triangular. Scales
/// are those that the quantizer finds for the weight as it is. damping: added to R's diagonal, as a part of its mean;
/// where Cholesky's algorithm fails all the same, ten times as much again until it does not (n ε of the mean to begin
/// with). Throws std::invalid_argument for sizes that do not fit and for schemes that fixed_grid refuses.
feedback_result round_with_feedback(const matrix& weight, const matrix& second_moment,
                                    const scheme_quantizer& quantizer, double damping);

}  // namespace halfulp
