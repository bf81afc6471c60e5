// What bodies read besides their arrays: codes of any width, random bits from either source.
#pragma once

#include <cstdint>

#include "halfulp/core/random.hpp"
#include "thread_context.hpp"

namespace halfulp::cuda {

/// A code array of any width, so that a kernel is compiled once per carrier and not once per width.
struct code_array {
    void* data;
    std::uint32_t width;  ///< bytes: 1, 2, 4 or 8

    HALFULP_HOST_DEVICE void store(std::uint64_t i, std::uint64_t code) const noexcept {
        switch (width) {
            case 1: static_cast<std::uint8_t*>(data)[i] = static_cast<std::uint8_t>(code); break;
            case 2: static_cast<std::uint16_t*>(data)[i] = static_cast<std::uint16_t>(code); break;
            case 4: static_cast<std::uint32_t*>(data)[i] = static_cast<std::uint32_t>(code); break;
            default: static_cast<std::uint64_t*>(data)[i] = code; break;
        }
    }

    [[nodiscard]] HALFULP_HOST_DEVICE std::uint64_t load(std::uint64_t i) const noexcept {
        switch (width) {
            case 1: return static_cast<const std::uint8_t*>(data)[i];
            case 2: return static_cast<const std::uint16_t*>(data)[i];
            case 4: return static_cast<const std::uint32_t*>(data)[i];
            default: return static_cast<const std::uint64_t*>(data)[i];
        }
    }
};

/// The random integers R of one call: drawn from a source, or given for every element (then not null, in the device's memory).
struct thread_randomness {
    random_source source{};
    const std::uint32_t* given = nullptr;

    [[nodiscard]] HALFULP_HOST_DEVICE std::uint32_t bits(std::uint64_t i, int count) const noexcept {
        return given != nullptr ? given[i] : source.word(i) >> (32 - count);
    }
};

}  // namespace halfulp::cuda
