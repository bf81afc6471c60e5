// A caller that rounds upward and flushes subnormals: results must not notice, and the caller must find its settings again.
#pragma once

#include <cfenv>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace halfulp::tests {

class hostile_environment {
  public:
    hostile_environment() {
        std::fegetenv(&saved_);
        std::fesetround(FE_UPWARD);
#if defined(__SSE2__)
        _mm_setcsr(_mm_getcsr() | 0x8040u);  // FTZ and DAZ
        set_ = _mm_getcsr() & ~0x3Fu;
#endif
    }
    ~hostile_environment() { std::fesetenv(&saved_); }
    hostile_environment(const hostile_environment&) = delete;
    hostile_environment& operator=(const hostile_environment&) = delete;

    [[nodiscard]] bool still_set() const {
#if defined(__SSE2__)
        if ((_mm_getcsr() & ~0x3Fu) != set_) return false;
#endif
        return std::fegetround() == FE_UPWARD;
    }

  private:
    std::fenv_t saved_{};
    unsigned set_ = 0;
};

}  // namespace halfulp::tests
