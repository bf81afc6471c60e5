// The distribution of eigenvalues, by Lanczos' process from random starts (stochastic Lanczos quadrature).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "halfulp/sharpness/lanczos.hpp"
#include "halfulp/sharpness/probes.hpp"
#include "halfulp/sharpness/trace.hpp"

namespace halfulp {

struct spectral_density_options {
    std::size_t steps = 64;  ///< of each process, at most the operator's size
    std::size_t probes = 16;
    probe_distribution distribution = probe_distribution::rademacher;
    std::uint64_t seed = 0;
    /// Of the cumulative distribution: its largest standard error over all eigenvalues. `relative` is not used.
    requested_error stop{};
};

/// For each probe z the rule of z ÷ ‖z‖: the mean over probes of Σ weights f(nodes) estimates tr f(A) ÷ n (Ubaru, Chen,
/// Saad 2017).
struct spectral_density {
    std::vector<gauss_rule> rules;
    double cumulative_error = 0;  ///< what `stop` is asked about; NaN for a single probe
    double asymmetry = 0;  ///< the largest of lanczos_process's
    std::size_t products = 0;
    bool met = false;
};

/// Throws std::invalid_argument for 0 probes or 0 steps.
spectral_density estimate_spectral_density(const linear_operator& a, const spectral_density_options& options);

/// The largest standard error over all x of the mean of the rules' Σ_{node ≤ x} weight; NaN for a single rule.
double cumulative_error_of(const std::vector<gauss_rule>& rules);

}  // namespace halfulp
