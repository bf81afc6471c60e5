// GPTQ (Frantar et al., arXiv 2210.17323), also known as OPTQ, which is QuIP's LDLQ with nearest rounding (Chee et
// al., arXiv 2307.13304, theorem 6): rows of a weight matrix are quantized one after another, and what each loses is
// made good by the rows that are still to come.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "halfulp/kernels/quantize.hpp"
#include "halfulp/matrices/matrix.hpp"

namespace halfulp {

struct gptq_options {
    double damping = 0.01;  ///< added to the diagonal of h, as a part of its mean
    bool raise_damping =
        true;  ///< where Cholesky's factor does not exist: ten times as much (from 1e-8 on), up to 1; else an error
    bool act_order = false;  ///< rows in the order of falling h(i, i)
    bool static_scales = false;  ///< all scales from w as it is at first
    std::size_t lazy_rows = 128;  ///< rows whose errors are handed on together, by BLAS
    int axis = 0;
    int channel_axis = 1;
    std::span<const double>
        importance{};  ///< for @search=mse: a weight for each place along the axis; empty: all alike
};

struct gptq_result {
    matrix values;  ///< what codes and scales stand for
    std::vector<std::uint64_t> codes;  ///< in C order, two's complement
    scale_planes planes;
    quantize_report report;
    std::vector<std::size_t> dead;  ///< rows with h(i, i) = 0
    double damping = 0;  ///< the part that was used
    int raised = 0;  ///< how often it was raised
    double reciprocal_condition = 0;  ///< LAPACK's estimate (dpocon, 1-norm) for the damped h
    double feedback_trace = 0;  ///< tr D of the damped h = (U + I) D (U + I)ᵀ, in the order of the rows
    double loss = 0;  ///< tr((w - q)ᵀ h (w - q)), h as given
    double nearest_loss = 0;  ///< the same of w rounded to nearest under the scheme
};

/// w: (in, out), rows are input channels; y = x w. h: (in, in), the second moment E[xᵀ x], or any multiple (GPTQ's 2 X
/// Xᵀ): nothing but the losses depends on the factor. A row with h(i, i) = 0 has its weights set to zero and h(i, i)
/// to 1. The scales of a block of rows (row_quantizer.hpp) are chosen when its first row comes, from its weights at
/// that time. Under @hadamard weights and h are transformed first. Throws std::invalid_argument for what does not fit,
/// is not finite or not symmetric, and for an h that no allowed damping makes positive definite; the message names the
/// least one that does.
gptq_result gptq(const matrix& w, const matrix& h, const scheme& s, const gptq_options& options = {});

/// tr(eᵀ h e).
double proxy_loss(const matrix& e, const matrix& h);

}  // namespace halfulp
