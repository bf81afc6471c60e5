// A density as polynomials on both half-lines, for sweeps that ask for it at a million ascending places, and how wide a
// part of the line one formula may cover.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "halfulp/analysis/distribution.hpp"

namespace halfulp::detail {

class density_table {
  public:
    /// For magnitudes up to `reach`; beyond it the density counts as 0.
    density_table(const density& of, double reach);

    /// The density at x = y on the upper half-line, -y on the lower one, right to 10^-12 of its size nearby. `at`: where
    /// the last look-up ended; start with 0, and let y ascend.
    [[nodiscard]] double look_up(bool upper, double y, std::size_t& at) const noexcept {
        const std::vector<segment>& line = upper ? upper_ : lower_;
        while (line[at].end < y) {
            if (at + 1 == line.size()) return 0;
            ++at;
        }
        const segment& s = line[at];
        const double t = (y - s.middle) * s.inverse;
        const double u = t * t;
        const auto& c = s.coefficients;
        const double w = u * u;
        return (c[0] + c[1] * t + u * (c[2] + c[3] * t)) + w * ((c[4] + c[5] * t + u * (c[6] + c[7] * t)) + w * c[8]);
    }

    /// The width of the panel around x, the narrowest one of all parts of a mixture; infinite where nothing lies.
    [[nodiscard]] double panel(double x) const;
    [[nodiscard]] double least_panel() const noexcept { return least_; }
    /// Where the density bends or jumps, but for 0.
    [[nodiscard]] std::span<const double> kinks() const noexcept { return kinks_; }
    /// Kinks, and the means of parts, but for 0.
    [[nodiscard]] std::span<const double> marks() const noexcept { return marks_; }

  private:
    struct segment {
        double end;
        double middle;
        double inverse;  ///< 1 / half the length
        std::array<double, 9> coefficients;
    };

    void add_segments(const density& of, double sign, double from, double to, int depth, std::vector<segment>& out);
    void find_panels(const density& of);

    std::vector<segment> lower_;
    std::vector<segment> upper_;
    std::vector<double> panel_ends_;
    std::vector<double> panels_;  ///< below each of those ends
    std::vector<double> kinks_;
    std::vector<double> marks_;
    double least_;
    double largest_ = 0;  ///< of the density
};

}  // namespace halfulp::detail
