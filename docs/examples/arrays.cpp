#include <halfulp/formats/name.hpp>
#include <halfulp/kernels/convert.hpp>

#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

int main() {
    const auto format = halfulp::parse_float_format("e3m4b5f");  // a name known only at run time
    const std::vector<float> x(8, 0.7f);
    std::vector<std::uint8_t> codes(x.size());

    const halfulp::projection how{.rounding = halfulp::rounding_mode::stochastic_a, .random_bits = 16};
    const halfulp::random_source source{.seed = 42};
    halfulp::encode<float, std::uint8_t>(x, codes, format, how, source);
    for (const auto code : codes) std::printf("%02x ", code);

    // A part of the array, on its own: the offset names its place, so the bits are the same.
    std::vector<std::uint8_t> part(3);
    halfulp::encode<float, std::uint8_t>(std::span(x).subspan(5), part, format, how,
                                         halfulp::random_source{.seed = 42, .offset = 5});
    std::printf("| %02x %02x %02x\n", part[0], part[1], part[2]);
}
