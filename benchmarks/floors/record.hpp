// What a run leaves behind: lines for the reader, JSON with every sample for the tools.
#pragma once

#include <string>
#include <vector>

#include "floors/floor_case.hpp"

namespace halfulp::benchmarks {

enum class verdict : std::uint8_t { met, not_met, not_judged };

struct record {
    floor_case what;
    outcome result;
    double median = 0, lower = 0, upper = 0;  ///< of the ratios; the quartiles
    verdict judged = verdict::not_judged;
};

/// `judge`: false where the arrays are too small for the floors to mean anything.
record make_record(const floor_case& c, outcome result, bool judge);

std::string line_of(const record& r);

/// Writes the whole file, or none. Throws where that fails.
void write_json(const std::string& path, const std::vector<record>& records, std::size_t elements, bool quick);

}  // namespace halfulp::benchmarks
