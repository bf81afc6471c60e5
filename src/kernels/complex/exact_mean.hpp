// The mean of magnitudes, exact until it is rounded once.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "halfulp/arithmetic/exact_sum.hpp"
#include "halfulp/rounding/project.hpp"

namespace halfulp::detail {

/// Small groups are one exact binary64 sum; a long accumulator is made when there is more than that.
class exact_mean {
  public:
    /// Adds one magnitude.
    template <carrier T>
    void add(T x) {
        long_sum().add_magnitude(x);
        ++count_;
    }
    /// Adds the exact sum, 0 or more, of `count` magnitudes.
    void add_sum(double sum, std::uint64_t count) {
        if (count_ == 0 && !sum_) {
            first_ = sum;
        } else {
            long_sum().add(sum);
        }
        count_ += count;
    }
    void merge(const exact_mean& other) {
        if (!other.sum_) return add_sum(other.first_, other.count_);
        long_sum().add(*other.sum_);
        long_sum().add(other.first_);
        count_ += other.count_;
    }

    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    [[nodiscard]] bool is_zero() const { return first_ == 0 && (!sum_ || sum_->is_zero()); }

    /// The mean, 0 of nothing, projected once.
    [[nodiscard]] projected rounded(const projector& to) const {
        if (count_ == 0 || is_zero()) return to.finite(false, std::uint64_t{0}, 0, false, 0);
        const extended mean = sum_ ? total().quotient(count_) : small_quotient();
        return to.finite(false, mean.significand, mean.exponent, mean.sticky, 0);
    }

  private:
    exact_sum& long_sum() {
        if (!sum_) sum_ = std::make_unique<exact_sum>();
        return *sum_;
    }
    [[nodiscard]] exact_sum total() const {
        exact_sum sum = *sum_;
        sum.add(first_);
        return sum;
    }
    [[nodiscard]] extended small_quotient() const {
        const std::array divisor{dyadic{false, count_, 0}};
        return exact_quotient(binary64_format.magnitude_value(to_bits(first_)), divisor);
    }

    double first_ = 0;
    std::unique_ptr<exact_sum> sum_;
    std::uint64_t count_ = 0;
};

}  // namespace halfulp::detail
