// Names of rounding modes, policies and projection presets.
#pragma once

#include <array>
#include <string_view>

#include "halfulp/rounding/projection.hpp"

namespace halfulp {

// Each throws std::invalid_argument with the argument's name, the value and what is allowed.
rounding_mode parse_rounding(std::string_view text);  ///< a mode's name or alias, or "stochastic" (stochastic_a)
overflow_policy parse_overflow(std::string_view text);
nan_policy parse_nan(std::string_view text);
ftz_policy parse_ftz(std::string_view text);  ///< "before" or "after"; "none"

std::string_view to_string(rounding_mode mode) noexcept;
std::string_view to_string(overflow_policy policy) noexcept;
std::string_view to_string(nan_policy policy) noexcept;
std::string_view to_string(ftz_policy policy) noexcept;

}  // namespace halfulp
