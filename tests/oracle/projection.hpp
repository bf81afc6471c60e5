// The words of the contract's section 2 as the oracle's own enumerations: the oracle shares no code with the library,
// and tests/codecs/support/translate.hpp maps the library's words to these by name.
#pragma once

#include <cstdint>

namespace oracle {

enum class mode : std::uint8_t {
    nearest_ties_to_even,
    nearest_ties_to_away,
    nearest_ties_to_zero,
    nearest_ties_to_odd,
    nearest_ties_up,
    nearest_ties_down,
    toward_zero,
    away_from_zero,
    toward_positive,
    toward_negative,
    to_odd,
    stochastic_a,
    stochastic_b,
    stochastic_c,
    stochastic_equal,
};

enum class overflow_policy : std::uint8_t { native, sat_finite, sat_propagate, sat_none, to_nan, wrap, unbounded };
enum class nan_policy : std::uint8_t { raise, to_max, to_zero, keep, negated_zero };
enum class ftz_policy : std::uint8_t { none, before, after };

struct projection {
    mode rounding = mode::nearest_ties_to_even;
    overflow_policy overflow = overflow_policy::native;
    nan_policy nan = nan_policy::to_max;
    ftz_policy ftz = ftz_policy::none;
    int random_bits = 32;
    bool magnitude_if_unsigned = false;
    bool zero_to_nan_if_absent = false;
};

}  // namespace oracle
