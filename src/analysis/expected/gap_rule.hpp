// What a rounding mode does inside one gap: the probability of the upper end, and the moments of the error over a gap.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include "grid.hpp"
#include "halfulp/rounding/mode.hpp"

namespace halfulp::detail {

class gap_rule {
  public:
    gap_rule(rounding_mode mode, int random_bits)
        : mode_(mode),
          stochastic_(is_stochastic(mode)),
          even_odds_(mode == rounding_mode::stochastic_equal),
          unit_(std::ldexp(1.0, -random_bits)),
          parts_(stochastic_ && !even_odds_ && random_bits <= 6 ? 1 << random_bits : 0) {
        for (std::size_t k = 0; k < 3; ++k) find_moments(k);
    }

    [[nodiscard]] bool stochastic() const noexcept { return stochastic_; }
    [[nodiscard]] bool to_odd() const noexcept { return mode_ == rounding_mode::to_odd; }

    /// Does -x become what x becomes, negated?
    [[nodiscard]] bool alike_on_both_sides() const noexcept {
        return mode_ != rounding_mode::toward_positive && mode_ != rounding_mode::toward_negative;
    }

    /// Deterministic modes: where a gap's numbers begin to go up, as a part of it. `odd`: is the lower end odd?
    [[nodiscard]] double threshold(const gap_run& run, bool odd) const noexcept {
        if (run.always_up) return 0;
        switch (mode_) {
            case rounding_mode::toward_zero: return 1;
            case rounding_mode::away_from_zero: return 0;
            case rounding_mode::toward_positive: return run.sign > 0 ? 0 : 1;
            case rounding_mode::toward_negative: return run.sign > 0 ? 1 : 0;
            case rounding_mode::to_odd: return odd ? 1 : 0;
            default: return run.nearest_threshold;
        }
    }

    // Stochastic modes with N random bits: the probability P(u) of the upper end at the place u of the gap is a
    // staircase of 2^N steps, ⌊u 2^N⌋ or ⌊u 2^N + 1/2⌋ over 2^N (stochastic_b and _c). Up to six bits gaps are cut at
    // the steps. Beyond, with ε = 2^-N,
    //     P(u) = u - shift - ε B1(phase(u)),    ∫ ε B1(phase(u)) h(u) du = [ε² B2(phase) h / 2] + O(ε³ h'),
    // where B1 and B2 are Bernoulli's polynomials.

    /// How many parts a gap is to be cut into; 0: none.
    [[nodiscard]] int parts() const noexcept { return parts_; }
    /// P on part i of parts(), which is halved so that both staircases are constant: i counts halves.
    [[nodiscard]] double on_half_part(int i) const noexcept {
        const int steps = rounds_ ? (i + 1) / 2 : i / 2;
        return static_cast<double>(steps) * unit_;
    }
    /// u - shift, or 1/2.
    [[nodiscard]] double smooth(double u) const noexcept { return even_odds_ ? 0.5 : u - (rounds() ? 0 : unit_ / 2); }
    /// P(u) itself.
    [[nodiscard]] double staircase(double u) const noexcept {
        if (even_odds_) return u > 0 ? 0.5 : 0;
        return std::floor(u / unit_ + (rounds() ? 0.5 : 0)) * unit_;
    }
    /// What [h] at u takes from ∫ P h, for the smooth P.
    [[nodiscard]] double boundary(double u) const noexcept {
        if (even_odds_) return 0;
        const double v = u / unit_ + (rounds() ? 0.5 : 0);
        const double phase = v - std::floor(v);
        return unit_ * unit_ / 2 * (phase * (phase - 1) + 1.0 / 6);
    }

    /// ∫ e^power(u) u^k du, the mean power 1 or 2 of the error in gaps, in a run of many: on [0, 1] in units of the
    /// gap, or for to_odd of two gaps that begin with an even member. `sign` tells what directed modes do.
    [[nodiscard]] double moment(int power, std::size_t k, double sign) const noexcept {
        return moments_[sign > 0 ? 0 : 1][power == 2 ? 1 : 0][k];
    }
    /// How many gaps make that unit.
    [[nodiscard]] double unit_gaps() const noexcept { return to_odd() ? 2 : 1; }
    /// Which part of its code's numbers lies above the first member of a run, and the variance of the place of a code's
    /// numbers, in units.
    [[nodiscard]] double share_above(double sign) const noexcept {
        if (stochastic_ || to_odd()) return 0.5;
        const double t = threshold(plain(sign), false);
        return t;
    }
    [[nodiscard]] double spread() const noexcept { return stochastic_ ? (even_odds_ ? 1.0 / 3 : 1.0 / 6) : 1.0 / 12; }

  private:
    [[nodiscard]] bool rounds() const noexcept { return rounds_; }
    static gap_run plain(double sign) noexcept { return {sign, 0, 1, 1, 0.5, false, false, 0}; }

    void find_moments(std::size_t k) {
        // ∫_a^b (c - u)^power u^k for polynomials: by antiderivatives of u^j.
        const auto power_integral = [](double a, double b, std::size_t j) {
            const auto d = static_cast<double>(j + 1);
            return (std::pow(b, d) - std::pow(a, d)) / d;
        };
        const auto error = [&](int power, double c, double a, double b) {
            const double first = power_integral(a, b, k);
            const double second = power_integral(a, b, k + 1);
            if (power == 1) return c * first - second;
            return c * c * first - 2 * c * second + power_integral(a, b, k + 2);
        };
        for (std::size_t side = 0; side < 2; ++side) {
            for (const int power : {1, 2}) {
                double& out = moments_[side][power == 2 ? 1 : 0][k];
                if (to_odd()) {
                    out = error(power, 0.5, 0, 1);
                } else if (!stochastic_) {
                    const double t = threshold(plain(side == 0 ? 1 : -1), false);
                    out = error(power, 0, 0, t) + error(power, 1, t, 1);
                } else if (parts_ > 0) {
                    out = 0;
                    for (int i = 0; i < 2 * parts_; ++i) {
                        const double a = i * unit_ / 2;
                        const double b = (i + 1) * unit_ / 2;
                        const double p = on_half_part(i);
                        out += p * error(power, 1, a, b) + (1 - p) * error(power, 0, a, b);
                    }
                } else {
                    // e² with probability P: u² + P (1 - 2u); e: P - u.
                    const double base = error(power, 0, 0, 1);
                    const auto by_p = [&](std::size_t j) {  // ∫ P u^j
                        const double flat = even_odds_ ? 0.5 : -(rounds() ? 0 : unit_ / 2);
                        return flat * power_integral(0, 1, j) + (even_odds_ ? 0 : power_integral(0, 1, j + 1)) -
                               (boundary(1) - (j == 0 ? boundary(0) : 0));
                    };
                    out = power == 1 ? base + by_p(k) : base + by_p(k) - 2 * by_p(k + 1);
                }
            }
        }
    }

    rounding_mode mode_;
    bool stochastic_;
    bool even_odds_;
    double unit_;
    int parts_;
    bool rounds_ = mode_ == rounding_mode::stochastic_b || mode_ == rounding_mode::stochastic_c;
    std::array<std::array<std::array<double, 3>, 2>, 2> moments_{};
};

}  // namespace halfulp::detail
