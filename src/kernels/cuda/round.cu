#include <cuda_runtime.h>

#include <algorithm>

#include "round.hpp"
#include "round_body.hpp"

namespace halfulp::cuda {
namespace {

/// Device memory that frees itself.
class device_floats {
  public:
    explicit device_floats(std::size_t count) : status(cudaMalloc(&data_, count * sizeof(float))) {}
    ~device_floats() { cudaFree(data_); }
    device_floats(const device_floats&) = delete;
    device_floats& operator=(const device_floats&) = delete;

    [[nodiscard]] float* data() const { return static_cast<float*>(data_); }
    cudaError_t status;

  private:
    void* data_ = nullptr;
};

}  // namespace

std::string round_on_device(std::span<const float> x, std::span<float> out, const float_format& format,
                            const projection& how, const random_source& random) {
    if (x.empty()) return {};
    const device_floats from(x.size());
    const device_floats to(x.size());
    if (from.status != cudaSuccess) return cudaGetErrorString(from.status);
    if (to.status != cudaSuccess) return cudaGetErrorString(to.status);
    cudaError_t status = cudaMemcpy(from.data(), x.data(), x.size_bytes(), cudaMemcpyHostToDevice);
    if (status != cudaSuccess) return cudaGetErrorString(status);
    constexpr unsigned block_size = 256;
    const auto grid_size = static_cast<unsigned>(std::min<std::size_t>((x.size() + block_size - 1) / block_size, 4096));
    const round_body body{projector(format, how), random, how.nan == nan_policy::keep};
    device_entry<<<grid_size, block_size>>>(body, static_cast<const float*>(from.data()), to.data(),
                                            std::uint64_t{x.size()});
    status = cudaGetLastError();
    if (status != cudaSuccess) return cudaGetErrorString(status);
    status = cudaMemcpy(out.data(), to.data(), out.size_bytes(), cudaMemcpyDeviceToHost);
    return status == cudaSuccess ? std::string{} : cudaGetErrorString(status);
}

}  // namespace halfulp::cuda
