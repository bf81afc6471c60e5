// Round to nearest with a search for the range: the quantizer of GPTQ's repository (Frantar et al., arXiv 2210.17323)
// with its option for the mean error, for any scheme.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "halfulp/kernels/quantize.hpp"
#include "halfulp/matrices/matrix.hpp"

namespace halfulp {

struct clip_options {
    std::vector<double> factors;  ///< tried in order after 1, each above 0
    double norm = 2.4;  ///< the error of a group is Σ weight |w - q|^norm
    std::span<const double> weights{};  ///< one for each element of w, or none: all alike
    int axis = 0;
    int channel_axis = 1;
    int threads = 1;
};

struct clip_result {
    matrix values;
    std::vector<std::uint64_t> codes;  ///< in C order, two's complement
    scale_planes planes;
    quantize_report report;
    std::vector<double> factors;  ///< of each innermost group, in the order of its scales
};

/// The innermost scales of a group are those that the recipe gives to factor × w, for the factor that leaves w itself
/// the smallest error; of equal ones the first. Outer levels are those of w. Under @hadamard errors are those of the
/// transformed w. Throws std::invalid_argument.
clip_result clip_search(const matrix& w, const scheme& s, const clip_options& options);

}  // namespace halfulp
