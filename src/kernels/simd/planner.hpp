// Which vector kernel does a conversion, and with which constants. The constants for operands that are not ordinary come from the
// scalar definition itself, so no policy is written down twice.
#pragma once

#include <optional>

#include "../float_environment.hpp"
#include "halfulp/formats/float_format.hpp"
#include "halfulp/rounding/projection.hpp"
#include "plan.hpp"

namespace halfulp::simd {

template <class Lane>
struct conversion_plan {
    bool aligned = false;  ///< which of the plans holds: this one,
    bool exponents = false;  ///< this one, or else that on the grid
    bool stochastic = false;
    bool may_report = false;  ///< the kernel may leave a block to the definition
    grid_engine engine = grid_engine::direct;
    detail::direction direction = detail::direction::nearest_even;
    aligned_plan<Lane> on_binades{};
    exponent_plan on_exponents{};
    grid_plan<Lane> on_grid{};
};

/// What `round` (codes false) or `encode` makes of binary32 or binary64 numbers; nothing where the kernels do not cover it.
/// `random_is_given`: words hold R itself, below 2^N, instead of having it on top.
template <class Lane>
std::optional<conversion_plan<Lane>> plan_conversion(const float_format& format, const projection& how, bool codes,
                                                     bool random_is_given);

/// Nothing where binary32 does not hold the format or its codes follow no rule that the kernel knows.
std::optional<decode_plan> plan_decoding(const float_format& format);

}  // namespace halfulp::simd
