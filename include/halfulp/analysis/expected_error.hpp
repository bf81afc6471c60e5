// What quantization is expected to cost: the mean squared error and its relatives of any format or scheme, of
// independent numbers with a density or drawn from a sample. By sums of integrals and one-dimensional quadrature, never
// by sampling.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "halfulp/analysis/distribution.hpp"
#include "halfulp/blocks/scheme.hpp"
#include "halfulp/rounding/mode.hpp"

namespace halfulp {

struct expected_options {
    rounding_mode rounding = rounding_mode::nearest_ties_to_even;
    int random_bits = 32;
    /// Elements of the tensor, for scales that the whole tensor shares; 0: not told. Means over a tensor then have
    /// their limit of large tensors.
    std::uint64_t size = 0;
    /// Elements of one channel, for scales of channels; 0: not told.
    std::uint64_t channel = 0;
    bool entropy = true;  ///< of the codes: may be left out to save its time
};

struct expected_error {
    double squared_error = 0;  ///< E (x̂ - x)²
    double signal = 0;  ///< E x²
    double bias = 0;  ///< E (x̂ - x)
    /// Of an element's code, in bits, each code's probability being that over all groups; NaN where not computed.
    double entropy = 0;
    double saturated = 0;  ///< P(x lies beyond the outermost members under its scale)
    double zero = 0;  ///< P(the code, or the scale, is zero)
    double tolerance =
        0;  ///< how far squared_error may be off: from rules of two orders, and from what stands in expected_value()
    bool quadrature = true;  ///< false: sums and antiderivatives alone
};

/// Elements are rounded as fake_quantize does: sat_finite, in the mode of the options.
///
/// Scales in formats with more than 12 significant bits count as the exact quotient, and recipes whose quotients are
/// rounded to binary32 (nvfp4_fp32, _te, _torchao, _modelopt, _ct, bitsandbytes, bitnet, torch_ao) as computed in real
/// numbers, with their clamps. What this leaves out, parts of 4^-precision and of 2^-22, is in `tolerance`. Rules for
/// power-of-two scales are taken as they are, bit by bit.
///
/// Throws std::invalid_argument, naming the part of the scheme, where no integral of few variables gives the answer:
/// search=mse, four_over_six, double quantization, Hadamard transforms of other than one centred normal density, means
/// of finite groups of ternary elements; for affine integers of more than 10 bits, for sizes that are missing or no
/// multiples of their groups, and for densities under which scales that count as exact leave the range of their
/// format so often that it matters (a tenth of the error; less than that is in `tolerance`).
expected_error expected_value(const scheme& s, const density& of, const expected_options& options = {});

/// Numbers drawn independently from `x`, all equally likely: sums over x. Throws for x that is empty or not finite, and
/// for schemes with a zero point or double quantization; for schemes with levels also where there are more than 4,096
/// distinct magnitudes.
expected_error expected_value(const scheme& s, std::span<const double> x, const expected_options& options = {});

/// Complex numbers that share the scales of the complex code {±1, ±i}.
struct phase_scales {
    std::uint64_t group = 0;  ///< numbers with two scales in common; 0: the limit of many
    float_format format;
};

/// The complex code {±1, ±i}, its real and imaginary part independent, each with the density, which is symmetric about
/// 0. `scales`: null for none; else the means of the magnitudes of the real and of the imaginary ones. All but `bias`,
/// which is 0, counts complex numbers; `saturated` is NaN. Throws std::invalid_argument for other densities, and for
/// finite groups under scale formats of fewer than 20 significant bits.
expected_error expected_phase_error(const density& of, const phase_scales* scales);

}  // namespace halfulp
