// Where the random integers R of one array call come from.
#pragma once

#include <cstdint>
#include <span>

#include "halfulp/core/random.hpp"

namespace halfulp {

/// Either a counter-based source, or R itself for every element (hardware verification). Deterministic modes need neither.
struct randomness {
    random_source source{};
    std::span<const std::uint32_t> given{};  ///< R of each element, below 2^N
    enum class kind : std::uint8_t { none, drawn, given } from = kind::none;

    constexpr randomness() = default;
    constexpr randomness(const random_source& s) : source(s), from(kind::drawn) {}  // NOLINT: a source is a randomness
    constexpr explicit randomness(std::span<const std::uint32_t> r) : given(r), from(kind::given) {}
};

/// The words of elements first to first + words.size() - 1 of a source. Throws std::invalid_argument where HALFULP_BACKEND names no
/// backend.
void fill_words(const random_source& source, std::uint64_t first, std::uint32_t ordinal,
                std::span<std::uint32_t> words);

}  // namespace halfulp
