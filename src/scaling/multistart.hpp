// Which searches of many go on: what a look at every start has found decides. The same on every machine, whatever the threads.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "halfulp/scaling/fit.hpp"

namespace halfulp::detail {

/// So many starts are all followed.
inline constexpr std::size_t always_followed = 64;

/// The tenth of the searches that looks best, and `always_followed` at least. Of those that have come to the same objective, to a part
/// in 1000, eight: a minimum that most starts fall into does not crowd out a better one that few are on the way to.
std::vector<std::size_t> worth_following(std::span<const fit_minimum> looks);

/// Those within a tenth of the best objective; the lowest 16 where there are more.
std::vector<std::size_t> worth_polishing(std::span<const fit_minimum> found);

}  // namespace halfulp::detail
