#include "streaming.hpp"

#include <unistd.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace halfulp::detail {

bool worth_streaming(std::size_t read, std::size_t written) noexcept {
    static const std::size_t cache = [] {
#if defined(_SC_LEVEL3_CACHE_SIZE)
        const long size = sysconf(_SC_LEVEL3_CACHE_SIZE);
        if (size > 0) return static_cast<std::size_t>(size);
#endif
        return std::size_t{32} << 20;
    }();
    return read + written > cache;
}

void fence_streams([[maybe_unused]] bool streamed) noexcept {
#if defined(__SSE2__)
    if (streamed) _mm_sfence();
#endif
}

}  // namespace halfulp::detail
