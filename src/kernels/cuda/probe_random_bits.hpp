// Finds by trial which bits of rbits a stochastic form of cvt uses for a lane, in which order and how many.
//
// With x = 1 + 2^-j of the gap above 1, x goes up just when the j most significant bits of R are all set (and R has at least j bits).
// So j = 1 shows R's top bit: the one bit of rbits that alone sends x up. With that one set, j = 2 shows the next, and on,
// until no bit helps.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "halfulp/codecs/carrier.hpp"
#include "hardware_on.hpp"

namespace halfulp::cuda {

struct probed_lane {
    random_lane lane;
    bool ambiguous =
        false;  ///< more than one bit sent x up at some step: the form is none that adds R to the discarded bits
};

template <class Machine>
probed_lane probe_random_bits(Machine& machine, rs_form form, int lane) {
    const rs_row& row = row_of(form);
    const int discarded = binary32_format.mantissa_bits - row.to.mantissa_bits;
    const std::uint32_t one = to_bits(1.0f);
    const std::uint32_t mask = static_cast<std::uint32_t>(low_ones(row.lane_bits)) << (lane * row.lane_bits);
    const rs_case at_one{{{1.0f, 1.0f, 1.0f, 1.0f}}, 0};
    const std::uint32_t stays = hardware_on<Machine>::convert(machine, form, std::span(&at_one, 1))[0] & mask;
    probed_lane out;
    std::uint32_t found = 0;
    for (int j = 1; j <= discarded && out.lane.count < out.lane.from.size(); ++j) {
        std::vector<rs_case> cases(32, at_one);
        for (std::uint32_t bit = 0; bit < 32; ++bit) {
            cases[bit].x.lane[lane] = from_bits<float>(one | std::uint32_t{1} << (discarded - j));
            cases[bit].rbits = found | std::uint32_t{1} << bit;
        }
        const std::vector<std::uint32_t> results = hardware_on<Machine>::convert(machine, form, cases);
        int next = -1;
        for (std::uint32_t bit = 0; bit < 32; ++bit) {
            if ((found >> bit & 1) != 0 || (results[bit] & mask) == stays) continue;
            out.ambiguous = out.ambiguous || next >= 0;
            next = static_cast<int>(bit);
        }
        if (next < 0 || out.ambiguous) break;
        out.lane.from[out.lane.count++] = static_cast<std::uint8_t>(next);
        found |= std::uint32_t{1} << next;
    }
    return out;
}

}  // namespace halfulp::cuda
