// The trace of a matrix that is known by its products, by random probes, with standard errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "halfulp/matrices/matrix.hpp"
#include "halfulp/sharpness/linear_operator.hpp"
#include "halfulp/sharpness/probes.hpp"

namespace halfulp {

/// When an estimate is good enough: its standard error is at most the larger of `absolute` and relative · |value|.
/// Without either no estimate is, and all probes are used.
struct requested_error {
    std::optional<double> absolute;
    std::optional<double> relative;
    /// Before so many samples a standard error is not believed.
    std::size_t least_samples = 8;

    [[nodiscard]] bool asked() const noexcept { return absolute || relative; }
    [[nodiscard]] bool met(double standard_error, double value, std::size_t samples) const;
};

struct trace_options {
    probe_distribution distribution = probe_distribution::rademacher;
    std::uint64_t seed = 0;
    std::size_t probes = 32;  ///< at most so many
    requested_error stop{};
};

struct trace_estimate {
    double value = 0;
    double standard_error = 0;  ///< NaN with a single sample
    std::vector<double> samples;  ///< value is `exact` plus their mean
    double exact = 0;  ///< the part that is no estimate (Hutch++)
    std::size_t products = 0;
    bool met = false;  ///< the requested error
};

/// Mean of zᵀAz (Hutchinson 1989). For symmetric A a sample has variance 2 (‖A‖² − Σ aᵢᵢ²) with Rademacher probes, so
/// none where A is diagonal, and 2 ‖A‖² with normal ones. One product a probe. Throws std::invalid_argument for 0
/// probes.
trace_estimate hutchinson_trace(const linear_operator& a, const trace_options& options);

/// Hutch++ (Meyer, Musco, Musco, Woodruff, 2010.09649): exact on the range Q of A times `sketch` probes, Hutchinson on
/// what is left, (1 − QQᵀ) A (1 − QQᵀ). 2 · sketch products, and one for each probe. A matrix of rank up to `sketch`
/// has no error. Throws std::invalid_argument for 0 probes, or a sketch of 0 or above A's size.
trace_estimate hutch_plus_plus_trace(const linear_operator& a, std::size_t sketch, const trace_options& options);

/// XTrace (Epperly, Tropp, Webber, 2301.07825): each probe is the sample for the range of all the others. Two products
/// a probe; with probes on the sphere a residual is scaled by (n − k + 1) ÷ its squared length, as the paper has it.
/// The standard error is the paper's, of the samples as if they were independent. Throws std::invalid_argument for
/// probes below 2 or above A's size.
trace_estimate exchangeable_trace(const linear_operator& a, const trace_options& options);

/// Traces of blocks on A's diagonal, from the same products: block b is [starts[b], starts[b + 1]), its samples are z_b
/// · (A z)_b, whose variance is that of the whole rows of the block. Stops when every block's error is met.
std::vector<trace_estimate> block_traces(const linear_operator& a, const std::vector<std::size_t>& starts,
                                         const trace_options& options);

struct diagonal_estimate {
    vector values;
    vector standard_errors;
    std::size_t products = 0;
    bool met = false;
};

/// The diagonal: mean of z ∘ A z over Rademacher probes (Bekas, Kokiopoulou, Saad 2007); a sample of element i has
/// variance Σ_{j≠i} aᵢⱼ². Stops when the root mean square of the standard errors is at most the request, relative to
/// that of the values. Throws std::invalid_argument for another distribution, whose elements would not have the square
/// 1.
diagonal_estimate estimate_diagonal(const linear_operator& a, const trace_options& options);

}  // namespace halfulp
