// Turns a run-time rounding mode into a template argument, so that a loop is compiled for each mode and decides nothing per element.
#pragma once

#include <cstdlib>
#include <utility>

#include "halfulp/rounding/mode.hpp"

namespace halfulp::detail {

template <class Body>
decltype(auto) with_mode(rounding_mode mode, Body&& body) {
    switch (mode) {
#define HALFULP_MODE(name) \
    case rounding_mode::name: return std::forward<Body>(body).template operator()<rounding_mode::name>();
        HALFULP_MODE(nearest_ties_to_even)
        HALFULP_MODE(nearest_ties_to_away)
        HALFULP_MODE(nearest_ties_to_zero)
        HALFULP_MODE(nearest_ties_to_odd)
        HALFULP_MODE(nearest_ties_up)
        HALFULP_MODE(nearest_ties_down)
        HALFULP_MODE(toward_zero)
        HALFULP_MODE(away_from_zero)
        HALFULP_MODE(toward_positive)
        HALFULP_MODE(toward_negative)
        HALFULP_MODE(to_odd)
        HALFULP_MODE(stochastic_a)
        HALFULP_MODE(stochastic_b)
        HALFULP_MODE(stochastic_c)
        HALFULP_MODE(stochastic_equal)
#undef HALFULP_MODE
    }
    std::abort();
}

}  // namespace halfulp::detail
