// The members of a format as runs of gaps, the way errors are integrated over them: formats with 2^64 members have a
// few thousand runs.
#pragma once

#include <cstdint>
#include <vector>

#include "halfulp/formats/format.hpp"

namespace halfulp::detail {

/// Gaps of one width, side by side. In terms of y = sign × x gap i reaches from first + i step to first + (i + 1) step,
/// and its upper end is the one "away from zero" (the contract's section 2.1): a gap of a table with 0 inside counts as
/// positive.
struct gap_run {
    double sign;
    double first;
    double step;
    std::uint64_t count;
    double nearest_threshold;  ///< where the nearest modes change, as a part of the gap
    bool first_is_odd;  ///< the lower end of gap 0; evenness alternates in a run of more than one gap
    bool always_up;  ///< whatever the mode (posits below minpos)
    std::int64_t
        member;  ///< number of the lower end of gap 0 in ascending order of members; goes up by `sign` with every gap
};

/// Numbers that every mode takes to the end member: sign × x from `from` on, up to `to`.
struct clamped_region {
    double sign;
    double from;
    double to;
    double value;  ///< of the member, times sign
    std::int64_t member;
};

struct member_grid {
    std::vector<gap_run> runs;  ///< of one sign after the other, each ascending in y
    std::vector<clamped_region> ends;
    std::int64_t zero_member = -1;  ///< -1: no zero
    std::int64_t zero_scale_member = 0;  ///< what zero rounds to
    double count = 0;  ///< of members; more than 2^53 are rounded
    double largest = 0;  ///< member
    double smallest = 0;
    bool mirrored = false;  ///< are negative runs the positive ones?
};

/// Members beyond 2^±1000 are left out: no number of binary64 that a density reaches is near.
member_grid grid_of(const format& f);

}  // namespace halfulp::detail
