// Corrections whose factors are themselves quantized.
#pragma once

#include <cstddef>

#include "halfulp/reconstruct/low_rank.hpp"
#include "halfulp/reconstruct/scheme_quantizer.hpp"

namespace halfulp {

struct quantized_factors {
    matrix left;
    matrix right;
    double error;           ///< ‖S (E − left · right) diag(columns)‖²
    std::size_t iteration;  ///< the one kept; 0: the factors of `start`, quantized as they are
};

/// Alternating least squares as in CALDERA (arXiv 2405.18886, algorithm 2, LPLRFactorize): the left factor that is
/// best beside the right one, quantized; then the right one that is best beside that, quantized. The best of all
/// iterates is kept, the quantized start among them. Throws std::invalid_argument for sizes that do not fit.
quantized_factors quantize_factors(const matrix& error, const error_norm& norm, const low_rank_correction& start,
                                   const scheme_quantizer& left, const scheme_quantizer& right, std::size_t iterations);

}  // namespace halfulp
