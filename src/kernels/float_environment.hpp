// The floating-point environment of a kernel, for the length of a scope: its rounding direction, no flushing, no traps. What the
// caller has set, flags included, comes back afterwards.
#pragma once

#include <cfenv>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace halfulp::detail {

enum class direction : unsigned char { nearest_even, downward, upward, toward_zero };

class float_environment {
  public:
#if defined(__SSE2__)
    explicit float_environment(direction d = direction::nearest_even) noexcept : saved_(_mm_getcsr()) {
        // All exceptions masked, no flag raised, FTZ and DAZ off; bits 13 and 14 hold the direction in the order of the enum.
        _mm_setcsr(0x1F80u | static_cast<unsigned>(d) << 13);
    }
    ~float_environment() { _mm_setcsr(saved_); }
#else
    explicit float_environment(direction d = direction::nearest_even) noexcept {
        constexpr int directions[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
        std::fegetenv(&saved_);
        std::fesetenv(FE_DFL_ENV);
        std::fesetround(directions[static_cast<unsigned>(d)]);
    }
    ~float_environment() { std::fesetenv(&saved_); }
#endif
    float_environment(const float_environment&) = delete;
    float_environment& operator=(const float_environment&) = delete;

  private:
#if defined(__SSE2__)
    unsigned saved_;
#else
    std::fenv_t saved_;
#endif
};

}  // namespace halfulp::detail
