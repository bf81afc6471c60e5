// Sums of integrals of the rounding error of one element: over x with a density, under scales, with weights that are
// steps of |x|.
//
// Everything that is expected of a scheme is such a sum (expected_levels.hpp). Integrals go over gaps between members,
// never over differences of antiderivatives, so nothing cancels. Runs of many gaps that are narrow beside the density's
// panels use Euler and Maclaurin's formula for all of them together.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "gap_rule.hpp"
#include "grid.hpp"
#include "halfulp/analysis/distribution.hpp"

namespace halfulp::detail {

/// A weight for |x| <= reach and above the reach of the step before; 0 above the last. The last reach may be infinite.
struct weight_step {
    double reach;
    double weight;
};

/// What has been summed: each a weighted integral over the density.
struct error_tally {
    double squared = 0;  ///< of (x̂ - x)²
    double error = 0;  ///< of x̂ - x
    double saturated = 0;  ///< of x beyond the outermost members
    double zero = 0;  ///< of x that become zero
    double entropy = 0;  ///< of -P log2 P over codes, where they were asked for one by one
    std::vector<double> codes;  ///< each member's, where they were asked for
};

enum class code_sums {
    none,
    each,  ///< fills error_tally::codes: schemes, where several scales share a code
    entropy  ///< fills error_tally::entropy: for one add() with weight 1 everywhere
};

class element_integral {
  public:
    /// `extra`: more points for every integral, for a second opinion.
    element_integral(const density& of, const member_grid& grid, const gap_rule& rule, code_sums codes,
                     std::size_t extra = 0);

    /// Elements x divided by a scale (0 or more), rounded, multiplied again.
    void add(double scale, std::span<const weight_step> steps);
    /// The same for x in [low, high] alone.
    void add_between(double scale, double low, double high, double weight);
    /// The integrand at |x| = place: what the sum gains with every unit that a reach at `place` goes up. The scale is that
    /// of a largest magnitude, rounded either way: see add_maximum().
    void add_edge(double scale, double place, double weight);
    /// The integrand at x, a group's largest magnitude under an exact quotient. In truth the scale is rounded up as often as
    /// down, so x / scale lies just below or just above a member: half the weight for each, as directed modes tell apart.
    void add_maximum(double scale, double x, double weight);
    /// The integrand at x.
    void add_point(double scale, double x, double weight);

    [[nodiscard]] const error_tally& sums() const noexcept { return out_; }

  private:
    /// Up to `end` the weight is constant and the density smooth.
    struct cut {
        double end;
        double weight;
        double per_panel;  ///< 1 / width of the panel
    };
    struct part_sums {
        double mass = 0;
        double error = 0;
        double squared = 0;
    };

    void cut_line(std::span<const weight_step> steps);
    void add_all(double scale);
    void add_zero_scale();
    void add_run(const gap_run& run, double scale);
    void add_gap(const gap_run& run, std::uint64_t i, double scale);
    void add_block(const gap_run& run, std::uint64_t i, std::uint64_t count, double scale);
    void add_end(const clamped_region& region, double scale);
    /// Over x in [a, b], which become c.
    [[nodiscard]] part_sums toward(double a, double b, double c);
    /// f(left, right, weight, points) over the parts of [a, b].
    template <class F>
    void over(double a, double b, F&& f);
    void seek(double x);
    [[nodiscard]] double at(double x) const;

    /// `upper`: the upper end of gap i, else its lower end.
    void give(const gap_run& run, std::uint64_t i, bool upper, const part_sums& sum);
    void count_code(double mass);

    const density& density_;
    const member_grid& grid_;
    const gap_rule& rule_;
    code_sums code_sums_;
    std::size_t extra_;
    error_tally out_;
    std::vector<cut> cuts_;
    std::size_t at_ = 0;
    // The density of one normal variable without a look at its parts.
    bool one_normal_ = false;
    double center_ = 0;
    double inverse_deviation_ = 1;
    double normal_factor_ = 0;
    std::vector<double> ends_;
    double line_start_ = 0;
    bool both_sides_alike_ = false;
    bool twofold_ = false;
    double beyond_below_ = 0;  ///< the weights outside all cuts
    double beyond_above_ = 0;
    // code_sums::entropy: numbers of the member at a run's place so far, and of the grid's lowest member, which two
    // sides share.
    double open_ = 0;
    double base_ = 0;
    bool at_base_ = false;
    bool after_block_ = false;
};

}  // namespace halfulp::detail
