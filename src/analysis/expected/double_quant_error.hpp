// Double quantization (QLoRA, arXiv 2305.14314): elements are quantized under the scale s of their block; the scales,
// less their mean μ, in runs of L under their largest magnitude A into a table T; what elements have again is
// s' = A T((s - μ) / A) + μ.
//
// With m the largest magnitude of a block and c(x) an element's code under it, the densities over m of the integrals of
// c, c², x c and x² say what any s' leaves: E x² - 2 s' E x c + s'² E c². s' is a staircase of s under a given A, and
// the other scales of the run are independent, so that with H(a) = P(|s - μ| <= a)
//     E[error] = ∫ d/da [H(a)^(L-1) Φ_A(a)] at A = a,    Φ_A(a) the integral of the error over |s - μ| <= a.
#pragma once

#include "element_integral.hpp"
#include "halfulp/analysis/expected_error.hpp"

namespace halfulp::detail {

/// `group`: elements of a block, `run`: scales that share a largest magnitude. The mean μ counts as E s, its limit in large
/// tensors, and binary32 numbers as real ones.
error_tally double_quant_tally(const scheme& s, const density& of, const gap_rule& rule, double group, double run,
                               std::size_t extra);

}  // namespace halfulp::detail
