#include <halfulp/blocks/scheme.hpp>
#include <halfulp/kernels/quantize.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

int main() {
    const auto mxfp4 = halfulp::parse_scheme("mxfp4");
    std::vector<float> x(64);
    for (std::size_t i = 0; i < x.size(); ++i)
        x[i] = std::ldexp(static_cast<float>(i % 7), static_cast<int>(i / 32) * 3);

    const halfulp::axis_view view{.length = x.size()};  // one axis of 64 elements
    std::vector<std::uint8_t> codes(x.size());
    halfulp::scale_planes scales;
    halfulp::quantize<float, std::uint8_t>(x, view, mxfp4, codes, scales);

    std::vector<float> back(x.size());
    halfulp::dequantize<float, std::uint8_t>(codes, view, mxfp4, scales, back);
    for (const auto code : scales[0]) std::printf("scale 2^%d\n", static_cast<int>(code) - 127);
    std::printf("x[37] = %g -> code %d -> %g\n", x[37], codes[37], back[37]);
}
