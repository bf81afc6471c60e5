// The library's words as the oracle's, by name: a new enumerator without its line here does not compile quietly
// (-Wswitch), and a changed order changes nothing.
#pragma once

#include <stdexcept>
#include <string>

#include "halfulp/rounding/projection.hpp"
#include "oracle/projection.hpp"

namespace oracle {

inline mode translate(halfulp::rounding_mode m) {
    using from = halfulp::rounding_mode;
    switch (m) {
        case from::nearest_ties_to_even: return mode::nearest_ties_to_even;
        case from::nearest_ties_to_away: return mode::nearest_ties_to_away;
        case from::nearest_ties_to_zero: return mode::nearest_ties_to_zero;
        case from::nearest_ties_to_odd: return mode::nearest_ties_to_odd;
        case from::nearest_ties_up: return mode::nearest_ties_up;
        case from::nearest_ties_down: return mode::nearest_ties_down;
        case from::toward_zero: return mode::toward_zero;
        case from::away_from_zero: return mode::away_from_zero;
        case from::toward_positive: return mode::toward_positive;
        case from::toward_negative: return mode::toward_negative;
        case from::to_odd: return mode::to_odd;
        case from::stochastic_a: return mode::stochastic_a;
        case from::stochastic_b: return mode::stochastic_b;
        case from::stochastic_c: return mode::stochastic_c;
        case from::stochastic_equal: return mode::stochastic_equal;
    }
    throw std::logic_error("translate: unknown mode");
}

inline overflow_policy translate(halfulp::overflow_policy p) {
    using from = halfulp::overflow_policy;
    switch (p) {
        case from::native: return overflow_policy::native;
        case from::sat_finite: return overflow_policy::sat_finite;
        case from::sat_propagate: return overflow_policy::sat_propagate;
        case from::sat_none: return overflow_policy::sat_none;
        case from::to_nan: return overflow_policy::to_nan;
        case from::wrap: return overflow_policy::wrap;
        case from::unbounded: return overflow_policy::unbounded;
    }
    throw std::logic_error("translate: unknown overflow policy");
}

inline nan_policy translate(halfulp::nan_policy p) {
    using from = halfulp::nan_policy;
    switch (p) {
        case from::raise: return nan_policy::raise;
        case from::to_max: return nan_policy::to_max;
        case from::to_zero: return nan_policy::to_zero;
        case from::keep: return nan_policy::keep;
        case from::negated_zero: return nan_policy::negated_zero;
    }
    throw std::logic_error("translate: unknown NaN policy");
}

inline ftz_policy translate(halfulp::ftz_policy p) {
    using from = halfulp::ftz_policy;
    switch (p) {
        case from::none: return ftz_policy::none;
        case from::before: return ftz_policy::before;
        case from::after: return ftz_policy::after;
    }
    throw std::logic_error("translate: unknown ftz policy");
}

/// One projection in both vocabularies.
struct paired {
    halfulp::projection library;
    projection reference;

    paired(const halfulp::projection& p)
        : library(p),
          reference{translate(p.rounding), translate(p.overflow),   translate(p.nan),       translate(p.ftz),
                    p.random_bits,         p.magnitude_if_unsigned, p.zero_to_nan_if_absent} {}
};

inline std::string describe(const halfulp::projection& p) {
    std::string text;
    for (const auto& row : halfulp::rounding_modes)
        if (row.mode == p.rounding) text += row.name;
    static constexpr const char* overflow[] = {"native", "sat_finite", "sat_propagate", "sat_none",
                                               "to_nan", "wrap",       "unbounded"};
    static constexpr const char* nan[] = {"raise", "to_max", "to_zero", "keep", "negated_zero"};
    static constexpr const char* ftz[] = {"none", "before", "after"};
    text += std::string(" overflow=") + overflow[static_cast<int>(translate(p.overflow))];
    text += std::string(" nan=") + nan[static_cast<int>(translate(p.nan))];
    text += std::string(" ftz=") + ftz[static_cast<int>(translate(p.ftz))];
    text += " N=" + std::to_string(int{p.random_bits});
    if (p.magnitude_if_unsigned) text += " magnitude_if_unsigned";
    if (p.zero_to_nan_if_absent) text += " zero_to_nan_if_absent";
    return text;
}

}  // namespace oracle
