// HiFloat8 (arXiv 2409.16626): sign, a prefix code for the number of exponent bits, the exponent as sign and magnitude, the fraction.
#include <array>
#include <cmath>
#include <string>

#include "tables.hpp"

namespace halfulp::detail {
namespace {

/// The number of exponent bits that seven bits say, and how many bits say it.
struct dot {
    int exponent_bits;
    int length;
};

dot dot_of(unsigned code) {
    if (code >= 0x60) return {4, 2};
    if (code >= 0x40) return {3, 2};
    if (code >= 0x20) return {2, 2};
    if (code >= 0x10) return {1, 3};
    return {0, 4};
}

/// The magnitude of seven bits, by the rule for numbers: the code of infinity continues the binade.
double magnitude(unsigned code) {
    constexpr unsigned normal = 8;
    constexpr int subnormal_bias = 23;
    if (code == 0) return 0;
    if (code < normal) return std::ldexp(1.0, static_cast<int>(code) - subnormal_bias);
    const dot d = dot_of(code);
    const int fraction_bits = 7 - d.length - d.exponent_bits;
    const unsigned fraction = code & ((1u << fraction_bits) - 1);
    int exponent = 0;
    if (d.exponent_bits > 0) {
        const unsigned field = (code >> fraction_bits) & ((1u << d.exponent_bits) - 1);
        const unsigned leading =
            1u << (d.exponent_bits - 1);  // in the magnitude it is implied, in the field it is the sign
        const auto size = static_cast<int>((field & (leading - 1)) | leading);
        exponent = (field & leading) != 0 ? -size : size;
    }
    return std::ldexp(static_cast<double>((1u << fraction_bits) + fraction), exponent - fraction_bits);
}

}  // namespace

codebook make_hifloat8() {
    std::array<double, 256> values{};
    for (unsigned code = 0; code < 128; ++code) {
        values[code] = magnitude(code);
        values[code + 128] = -values[code];
    }
    return {"hif8", values, even_rule::code, std::string(hifloat8_source),
            codebook_specials{0x80, 0x6F, 0xEF, {false, 3, 14}}};  // beyond 2^15 comes 1.5 × 2^15
}

}  // namespace halfulp::detail
