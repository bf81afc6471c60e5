// All 2^32 float32 inputs against thresholds that the oracle builds: between two thresholds every code is one and the
// same, so a comparison costs no exact arithmetic.
#include <future>
#include <string>
#include <vector>

#include "codecs/support/shapes.hpp"

using namespace oracle;

namespace {

struct step {
    std::uint64_t first;  // the first magnitude, as bits, that gives `code`
    std::uint64_t code;
};

/// The steps of the oracle's encode over all finite magnitudes of one sign, by bisection between neighbouring members.
std::vector<step> steps_of(const format& f, const projection& how, bool negative) {
    using c = carrier<float>;
    const std::uint64_t sign = negative ? c::sign : 0;
    const auto code_at = [&](std::uint64_t bits) {
        return code_of(project(c::exact(sign | bits), f, how, 0, purpose::encode), f);
    };
    std::vector<step> steps{{0, code_at(0)}};
    const auto bisect = [&](std::uint64_t low, std::uint64_t high) {  // at most one change of code from low to high
        const std::uint64_t target = code_at(high);
        if (target == steps.back().code) return;
        while (high - low > 1) {
            const std::uint64_t middle = low + (high - low) / 2;
            (code_at(middle) == target ? high : low) = middle;
        }
        steps.push_back({high, target});
    };
    std::uint64_t here = 0;
    for (rung r = 1; r <= f.largest() + 1; ++r) {  // one beyond: where overflow begins
        const std::uint64_t next = c::floor_bits(f.value(r));
        if (next == here) continue;
        if (next > here + 1) bisect(here, next - 1);  // inside a gap the code changes once at most, between its ends
        bisect(next - 1, next);
        here = next;
    }
    if (here < c::largest) bisect(here, c::largest);
    return steps;
}

/// The format and the mode are constants here, as in a kernel: the other tests pass them at run time.
template <halfulp::float_format Format, halfulp::rounding_mode Mode>
report check(const char* name, bool negative) {
    using c = carrier<float>;
    report out;
    const format exact(Format);
    constexpr halfulp::projection constant{.rounding = Mode};
    const paired how(constant);
    const std::uint64_t sign = negative ? c::sign : 0;
    const std::uint64_t infinity =
        code_of(project(c::exact(sign | c::infinity), exact, how.reference, 0, purpose::encode), exact);
    std::vector<step> steps = steps_of(exact, how.reference, negative);
    steps.push_back({c::infinity, infinity});
    steps.push_back({c::infinity + 1, exact.nan_code()});
    steps.push_back({c::sign, 0});
    const auto encoded = [&](std::uint64_t bits) {
        return halfulp::encode(carrier_traits<float>::from(sign | bits), Format, constant);
    };
    for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
        // Differences are counted without a branch; only a run that has some is gone through again for the message.
        std::uint64_t wrong = 0;
        for (std::uint64_t bits = steps[i].first; bits < steps[i + 1].first; ++bits)
            wrong += encoded(bits) != steps[i].code;
        out.check(wrong == 0, [&] {
            std::uint64_t bits = steps[i].first;
            while (encoded(bits) == steps[i].code) ++bits;
            return std::string(name) + " " + oracle::describe(constant) + ": " + std::to_string(wrong) +
                   " wrong from " + describe<float>(sign | bits) + " on: code " + hex(encoded(bits)) +
                   ", the oracle says " + hex(steps[i].code);
        });
    }
    return out;
}

/// One task per mode and sign; Catch2 sees the results on its own thread only.
template <halfulp::float_format Format>
void check_modes(const char* name) {
    using halfulp::rounding_mode;
    std::vector<std::future<report>> tasks;
    for (const bool negative : {false, true}) {
        tasks.push_back(
            std::async(std::launch::async, check<Format, rounding_mode::nearest_ties_to_even>, name, negative));
        tasks.push_back(std::async(std::launch::async, check<Format, rounding_mode::toward_negative>, name, negative));
        tasks.push_back(std::async(std::launch::async, check<Format, rounding_mode::to_odd>, name, negative));
    }
    for (auto& task : tasks) task.get().conclude();
}

}  // namespace

TEST_CASE("every float32 encodes as defined to e4m3fn in three modes") {
    check_modes<halfulp::float_format{7, 4, 3, halfulp::specials::fn}>("e4m3fn");
}
TEST_CASE("every float32 encodes as defined to e5m2 in three modes") {
    check_modes<halfulp::float_format{15, 5, 2}>("e5m2");
}
TEST_CASE("every float32 encodes as defined to bfloat16 in three modes") {
    check_modes<halfulp::float_format{127, 8, 7}>("bfloat16");
}
TEST_CASE("every float32 encodes as defined to binary16 in three modes") {
    check_modes<halfulp::float_format{15, 5, 10}>("binary16");
}
