// A format's name that is not registered is found out by the compiler.
// expect: named
#include "halfulp/formats/registry.hpp"

#ifdef MUST_COMPILE
constexpr auto format = halfulp::named("e4m3fn");
#else
constexpr auto format = halfulp::named("e4m3fm");
#endif
