// Two projections in a row, compressed as one: value and output of each head of an attention.
#pragma once

#include <cstddef>

#include "halfulp/reconstruct/low_rank.hpp"

namespace halfulp {

/// UniQL's joint step (arXiv 2512.03383): for each head the pair (A, B) of a rank that is nearest to its product W_V
/// W_O in what the head gives for its inputs, E‖x W_V W_O − x A B‖². value: channels × (heads · d), output: (heads ·
/// d) × outputs. left is channels × (heads · rank), right (heads · rank) × outputs, each head's rows of it
/// orthonormal; values are those of all heads in order; error, optimum and uncorrected are sums over heads. Throws
/// std::invalid_argument where sizes do not fit or the rank is above d or the outputs.
low_rank_correction join_heads(const matrix& value, const matrix& output, const error_norm& norm, std::size_t heads,
                               const low_rank_options& options);

}  // namespace halfulp
