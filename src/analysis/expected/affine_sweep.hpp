// The groups of affine integers whose range has one width and one scale: from all numbers positive to all negative.
//
// With -l the smallest and h the largest number of a group, l + h = width. What an interval between members adds to the
// error does not depend on the group's ends as long as it lies between them. So both half-lines are swept once: sums
// from 0 on, up to every place where rounding bends, and up to every Gauss point. A group then costs two look-ups.
//
// Sums over whole intervals only ever grow, and moments are taken about the nearest member, so nothing cancels there.
// A part that lies beyond the outermost member by more than its own interval is a difference of moments about 0: its
// rounding errors are 2^-53 times the square of a code, in squared scales, 10^-10 of 1/12 for 10 bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "density_table.hpp"
#include "element_integral.hpp"
#include "gap_rule.hpp"
#include "halfulp/analysis/distribution.hpp"

namespace halfulp::detail {

/// Gauss points for an integral over so many panels of a density, one or less. `extra`: see affine_tally().
std::size_t points_of_part(double panels, std::size_t extra) noexcept;

class affine_sweep {
  public:
    /// Members 0 to `most`, `group` numbers with a scale in common.
    affine_sweep(const density& of, const density_table& table, const gap_rule& rule, std::uint64_t most, double group,
                 std::size_t extra);

    /// Adds the integral over l from 0 to `width`, times `weight`. `fewer`: Gauss points to save, 0 or more, where the
    /// weight is small.
    void add(double width, double scale, double weight, std::size_t fewer);

    [[nodiscard]] const error_tally& sums() const noexcept { return out_; }

  private:
    /// Integrals of 1, u and u² times the density, u being the distance from a member in scales.
    struct moments {
        double mass = 0;
        double first = 0;
        double second = 0;

        void add(const moments& other, double weight = 1) noexcept {
            mass += weight * other.mass;
            first += weight * other.first;
            second += weight * other.second;
        }
        /// About a member `by` scales further in.
        [[nodiscard]] moments moved(double by) const noexcept {
            return {mass, first + by * mass, second + by * (2 * first + by * mass)};
        }
    };
    /// The probability of the upper end of a gap on a part of it: constant + slope × u.
    struct chance {
        double constant = 0;
        double slope = 0;
    };
    /// One half-line, cut into intervals of 1 / cuts_ of a gap.
    struct side {
        double sign = 1;
        std::vector<chance> chances;  ///< of each interval
        // From 0 up to the start of each interval:
        std::vector<double> squared;
        std::vector<double> error;  ///< away from 0
        std::vector<moments> about_zero;
        // From the start of the interval's gap:
        std::vector<double> to_lower;
        std::vector<double> to_upper;
        // Of whole gaps, and of whole codes:
        std::vector<double> upper;
        std::vector<double> member;
        std::vector<double> edge;  ///< the density at members, times the scale
        std::size_t at = 0;
        std::size_t looked_up = 0;  ///< see density_table
        moments local;  ///< from the start of interval `at` to here, about the member below
    };
    /// Between two bends of either side.
    struct piece {
        double from;
        double to;
        std::size_t points;
        std::size_t first_node;
        std::uint64_t zero;
        std::size_t low;  ///< interval
        std::size_t high;
        moments high_local;
    };
    /// How numbers of one side are rounded between the last bend and the group's end.
    struct rounded_end {
        moments inside;  ///< from that bend to the piece
        double squared;
        double error;
        double to_lower;
        double to_upper;
        std::size_t member;
        chance up;
        bool beyond;
        double shift;
    };
    struct node {
        double density;
        moments part;  ///< from the piece's inner end
    };
    struct whole_gaps {
        std::size_t low;
        std::size_t high;
        double weight;
    };

    void cut(double width, double scale);
    void add_pieces(double from, double to, double width, double scale);
    void restart(side& s, double scale) const;
    void advance(side& s, std::size_t interval) const;
    /// The piece's nodes on one side; gives the whole piece.
    template <std::size_t count>
    moments integrate_by(side& s, const piece& p, double width, double scale);
    moments integrate(side& s, const piece& p, double width, double scale);
    [[nodiscard]] rounded_end end_at(const side& s, std::size_t interval, const moments& local,
                                     std::uint64_t most) const;
    void two_sided(const piece& p, double width, double scale, double weight);
    void one_sided(const side& s, double width, double scale, double weight);
    /// `between`: weight of all numbers inside; `near`: moments of those beyond the last bend.
    void give(const side& s, const rounded_end& end, std::uint64_t zero, double between, const moments& near,
              bool saturated, double scale);
    void give_code(const side& s, std::uint64_t zero, std::size_t member, double mass);
    void give_gaps(const side& s, std::uint64_t zero, std::size_t from, std::size_t to, double weight);
    void give_whole_gaps(std::uint64_t zero);
    [[nodiscard]] double power(double p, double exponent) const;

    const density& density_;
    const density_table& table_;
    double n_;
    std::size_t extra_;
    double widest_;  ///< piece, in panels
    std::size_t fewer_ = 0;
    std::uint64_t most_;
    std::uint64_t reach_ = 0;  ///< most_, or 0 under a zero scale
    std::size_t cuts_;
    double first_edge_ = 0;  ///< gap_rule::boundary() at both ends of a gap
    double last_edge_ = 0;
    double second_moment_;
    side low_;
    side high_;
    std::vector<double> bends_;
    std::vector<piece> pieces_;
    std::vector<node> high_nodes_;
    std::vector<node> nodes_;
    std::vector<whole_gaps> gaps_;
    error_tally out_;
};

}  // namespace halfulp::detail
