// Quantized part and low-rank part found in turns.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "halfulp/matrices/matrix.hpp"
#include "halfulp/reconstruct/low_rank.hpp"

namespace halfulp {

struct alternation_options {
    std::size_t iterations = 5;
    bool low_rank_first = false;     ///< else the quantized part, beside a correction of zero
    bool stop_when_worse = false;  ///< at the first iteration that ends with more error than the one before
};

struct alternation {
    matrix quantized;
    low_rank_correction correction;
    double error = 0;                 ///< of the iterate kept, by `cost`
    std::size_t iteration = 0;        ///< the one kept, from 1
    std::vector<double> history;  ///< the error after each iteration
};

/// W ≈ Q + A B: Q = quantize(W − A B), then A B = correct(W − Q), or in the other order; what every such method
/// (LoftQ, LQ-LoRA, CALDERA, SVDQuant) is, with steps of its own. The iterate of least cost(W − Q − A B) is kept,
/// whichever it was. Throws std::invalid_argument for 0 iterations.
alternation alternate(const matrix& weight, const std::function<matrix(const matrix&)>& quantize,
                      const std::function<low_rank_correction(const matrix&)>& correct,
                      const std::function<double(const matrix&)>& cost, const alternation_options& options);

}  // namespace halfulp
