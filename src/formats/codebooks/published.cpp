// Short tables as their owners print them.
#include <array>
#include <string>

#include "binary32.hpp"
#include "tables.hpp"

namespace halfulp::detail {

// The paper's order; bitsandbytes keeps the same numbers in descending order.
codebook make_af4() {
    constexpr std::array<double, 16> values{
        -1.0f,       -0.69441008f, -0.51243739f, -0.3736951f, -0.25607552f, -0.14982478f, -0.04934812f, 0.0f,
        0.04273164f, 0.12934483f,  0.21961274f,  0.31675666f, 0.42563882f,  0.55496234f,  0.72424863f,  1.0f,
    };
    return {"af4", values, even_rule::lower_value, std::string(af4_source)};
}

// The low three bits say the magnitude, bit 3 the sign; neither sorted nor E2M1. Code 8 is -0, as its kernels decode it.
codebook make_fp4_bnb() {
    constexpr std::array<std::uint64_t, 8> parts_of_192{0, 1, 128, 192, 64, 96, 32, 48};
    std::array<double, 16> values{};
    for (std::size_t i = 0; i < parts_of_192.size(); ++i) {
        values[i] = nearest_binary32(false, parts_of_192[i], 192, 0);
        values[i + 8] = -values[i];
    }
    return {"fp4_bnb", values, even_rule::lower_value, std::string(fp4_bnb_source)};
}

codebook make_iq4_nl() {
    constexpr std::array<double, 16> values{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    return {"iq4_nl", values, even_rule::lower_value, std::string(iq4_nl_source)};
}

codebook make_ternary() {
    return {"ternary", std::array<double, 3>{-1, 0, 1}, even_rule::integer, std::string(ternary_source)};
}

codebook make_pm1() { return {"pm1", std::array<double, 2>{-1, 1}, even_rule::upper_value, std::string(pm1_source)}; }

}  // namespace halfulp::detail
