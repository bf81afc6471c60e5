// Runs bodies on the current CUDA device. Whatever the runtime complains of is thrown as cuda_error.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

#include "thread_context.hpp"

namespace halfulp::cuda {

class cuda_error : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

inline void check(cudaError_t status, const char* what) {
    if (status != cudaSuccess) throw cuda_error(std::string(what) + ": " + cudaGetErrorString(status));
}

class device_machine {
  public:
    /// Device memory that frees itself. One element at least: an empty array has an address too.
    template <class T>
    class array {
      public:
        array(device_machine& /*machine*/, std::size_t count) {
            const std::size_t bytes = std::max<std::size_t>(count, 1) * sizeof(T);
            check(cudaMalloc(&data_, bytes), "cudaMalloc");
            check(cudaMemset(data_, 0, bytes), "cudaMemset");
        }
        array(device_machine& machine, std::span<const T> from) : array(machine, from.size()) {
            check(cudaMemcpy(data_, from.data(), from.size_bytes(), cudaMemcpyHostToDevice), "copy to the device");
        }
        ~array() { cudaFree(data_); }
        array(const array&) = delete;
        array& operator=(const array&) = delete;
        array(array&& other) noexcept : data_(other.data_) { other.data_ = nullptr; }

        [[nodiscard]] T* data() { return static_cast<T*>(data_); }
        void copy_to(std::span<T> out) const {
            check(cudaMemcpy(out.data(), data_, out.size_bytes(), cudaMemcpyDeviceToHost), "copy from the device");
        }

      private:
        void* data_ = nullptr;
    };

    /// A grid-stride loop serves any number of threads.
    template <class Body, class... Arguments>
    void launch(std::uint64_t threads, const Body& body, Arguments... arguments) {
        constexpr std::uint64_t block_size = 256;
        const std::uint64_t blocks = std::clamp<std::uint64_t>((threads + block_size - 1) / block_size, 1, 4096);
        device_entry<<<static_cast<unsigned>(blocks), static_cast<unsigned>(block_size)>>>(body, arguments...);
        check(cudaGetLastError(), "launch");
    }
};

}  // namespace halfulp::cuda
