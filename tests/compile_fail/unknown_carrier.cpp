// Integers are codes, not values: the carriers are float16, bfloat16, float and double.
// expect: encode
#include "halfulp/codecs/codec.hpp"
#include "halfulp/formats/registry.hpp"

#ifdef MUST_COMPILE
constexpr auto code = halfulp::encode(1.0f, halfulp::named("e4m3fn"));
#else
constexpr auto code = halfulp::encode(1, halfulp::named("e4m3fn"));
#endif
