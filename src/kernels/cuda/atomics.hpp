// What threads of a grid do together on one word. On the host the threads of host_launch() run one after the other, so the plain
// operation is the atomic one.
#pragma once

#include <cstdint>

#include "thread_context.hpp"

namespace halfulp::cuda {

HALFULP_HOST_DEVICE inline void atomic_add(std::uint64_t* word, std::uint64_t value) noexcept {
#if defined(__CUDA_ARCH__)
    atomicAdd(reinterpret_cast<unsigned long long*>(word), static_cast<unsigned long long>(value));
#else
    *word += value;
#endif
}

HALFULP_HOST_DEVICE inline void atomic_min(std::uint64_t* word, std::uint64_t value) noexcept {
#if defined(__CUDA_ARCH__)
    atomicMin(reinterpret_cast<unsigned long long*>(word), static_cast<unsigned long long>(value));
#else
    *word = value < *word ? value : *word;
#endif
}

HALFULP_HOST_DEVICE inline void atomic_max(std::uint64_t* word, std::uint64_t value) noexcept {
#if defined(__CUDA_ARCH__)
    atomicMax(reinterpret_cast<unsigned long long*>(word), static_cast<unsigned long long>(value));
#else
    *word = value > *word ? value : *word;
#endif
}

}  // namespace halfulp::cuda
