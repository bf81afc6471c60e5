// Deterministic rounding into a format of at most 8 bits that is no float, as a step function: found by bisection from the scalar
// definition, so that it is the definition, once for each format and projection, and kept.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "halfulp/formats/format.hpp"
#include "halfulp/rounding/projection.hpp"
#include "simd/step_plan.hpp"

namespace halfulp::detail {

/// What becomes of an operand: the code as arrays of bytes hold it, the value's binary32 bits.
struct step_result {
    std::uint8_t code;
    std::uint32_t value;
    bool overflowed;
    bool missing_nan;
    friend bool operator==(const step_result&, const step_result&) = default;
};

/// Positions in registers. Where there are fewer than 16, the last thresholds are +infinity.
struct few_steps {
    alignas(64) std::array<float, simd::few> thresholds;
    alignas(64) std::array<float, simd::few> values;
    std::array<std::uint8_t, simd::few> codes;
    bool keyed;  ///< -0 has a result of its own
};

struct many_steps {
    std::vector<std::uint32_t> entries;
    simd::bucket_plan plan;
};

/// The steps of binary32 numbers: `few` or `many`.
struct number_steps {
    std::optional<few_steps> few;
    std::optional<many_steps> many;
    std::array<float, 256> value_of{};  ///< by code
    step_result infinity;
    step_result negative_infinity;
    step_result nan;
};

/// The steps of real numbers x/S. Overflow saturates.
struct quotient_steps {
    struct few_quotients {
        simd::few_boundaries boundaries;
        std::array<double, simd::few> values;
        std::array<std::uint8_t, simd::few> codes;
        bool keyed;
    };
    std::optional<few_quotients> few;
    std::shared_ptr<const number_steps> many;  ///< of numbers near the quotients
    simd::few_boundaries saturation;  ///< two: what is not above the first, or above the second, saturates
};

/// Null where there are none: stochastic modes, wider formats, floats, and policies that are no step function.
std::shared_ptr<const number_steps> find_number_steps(const format& f, const projection& how);
std::shared_ptr<const quotient_steps> find_quotient_steps(const format& f, const projection& how);

/// From how many elements on it is worth finding steps that nobody may have asked for before.
std::size_t worth_steps(const format& f);

}  // namespace halfulp::detail
