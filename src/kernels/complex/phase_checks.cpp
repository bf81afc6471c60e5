#include "kernels/complex/phase_checks.hpp"

#include <algorithm>
#include <stdexcept>

#include "halfulp/formats/name.hpp"
#include "halfulp/rounding/name.hpp"
#include "kernels/checks.hpp"

namespace halfulp::detail {

void check_count(const std::string& what, std::size_t found, std::uint64_t expected) {
    if (found == expected) return;
    throw std::invalid_argument(what + " has " + std::to_string(found) +
                                " elements, allowed: " + std::to_string(expected));
}

void check_layout(const phase_layout& layout) {
    if (layout.group_length == 0) throw std::invalid_argument("group_length is 0, allowed: 1 or more");
}

void check_phase_options(const phase_options& options) {
    check_threads(options.threads);
    if (is_stochastic(options.scale_rounding)) {
        throw std::invalid_argument("scale_rounding is '" + std::string(to_string(options.scale_rounding)) +
                                    "', allowed for complex codes: a deterministic mode");
    }
    if (!(options.floor >= 0) || options.floor > std::numeric_limits<float>::max()) {
        throw std::invalid_argument("floor is " + std::to_string(options.floor) + ", allowed: 0 or more, and finite");
    }
}

void check_stages(int stages) {
    if (stages >= 1 && stages <= max_phase_stages) return;
    throw std::invalid_argument("stages is " + std::to_string(stages) + ", allowed: 1 to " +
                                std::to_string(max_phase_stages));
}

void check_phase_codes(std::span<const std::uint8_t> codes) {
    std::uint8_t largest = 0;  // without a branch, so that compilers make vectors of it
    for (const std::uint8_t code : codes) largest = std::max(largest, code);
    if (largest <= 3) return;
    const auto bad = std::find_if(codes.begin(), codes.end(), [](std::uint8_t code) { return code > 3; });
    throw std::invalid_argument("codes[" + std::to_string(bad - codes.begin()) + "] is " + std::to_string(*bad) +
                                ", allowed: 0 to 3 (-1, +1, -i, +i)");
}

void check_scale_codes(std::span<const std::uint64_t> scale_codes, const float_format& scale) {
    if (!holds(binary64_format, scale)) {
        throw std::invalid_argument("scale is " + to_string(scale) +
                                    ", allowed with complex codes: a format whose values binary64 holds");
    }
    for (std::size_t i = 0; i < scale_codes.size(); ++i) {
        if (scale_codes[i] <= scale.code_mask()) continue;
        throw std::invalid_argument("scale_codes[" + std::to_string(i) + "] is " + std::to_string(scale_codes[i]) +
                                    ", allowed: 0 to " + std::to_string(scale.code_mask()));
    }
}

void throw_no_phase(std::size_t index) {
    throw missing_nan(index, "x[" + std::to_string(index) +
                                 "] has a part that is NaN, which no code of {±1, ±i} stands for, allowed with "
                                 "nan = raise: numbers; or nan = to_max or to_zero, which both take +1");
}

}  // namespace halfulp::detail
