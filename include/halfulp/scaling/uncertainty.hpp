// What a fit leaves open: covariance, what the runs cannot tell apart, intervals, likelihoods.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "halfulp/scaling/fit.hpp"

namespace halfulp {

struct fit_uncertainty {
    std::vector<std::size_t> free;  ///< parameters that the fit moved and no bound holds; what follows is about these
    std::vector<double> covariance;  ///< free × free, of the parameters themselves (not of their logarithms)
    /// Largest over smallest singular value of the Jacobian with columns of length 1; infinite where a column is 0 or depends on
    /// others to 1e-12.
    double condition = 0;
    std::size_t rank = 0;
    std::vector<double> weakest;  ///< the combination of (scaled) parameters that the runs determine worst
};

/// Asymptotic covariance of an M-estimator with equally distributed residuals: (Jᵀ J)⁻¹ · mean ψ² / (mean ψ')², by n/(n − p) (Huber
/// 1981, section 7.6). For least squares that is the usual one. mean ψ' of the Huber estimators is 2 delta times the residuals'
/// density at 0, counted within the larger of delta and 1.06 · 1.4826 MAD · n^(-1/5). Where the rank is too small, the
/// covariance is of NaN.
fit_uncertainty uncertainty_of(const fit_problem& problem, const fit_minimum& minimum);

struct fit_interval {
    double lower = 0;  ///< −infinity (0 of positive ones) where the objective never rises enough
    double upper = 0;
    bool lower_found = false;
    bool upper_found = false;
    double lowest = 0;  ///< the lowest objective on the way: below the minimum's, the fit was none
};

/// Numbers of one parameter for which the others can be chosen so that the objective is not significantly above its minimum.
/// Likelihood ratio for huber_likelihood, n log of the ratio of sums for least squares, Schrader and Hettmansperger's (1980) drop in
/// dispersion for huber; compared with a χ² of one degree of freedom. level: 0.5 to 0.9999.
fit_interval profile_interval(const fit_problem& problem, const fit_minimum& minimum, std::string_view name,
                              double level = 0.95);

/// log of the likelihood of the log losses: that of the estimator itself, or of the density that the estimator is best for (normal,
/// or exp(−h/s²)), its scale the best one. variable_projection: of the losses, with the Jacobian that brings it to log losses.
double log_likelihood_of(const fit_problem& problem, const fit_minimum& minimum);

}  // namespace halfulp
