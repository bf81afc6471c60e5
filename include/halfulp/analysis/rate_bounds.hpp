// What a number of bits can do at all: entropies of densities and the constants of high-resolution theory.
#pragma once

#include "halfulp/analysis/distribution.hpp"

namespace halfulp {

/// -∫ p log2 p, in bits.
double differential_entropy(const density& of);

/// (∫ p^(1/3))³ / 12: what the best code of N levels leaves, times N² (Panter and Dite 1951), as N grows.
double panter_dite_constant(const density& of);

/// Equally spaced levels without end, each number to the nearest, the levels' entropy coded.
struct entropy_coded {
    double step;
    double entropy;  ///< bits
    double squared_error;
};

/// Of this step, a level at 0.
entropy_coded entropy_coded_uniform(const density& of, double step);

/// The step that has this entropy, 0.01 to 20 bits. Throws std::invalid_argument for others.
entropy_coded entropy_coded_uniform_at(const density& of, double bits);

}  // namespace halfulp
