// One operation on codes, one result at a time.
#pragma once

#include <array>
#include <optional>

#include "arguments.hpp"

struct halfulp_calculator {
    /// Throws std::invalid_argument where array functions would.
    halfulp_calculator(halfulp::operation op, const halfulp_format* const* formats, const halfulp_format* result,
                       const halfulp_projection* projection, const halfulp_options* options);

    struct coded {
        std::uint64_t code;
        std::uint8_t flags;
    };
    /// Throws std::invalid_argument where a code is not one of its format's, R has more than N bits, or a NaN has no place.
    [[nodiscard]] coded operator()(const std::uint64_t* codes, std::uint32_t random) const;

  private:
    [[nodiscard]] std::uint64_t nan_code(const std::array<std::uint64_t, 3>& codes) const;

    halfulp::operation op_;
    halfulp::format to_;
    halfulp::projection how_;
    halfulp::array_arithmetic_options options_;
    std::array<std::optional<halfulp::format>, 3> from_;
    std::optional<halfulp::calculator> calculate_;
};

namespace halfulp::c {

/// A code in the low bits of its format, and nothing above them. Throws std::invalid_argument where it is no code of the format.
std::uint64_t checked_code(std::uint64_t code, const format& f, const char* name);

/// The other way: with the sign in all 64 bits where the format's codes are signed integers.
std::uint64_t widened_code(std::uint64_t code, const format& f);

}  // namespace halfulp::c
