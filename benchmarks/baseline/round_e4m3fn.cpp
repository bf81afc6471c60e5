// The C++ call that the Python call is compared with: the same library, loaded into the same process by ctypes.
#include <cstddef>
#include <cstdint>

#include "halfulp/formats/registry.hpp"
#include "halfulp/kernels/convert.hpp"

extern "C" void halfulp_round_e4m3fn(const float* x, float* out, std::size_t n) {
    halfulp::round(std::span<const float>(x, n), std::span<float>(out, n), halfulp::named("e4m3fn"));
}
