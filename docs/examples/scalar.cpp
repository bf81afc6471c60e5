#include <halfulp/codecs/codec.hpp>
#include <halfulp/formats/registry.hpp>

#include <cstdio>

constexpr auto e4m3fn = halfulp::named("e4m3fn");

// At compile time: 1.0625 is a tie between 1 and 1.125, and 1 is even.
static_assert(halfulp::encode(1.0625, e4m3fn) == 0x38);
static_assert(halfulp::decode<float>(0x7E, e4m3fn) == 448.0f);

int main() {
    using enum halfulp::rounding_mode;
    for (const auto mode : {nearest_ties_to_even, toward_positive, to_odd}) {
        const auto code = halfulp::encode(1.0625, e4m3fn, {.rounding = mode});
        std::printf("%#04llx = %g\n", static_cast<unsigned long long>(code), halfulp::decode<double>(code, e4m3fn));
    }
    // Four random bits, R = 9: the tie goes away from zero, since 8 + 9 >= 16.
    std::printf("%g\n", halfulp::round(1.0625, e4m3fn, {.rounding = stochastic_a, .random_bits = 4}, 9));
}
