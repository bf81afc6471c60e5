#include "affine_error.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "affine_sweep.hpp"
#include "gauss.hpp"
#include "scale_pieces.hpp"

namespace halfulp::detail {
namespace {

constexpr double negligible = 1e-14;
/// Gauss and Legendre's two points on an interval of length 1: ± 1 / (2√3).
constexpr double gauss_half = 0.28867513459481288;
/// The sweeps keep sums for each code and each place inside a gap.
constexpr int most_bits = 10;
/// Up to this precision of the scale format its rounding is followed step by step.
constexpr int most_stepped_affine_precision = 6;
constexpr double infinity = std::numeric_limits<double>::infinity();

class affine_sum {
  public:
    affine_sum(const scheme& s, const density& of, const gap_rule& rule, double n, std::size_t extra)
        : density_(of),
          n_(n),
          extra_(extra),
          format_(s.levels[0].format),
          steps_(static_cast<double>(low_ones(s.element.bits()))),
          range_(widths_met()),
          table_(of, range_.second),
          sweep_(of, table_, rule, low_ones(s.element.bits()), n, extra) {
        for (const double a : table_.marks()) {
            marks_.push_back(std::fabs(a));
            for (const double b : table_.marks()) marks_.push_back(std::fabs(a - b));
        }
    }

    void run() {
        const int precision = format_.precision();
        if (precision > most_stepped_precision) {
            over_line({1 / steps_, 0, 1}, range_.first, range_.second);
        } else if (precision > most_stepped_affine_precision) {
            over_binades();
        } else {
            over_scales();
        }
    }

    [[nodiscard]] const error_tally& sums() const { return sweep_.sums(); }

  private:
    /// Scales as a function of widths, and what its integral counts.
    struct scale_line {
        double slope;
        double constant;
        double weight;

        [[nodiscard]] double at(double width) const { return slope * width + constant; }
    };

    [[nodiscard]] double inside(double l, double h) const {
        return std::max(0.0, 1 - density_.below(-l) - density_.above(h));
    }

    /// All widths but those of groups that are met less often than once in 10^14, or add as little.
    [[nodiscard]] std::pair<double, double> widths_met() const {
        const double widest = 2 * std::max(-density_.edges().front(), density_.edges().back());
        const auto border = [&](double low, const auto& is_above) {
            double high = widest;
            for (int step = 0; step < 60 && low < high * (1 - 1e-3); ++step) {
                const double middle = low < high / 4 ? std::sqrt(low) * std::sqrt(high) : (low + high) / 2;
                (is_above(middle) ? high : low) = middle;
            }
            return std::pair(low, high);
        };
        const double low = border(widest * 1e-60, [&](double w) {
                               return n_ * std::log(std::max(inside(w, w), 1e-300)) > std::log(negligible);
                           }).first;
        return {low, border(low, [&](double w) { return share_above(w) < negligible; }).second};
    }
    /// How much wider groups add, as a part of the second moment and at most.
    [[nodiscard]] double share_above(double width) const {
        return n_ * density_.outside(width / 2) * std::max(1.0, width * width / density_.second_moment());
    }

    /// Formats of few bits: pieces of constant scale.
    void over_scales() {
        const std::uint64_t last = format_.max_magnitude();
        double from = range_.first;
        for (std::uint64_t code = 0; code <= last && from < range_.second; ++code) {
            const double end = std::min(range_.second, code == last ? infinity : middle_above(code) * steps_);
            if (!(from < end)) continue;
            const double scale = to_double(format_.magnitude_value(code));
            // Around the width of all members numbers begin to lie beyond the outermost ones: above them, and above
            // them whatever the zero point.
            for (const double reach : {steps_ - 0.5, steps_, steps_ + 0.5}) {
                const double to = std::clamp(reach * scale, from, end);
                over_line({0, scale, 1}, from, to);
                from = to;
            }
            over_line({0, scale, 1}, from, end);
            from = end;
        }
    }

    /// Formats of some more bits: two points on each side of the quotient, for all that it may be rounded to.
    void over_binades() {
        for (double from = range_.first; from < range_.second;) {
            const int exponent = std::ilogb(from / steps_ * (1 + 1e-14));
            const double to = std::min(range_.second, std::ldexp(steps_, exponent + 1));
            // Half a step of the format.
            const double step = std::ldexp(1.0, exponent - format_.precision());
            for (const double place : {-0.5 - gauss_half, -0.5 + gauss_half, 0.5 - gauss_half, 0.5 + gauss_half})
                over_line({1 / steps_, place * step, 0.25}, from, to);
            from = to;
        }
    }

    void over_line(const scale_line& line, double from, double to) {
        if (!(from < to)) return;
        std::vector<double> cuts = marks_;
        for (const double kink : table_.kinks()) cut_at_kink(std::fabs(kink), line, cuts);
        std::erase_if(cuts, [&](double x) { return !(x > from && x < to); });
        cuts.push_back(to);
        std::sort(cuts.begin(), cuts.end());
        for (const double end : cuts) {
            if (!(end > from * (1 + 1e-12))) continue;
            over_widths(line, from, end);
            from = end;
        }
    }

    /// Widths for which a bend of the rounding error meets one of the density.
    void cut_at_kink(double kink, const scale_line& line, std::vector<double>& cuts) const {
        // The nearest modes bend half-way between members; of many members the others, too, are passed over.
        const double step = steps_ > 63 ? 1 : 0.5;
        for (double place = 0.5; place <= steps_; place += step) {
            // On the kink's side, and on the other one.
            if (line.slope > 0) cuts.push_back((kink / place - line.constant) / line.slope);
            if (place * line.slope < 1) cuts.push_back((kink + place * line.constant) / (1 - place * line.slope));
        }
    }

    void over_widths(const scale_line& line, double a, double b) {
        const double panels = (b - a) / std::min({panel_at(a), panel_at((a + b) / 2), panel_at(b)});
        // What P^n gains, whichever way the range lies, where it is met at all.
        const auto gain_of = [&](double before, double after) {
            return n_ * (1 - after) > 50 ? 0 : n_ * (after - before);
        };
        const double gain = std::max({gain_of(inside(a / 2, a / 2), inside(b / 2, b / 2)),
                                      gain_of(inside(0, a), inside(0, b)), gain_of(inside(a, 0), inside(b, 0))});
        if ((panels > 1 || gain > 8) && b - a > 1e-12 * b) {
            over_widths(line, a, (a + b) / 2);
            over_widths(line, (a + b) / 2, b);
            return;
        }
        const double half = (b - a) / 2;
        // Widths that are rarely met need fewer digits.
        const double share = std::min(std::min(1.0, share_above(a)), std::pow(inside(b, b), n_));
        const auto fewer = static_cast<std::size_t>(-std::log10(std::max(share, 1e-15)) / 2);
        std::size_t points = points_of_width(std::max(panels, gain / 8), line.slope == 0);
        points = std::max(points, fewer + 2) - fewer;
        for (const gauss_point& g : gauss_points(points)) {
            const double width = a + half + half * g.place;
            sweep_.add(width, line.at(width), line.weight * half * g.weight, fewer / 2);
        }
    }

    [[nodiscard]] std::size_t points_of_width(double panels, bool one_scale) const {
        if (extra_ == 0) return panels <= 0.25 ? 3 : panels <= 0.5 ? 4 : 6;
        return panels <= 0.03 && !one_scale ? 3 : panels <= 0.25 ? 5 : panels <= 0.5 ? 6 : 9;
    }

    /// The integral over pairs (l, width - l) bends no faster than one of both does, wherever the pair is.
    [[nodiscard]] double panel_at(double width) const {
        double out = std::min(table_.panel(-width), table_.panel(width));  // one-sided groups
        const auto meet = [&](double l) {
            if (l >= 0 && l <= width) out = std::min(out, std::max(table_.panel(-l), table_.panel(width - l)));
        };
        for (int part = 0; part <= 16; ++part) meet(width * part / 16);
        for (const double mark : table_.marks()) meet(mark < 0 ? -mark : width - mark);
        return out;
    }

    [[nodiscard]] double middle_above(std::uint64_t code) const {
        return (to_double(format_.magnitude_value(code)) + to_double(format_.magnitude_value(code + 1))) / 2;
    }

    const density& density_;
    double n_;
    std::size_t extra_;
    float_format format_;
    double steps_;
    std::pair<double, double> range_;
    density_table table_;
    std::vector<double> marks_;
    affine_sweep sweep_;
};

}  // namespace

error_tally affine_tally(const scheme& s, const density& of, const gap_rule& rule, double group, std::size_t extra) {
    if (s.element.bits() > most_bits) {
        throw std::invalid_argument("scheme is " + to_string(s) + ", which has zero_point with " +
                                    std::to_string(s.element.bits()) + " bits: computed for up to " +
                                    std::to_string(most_bits));
    }
    affine_sum sum(s, of, rule, group, extra);
    sum.run();
    return sum.sums();
}

}  // namespace halfulp::detail
