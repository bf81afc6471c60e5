// One kernel body, two launchers. A body is an object called as body(thread_context, arguments...): it sees its place in the
// grid through the context instead of built-in variables, so the same source runs in a host loop in the tests and on a device.
#pragma once

#include <cstdint>

#if defined(__CUDACC__)
#define HALFULP_HOST_DEVICE __host__ __device__
#else
#define HALFULP_HOST_DEVICE
#endif

namespace halfulp::cuda {

/// A one-dimensional grid of one-dimensional blocks.
struct thread_context {
    std::uint32_t grid_size;  ///< blocks
    std::uint32_t block_size;  ///< threads a block
    std::uint32_t block;
    std::uint32_t thread;

    [[nodiscard]] HALFULP_HOST_DEVICE constexpr std::uint64_t index() const noexcept {
        return std::uint64_t{block} * block_size + thread;
    }
    [[nodiscard]] HALFULP_HOST_DEVICE constexpr std::uint64_t count() const noexcept {
        return std::uint64_t{grid_size} * block_size;
    }
};

/// Runs a body for every thread of a grid, one after the other, on the host.
template <class Body, class... Arguments>
void host_launch(std::uint32_t grid_size, std::uint32_t block_size, const Body& body, Arguments... arguments) {
    for (std::uint32_t block = 0; block < grid_size; ++block) {
        for (std::uint32_t thread = 0; thread < block_size; ++thread)
            body(thread_context{grid_size, block_size, block, thread}, arguments...);
    }
}

#if defined(__CUDACC__)
template <class Body, class... Arguments>
__global__ void device_entry(Body body, Arguments... arguments) {
    body(thread_context{gridDim.x, blockDim.x, blockIdx.x, threadIdx.x}, arguments...);
}
#endif

}  // namespace halfulp::cuda
