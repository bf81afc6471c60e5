// The default floating-point environment (nearest-even, no flushing) for the length of a scope: loops that use hardware
// floating point must not depend on what the caller has set.
#pragma once

#include <cfenv>

namespace halfulp::detail {

class default_environment {
  public:
    default_environment() noexcept {
        std::fegetenv(&saved_);
        std::fesetenv(FE_DFL_ENV);  // on x86-64 glibc this clears FTZ and DAZ too
    }
    ~default_environment() { std::fesetenv(&saved_); }
    default_environment(const default_environment&) = delete;
    default_environment& operator=(const default_environment&) = delete;

  private:
    std::fenv_t saved_;
};

}  // namespace halfulp::detail
