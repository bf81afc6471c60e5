// The numbers that are timed. Made from their index alone, so that every run and every program has the same ones.
#pragma once

#include <span>

#include "halfulp/rounding/mode.hpp"

namespace halfulp::benchmarks {

/// Near to normal with mean 0 and standard deviation 1: subnormals, normals and overflow of the small formats all occur.
void fill_weights(std::span<float> out);
void fill_weights(std::span<double> out);

/// The modes that read no random bits.
std::span<const rounding_mode> deterministic_modes();

}  // namespace halfulp::benchmarks
