// Launches of round on a device. Present only where the CUDA kernels are built (HALFULP_CUDA).
#pragma once

#include <span>
#include <string>

#include "halfulp/core/random.hpp"
#include "halfulp/rounding/projection.hpp"

namespace halfulp::cuda {

/// Rounds x on the current device: copies in, launches, copies out. Returns an empty text, or what the runtime complained of
/// (no driver, no device, no memory); `out` is unspecified then.
std::string round_on_device(std::span<const float> x, std::span<float> out, const float_format& format,
                            const projection& how, const random_source& random);

}  // namespace halfulp::cuda
