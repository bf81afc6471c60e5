// Mean and standard error of samples that come one after another.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>

namespace halfulp::detail {

/// Welford's sums (1962): no cancellation where the spread is small beside the mean. They are kept in a unit near the first sample
/// that is not 0, a power of two, so that squares neither overflow nor vanish: what vanished would pass for certainty.
class running_mean {
  public:
    void add(double sample) {
        ++count_;
        const bool zeros = mean_ == 0 && squares_ == 0;
        if (zeros && sample != 0 && std::isfinite(sample)) unit_ = std::clamp(-std::ilogb(sample), -1000, 1000);
        const double scaled = std::ldexp(sample, unit_);
        const double before = scaled - mean_;
        mean_ += before / static_cast<double>(count_);
        squares_ += before * (scaled - mean_);
    }
    [[nodiscard]] std::size_t count() const noexcept { return count_; }
    [[nodiscard]] double value() const noexcept { return std::ldexp(mean_, -unit_); }
    /// NaN before the second sample.
    [[nodiscard]] double standard_error() const {
        if (count_ < 2) return std::numeric_limits<double>::quiet_NaN();
        const auto n = static_cast<double>(count_);
        return std::ldexp(std::sqrt(squares_ / (n - 1) / n), -unit_);
    }

  private:
    std::size_t count_ = 0;
    int unit_ = 0;  // an exponent
    double mean_ = 0;
    double squares_ = 0;
};

/// Products may be finite and a sum of them not.
inline double finite_sample(double sample, std::size_t number) {
    if (!std::isfinite(sample)) {
        throw std::invalid_argument("sample " + std::to_string(number) +
                                    " is beyond binary64, allowed: smaller products");
    }
    return sample;
}

}  // namespace halfulp::detail
