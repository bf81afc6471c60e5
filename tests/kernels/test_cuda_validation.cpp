// The validation that halfulp_validate_gpu runs, on the host in place of a device: it finds nothing where nothing is wrong,
// and every comparison notices a machine that flips a bit.
#include <catch2/catch_test_macros.hpp>

#include "kernels/cuda/host_machine.hpp"
#include "kernels/cuda/report.hpp"
#include "kernels/cuda/run_arrays.hpp"
#include "kernels/cuda/run_hardware.hpp"
#include "kernels/cuda/validation.hpp"

using namespace halfulp::cuda;

namespace {

constexpr validation_size small{300, 1u << 12, 1u << 10, 1u << 11, false};

}  // namespace

TEST_CASE("a validation on the host finds no difference and shows what it does") {
    host_machine machine(3, 64);
    std::vector<std::string> shown;
    validation<host_machine> v(machine, small, [&](const std::string& line) { shown.push_back(line); });
    v.run();
    for (const comparison& c : v.comparisons) {
        INFO(c.what << " against " << c.against << ": " << c.first);
        CHECK(c.differences == 0);
        const bool no_instruction = c.what.find("no such instruction") != std::string::npos;
        CHECK((c.compared == 0) == no_instruction);  // on the host every sweep is the twin against itself
    }
    CHECK(shown.size() >= v.comparisons.size());
    for (const lane_finding& lane : v.lanes) CHECK(lane.found == lane.expected);
    CHECK(v.lanes.size() == 24);  // two forms of two lanes, five of four
    CHECK(v.differences() == 0);
    const std::string report = to_markdown({{"device: none"}}, v.comparisons, v.lanes);
    CHECK(report.find("**All equal.**") != std::string::npos);
    CHECK(report.find("- device: none\n") != std::string::npos);
}

TEST_CASE("a validation notices a machine that flips a bit, in every comparison with the CPU") {
    host_machine machine(3, 64, true);
    validation<host_machine> v(machine, small, [](const std::string&) {});
    v.run();
    for (const comparison& c : v.comparisons) {
        if (c.against != "CPU") continue;
        INFO(c.what);
        CHECK(c.differences > 0);
        CHECK_FALSE(c.first.empty());
    }
    const std::string report = to_markdown({}, v.comparisons, v.lanes);
    CHECK(report.find("**All equal.**") == std::string::npos);
    CHECK(report.find("differences.**") != std::string::npos);
}
