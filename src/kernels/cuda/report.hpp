// The report of a validation as Markdown.
#pragma once

#include <sstream>

#include "comparison.hpp"

namespace halfulp::cuda {

inline std::string to_markdown(const machine_facts& facts, const std::vector<comparison>& comparisons,
                               const std::vector<lane_finding>& lanes) {
    std::uint64_t differences = 0;
    for (const comparison& c : comparisons) differences += c.differences;
    std::ostringstream out;
    out << "# halfulp validate-gpu\n\n";
    for (const std::string& line : facts.lines) out << "- " << line << "\n";
    out << "\n**" << (differences == 0 ? "All equal." : std::to_string(differences) + " differences.") << "**\n\n"
        << "| what | against | compared | differences | first difference |\n|---|---|--:|--:|---|\n";
    for (const comparison& c : comparisons) {
        out << "| " << c.what << " | " << c.against << " | " << c.compared << " | " << c.differences << " | " << c.first
            << " |\n";
    }
    if (!lanes.empty()) {
        out << "\n## Random bits of the stochastic forms\n\n"
            << "Bits of the operand rbits that are R of a lane, the most significant one first. Lane 0 is the least "
               "significant place of the result.\n\n"
            << "| form | lane | known | expected | found |\n|---|--:|---|---|---|\n";
        for (const lane_finding& lane : lanes) {
            out << "| " << lane.form << " | " << lane.lane << " | " << lane.known << " | " << lane.expected << " | "
                << lane.found << (lane.found == lane.expected ? "" : " **differs**") << " |\n";
        }
    }
    return out.str();
}

}  // namespace halfulp::cuda
