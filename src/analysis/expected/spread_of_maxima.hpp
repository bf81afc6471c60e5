// Where numbers come from, as far as the largest magnitude of a group is concerned.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "halfulp/analysis/distribution.hpp"

namespace halfulp::detail {

/// G(v) = P(|X| <= v) of one element.
class magnitude_law {
  public:
    explicit magnitude_law(const density& of) : density_(&of) {
        for (const double e : of.edges()) ends_.push_back(std::fabs(e));
        ends_.push_back(0);
        std::sort(ends_.begin(), ends_.end());
        ends_.erase(std::unique(ends_.begin(), ends_.end()), ends_.end());
    }
    /// `magnitudes` and their probabilities, ascending and distinct.
    magnitude_law(std::vector<double> magnitudes, const std::vector<double>& probabilities)
        : ends_(std::move(magnitudes)) {
        double sum = 0;
        for (const double p : probabilities) below_.push_back(sum += p);
        below_.back() = 1;
    }

    /// Of a sample: its magnitudes; of a density: ends of panels.
    [[nodiscard]] std::span<const double> ends() const noexcept { return ends_; }
    [[nodiscard]] bool is_sample() const noexcept { return density_ == nullptr; }

    /// ln G(v), -∞ where G is 0.
    [[nodiscard]] double log_inside(double v) const {
        if (v == std::numeric_limits<double>::infinity()) return 0;
        if (is_sample()) {
            const auto after = std::upper_bound(ends_.begin(), ends_.end(), v) - ends_.begin();
            return after == 0 ? -std::numeric_limits<double>::infinity()
                              : std::log(below_[static_cast<std::size_t>(after) - 1]);
        }
        const double outside = density_->outside(v);
        if (outside < 0.5) return std::log1p(-outside);
        return std::log(inside(v));
    }
    /// G(v)^n.
    [[nodiscard]] double power(double v, double n) const { return n == 0 ? 1 : std::exp(n * log_inside(v)); }
    /// The derivative of G.
    [[nodiscard]] double rate(double v) const { return density_->at(v) + density_->at(-v); }
    [[nodiscard]] double outside(double v) const {
        return is_sample() ? -std::expm1(log_inside(v)) : density_->outside(v);
    }
    [[nodiscard]] double second_moment() const noexcept { return density_->second_moment(); }

  private:
    /// G(v) where it is small: summed from 0, not as a difference.
    [[nodiscard]] double inside(double v) const;

    const density* density_ = nullptr;
    std::vector<double> ends_;
    std::vector<double> below_;
};

}  // namespace halfulp::detail
