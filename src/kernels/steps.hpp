// Deterministic rounding into a format of at most 8 bits that is no float, as a step function: found by bisection from the scalar
// definition, so that it is the definition, once for each format and projection, and kept.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
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

/// Results that change, from the most negative number on: `last` is the last number with the result.
template <class T>
struct run_of {
    T last;
    step_result result;
};

/// The steps of binary32 numbers: `few` or `many`.
struct number_steps {
    std::vector<run_of<float>> runs;
    std::optional<few_steps> few;
    std::optional<many_steps> many;
    std::array<float, 256> value_of{};  ///< by code
    step_result infinity;
    step_result negative_infinity;
    step_result nan;
};

/// A real number at which the result changes from `below` to `above`, and whether the number itself has the latter.
struct boundary {
    double at;
    bool ties_up;

    /// Does x/S, a quotient of normal numbers (S of no more than 53 bits), lie above it?
    [[nodiscard]] bool is_below(double x, double scale) const noexcept {
        const double nearest = at * scale;  // any other number than this lies on the same side of it as of the product
        if (x != nearest) return x > nearest;
        const double rest = std::fma(at, scale, -nearest);
        return rest < 0 || (rest == 0 && ties_up);
    }
};

/// The steps of real numbers x/S. Overflow saturates.
struct quotient_steps {
    struct few_quotients {
        simd::few_boundaries boundaries;
        std::array<double, simd::few> values;
        std::array<std::uint8_t, simd::few> codes;
        bool keyed;
        std::optional<simd::few_line> line;  ///< where thresholds lie far enough apart
    };
    std::optional<few_quotients> few;
    std::shared_ptr<const number_steps> many;  ///< of numbers near the quotients
    std::vector<boundary> boundaries;  ///< of `many`, ascending; empty where they are not known as binary64 numbers
    std::vector<std::uint8_t> codes;  ///< between them
    simd::few_boundaries saturation;  ///< two: what is not above the first, or above the second, saturates

    /// The code of x/S, where `boundaries` are known.
    [[nodiscard]] std::uint8_t code_of(double x, double scale) const noexcept {
        const auto above =
            std::ranges::partition_point(boundaries, [&](const boundary& b) { return b.is_below(x, scale); });
        return codes[static_cast<std::size_t>(above - boundaries.begin())];
    }
};

/// Null where there are none: stochastic modes, wider formats, floats, and policies that are no step function.
std::shared_ptr<const number_steps> find_number_steps(const format& f, const projection& how);
std::shared_ptr<const quotient_steps> find_quotient_steps(const format& f, const projection& how);

/// From how many elements on it is worth finding steps that nobody may have asked for before.
std::size_t worth_steps(const format& f);

}  // namespace halfulp::detail
