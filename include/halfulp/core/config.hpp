// Version and the few macros of the library; every other header is macro-free.
#pragma once

#define HALFULP_VERSION_MAJOR 0
#define HALFULP_VERSION_MINOR 1
#define HALFULP_VERSION_PATCH 0

// The unsigned 128-bit integer is a compiler extension of g++, clang and nvcc, hidden here from -Wpedantic.
namespace halfulp {
__extension__ typedef unsigned __int128 uint128;
}  // namespace halfulp
