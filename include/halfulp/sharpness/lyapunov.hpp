// Lyapunov exponents of a recurrence: how fast small deviations grow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "halfulp/sharpness/trace.hpp"

namespace halfulp {

/// Replaces x by the next state, and each row v of `deviations` by J(x) v, J the derivative of the step at the x
/// before.
using tangent_step = std::function<void(std::span<double> x, std::span<double> deviations)>;

struct lyapunov_options {
    std::size_t count = 1;  ///< exponents, the largest
    std::size_t steps = 10000;  ///< at most, after those left out
    std::size_t skip = 100;  ///< steps before any is counted, for the state and the directions to settle
    std::size_t blocks = 32;  ///< for standard errors, of `steps` ÷ `blocks` steps each
    std::uint64_t seed = 0;  ///< of the first deviations
    requested_error stop{};  ///< of every exponent; `least_samples` counts blocks
};

struct lyapunov_result {
    std::vector<double> exponents;  ///< descending; per step, natural logarithms; −∞ where the derivative is singular
    /// From means of blocks of steps, which are nearly independent where blocks are long beside the memory of the
    /// recurrence.
    std::vector<double> standard_errors;
    std::vector<double> state;  ///< the last
    std::size_t steps = 0;  ///< counted
    bool met = false;
};

/// The QR method (Benettin, Galgani, Giorgilli, Strelcyn 1980): deviations are orthonormalized after each step, and an
/// exponent is the mean logarithm of what each keeps of its length. Throws std::invalid_argument for a count of 0 or
/// above the state's size, fewer steps than blocks, fewer than 2 blocks, and where a state or a deviation becomes NaN
/// or infinite: the message names the step.
lyapunov_result lyapunov_exponents(const tangent_step& step, std::span<const double> start,
                                   const lyapunov_options& options);

}  // namespace halfulp
