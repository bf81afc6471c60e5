// Low-rank weights that also make good what layers before have spoilt: SAES-SVD (arXiv 2602.03051).
#pragma once

#include <optional>

#include "halfulp/reconstruct/low_rank.hpp"

namespace halfulp {

struct accumulated_error_result {
    low_rank_correction correction;  ///< of the target T; its error, optimum and uncorrected are of the objective below
    double alpha;
    double retained;  ///< Σ of the squared singular values kept ÷ Σ of all
};

/// The C of a rank that minimizes E‖x C − x W‖² + α E‖x C − y W‖², where x is the input that the compressed model
/// gives the layer and y the one that the original gave it. moment: E[xᵀx], cross: E[xᵀy], reference: E[yᵀy]. With β
/// = α / (1 + α) and SᵀS = R: the objective is (1 + α) ‖S (C − T)‖² + E‖x W‖² + α E‖y W‖² − (1 + α) ‖S T‖², T = W + β
/// R⁺ (E[xᵀy] − R) W, R = E[xᵀx]. Without alpha: the β from 0 to 15/16 for which the rank retains the largest part of
/// ‖S T‖², by 16 steps and a golden section around the best of them. Throws as error_norm::of_second_moment and
/// correct do, and for a negative alpha.
accumulated_error_result correct_accumulated(const matrix& weight, const matrix& moment, const matrix& cross,
                                             const matrix& reference, std::optional<double> alpha,
                                             const low_rank_options& options);

}  // namespace halfulp
