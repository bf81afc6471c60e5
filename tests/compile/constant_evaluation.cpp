// Scalar conversions at compile time, and a format as a template argument.
#include "halfulp/codecs/codec.hpp"
#include "halfulp/core/random.hpp"
#include "halfulp/formats/registry.hpp"

using namespace halfulp;

template <float_format Format>
struct fixed_format {
    static constexpr std::uint64_t encode_one = encode(1.0f, Format);
};

static_assert(fixed_format<named("e4m3fn")>::encode_one == 0x38);
static_assert(encode(464.0f, named("e4m3fn")) == 0x7E);
static_assert(encode(465.0, named("e4m3fn")) == 0x7F);
static_assert(encode(465.0, named("e4m3fn"), {.overflow = overflow_policy::sat_finite}) == 0x7E);
static_assert(decode<double>(0x00, named("e8m0fnu")) == 0x1p-127);
static_assert(round(2.5f, named("e2m1fn")) == 2.0f);
static_assert(round(2.5f, named("e2m1fn"), {.rounding = rounding_mode::nearest_ties_up}) == 3.0f);
static_assert(round(bfloat16{0x3F81}, named("e4m3fn")) == bfloat16{0x3F80});
static_assert(encode(1.1f, named("e4m3fn"), {.rounding = rounding_mode::stochastic_a}, 0xFFFFFFFFu) == 0x39);
static_assert(count_away(1.03125, named("e4m3fn"), rounding_mode::stochastic_a, 8) == 64);
static_assert(philox4x32({0, 0, 0, 0}, {0, 0})[0] == 0x6627E8D5u);
