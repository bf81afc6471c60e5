// The best correction of a given rank under a norm: what all methods of error reconstruction share.
#pragma once

#include <cstddef>

#include "halfulp/matrices/truncated_svd.hpp"
#include "halfulp/reconstruct/error_norm.hpp"

namespace halfulp {

struct low_rank_options {
    std::size_t rank = 0;
    /// How singular values are shared out: σ^share goes to the right factor. 1/2 gives both alike; with 0 the right
    /// factor has orthonormal rows (before the outputs' weights are taken off), with 1 the left one has orthonormal
    /// columns under S.
    double share = 0.5;
    /// Of all corrections that are equally good the one with nothing outside of the range of R, S⁺ svd(S E), in place
    /// of the one that leaves the least plain error. They differ where R is singular.
    bool within_range = false;
    truncated_svd_options svd{};
};

/// E ≈ left · right.
struct low_rank_correction {
    matrix left;    ///< channels × rank
    matrix right;   ///< rank × outputs
    vector values;  ///< the singular values of S E diag(columns) that are kept, descending
    double error = 0;        ///< ‖S (E − left · right) diag(columns)‖², measured
    std::optional<double>
        optimum;  ///< the least that this rank allows, Σ σ² of what is not kept; nothing on the randomized route
    double uncorrected = 0;  ///< ‖S E diag(columns)‖²
    svd_route route = svd_route::automatic;
};

/// The correction of least error. With Vₖ the right singular vectors of M = S E D, D = diag(columns), it is E D Vₖᵀ ·
/// Vₖ D⁺ (Vₖ's rows being the vectors): M (1 − Vₖᵀ Vₖ) is what is left, which is the best that rank k allows (Eckart
/// and Young, 1936), whichever S with SᵀS = R is taken, and nothing is ever divided by a small eigenvalue of R.
/// Outputs of weight 0 are not corrected. Throws std::invalid_argument where sizes do not fit, E holds a NaN or an
/// infinity, or the rank is above the lesser side.
low_rank_correction correct(const matrix& error, const error_norm& norm, const low_rank_options& options);

}  // namespace halfulp
