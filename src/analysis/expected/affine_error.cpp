#include "affine_error.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "gauss.hpp"
#include "scale_pieces.hpp"

namespace halfulp::detail {
namespace {

constexpr double negligible = 1e-19;
/// Gauss and Legendre's two points on an interval of length 1: ± 1 / (2√3).
constexpr double gauss_half = 0.28867513459481288;
/// The integral takes a grid for each zero point.
constexpr int most_bits = 10;

/// Integers from -zero to most - zero.
member_grid grid_around(std::uint64_t zero, std::uint64_t most) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    member_grid out;
    const auto middle = static_cast<std::int64_t>(zero);
    const std::uint64_t up = most - zero;
    if (up > 0) out.runs.push_back({1, 0, 1, up, 0.5, false, false, middle});
    if (zero > 0) out.runs.push_back({-1, 0, 1, zero, 0.5, false, false, middle});
    out.largest = static_cast<double>(up);
    out.smallest = -static_cast<double>(zero);
    out.ends.push_back({1, out.largest, infinity, out.largest, static_cast<std::int64_t>(most)});
    out.ends.push_back({-1, -out.smallest, infinity, -out.smallest, 0});
    out.zero_member = middle;
    out.zero_scale_member = middle;
    out.count = static_cast<double>(most) + 1;
    return out;
}

class affine_sum {
  public:
    affine_sum(const scheme& s, const density& of, const gap_rule& rule, double n, std::size_t extra)
        : density_(of), n_(n), extra_(extra), format_(s.levels[0].format) {
        most_ = static_cast<std::uint64_t>(low_ones(s.element.bits()));
        for (std::uint64_t z = 0; z <= most_; ++z) {
            grids_.push_back(std::make_unique<member_grid>(grid_around(z, most_)));
            integrals_.emplace_back(of, *grids_.back(), rule, code_sums::each, extra);
        }
        steps_ = static_cast<double>(most_);
    }

    void run() {
        const magnitude_law law(density_);
        double before = 0;
        for (const double e : law.ends()) {
            if (e == 0) continue;
            // Widths of the range: panels of twice the magnitudes, cut in four.
            for (int part = 0; part < 4; ++part)
                over_widths(2 * (before + (e - before) * part / 4), 2 * (before + (e - before) * (part + 1) / 4));
            before = e;
        }
    }

    [[nodiscard]] error_tally sums() const {
        error_tally out;
        out.codes.resize(static_cast<std::size_t>(most_) + 1);
        for (const element_integral& integral : integrals_) {
            const error_tally& t = integral.sums();
            out.squared += t.squared;
            out.error += t.error;
            out.saturated += t.saturated;
            out.zero += t.zero;
            for (std::size_t i = 0; i < out.codes.size(); ++i) out.codes[i] += t.codes[i];
        }
        return out;
    }

  private:
    [[nodiscard]] double inside(double l, double h) const {
        return std::max(0.0, 1 - density_.below(-l) - density_.above(h));
    }

    void over_widths(double a, double b) {
        const double coarse = inside(b, b);
        if (std::pow(coarse, n_) < negligible) return;
        const double gone = density_.outside(a / 2);
        const double weight = std::max(1.0, b * b / density_.second_moment());
        if (n_ * gone * weight < negligible) return;
        // Coarse scale formats: pieces of constant scale.
        const int precision = format_.precision();
        if (precision > 6) {
            at_widths(a, b, [&](double width, double dw) {
                const double scale = width / steps_;
                if (precision > most_stepped_precision) {
                    at_width(width, dw, scale);
                    return;
                }
                // Half a step of the format at this scale.
                const double step = std::ldexp(1.0, std::ilogb(scale) - precision);
                // Two points on each side of 0, where errors bend.
                for (const double place : {-0.5 - gauss_half, -0.5 + gauss_half, 0.5 - gauss_half, 0.5 + gauss_half})
                    at_width(width, dw / 4, scale + place * step);
            });
            return;
        }
        for (double from = a; from < b;) {
            const double scale = nearest_scale(from / steps_);
            const double end = std::min(b, end_of_scale(scale) * steps_);
            // Where the bends of at_width() cross ends of wedges.
            const double middle = std::clamp(scale * steps_, from, end);
            for (const auto& [left, right] : {std::pair(from, middle), std::pair(middle, end)})
                at_widths(left, right, [&](double width, double dw) { at_width(width, dw, scale); });
            if (!(end > from)) return;
            from = end;
        }
    }

    template <class F>
    void at_widths(double a, double b, F&& f) {
        const double half = (b - a) / 2;
        for (const gauss_point& g : gauss_points(6 + extra_)) f(a + half + half * g.place, half * g.weight);
    }

    /// The member just above or at x less half a gap: what x, or a number a little larger, becomes.
    [[nodiscard]] double nearest_scale(double x) const {
        std::uint64_t code = 0;
        while (code < format_.max_magnitude() && middle_above(code) <= x * (1 + 1e-15)) ++code;
        return to_double(format_.magnitude_value(code));
    }
    [[nodiscard]] double end_of_scale(double scale) const {
        std::uint64_t code = 0;
        while (code < format_.max_magnitude() && to_double(format_.magnitude_value(code)) < scale) ++code;
        return code == format_.max_magnitude() ? std::numeric_limits<double>::infinity() : middle_above(code);
    }
    [[nodiscard]] double middle_above(std::uint64_t code) const {
        return (to_double(format_.magnitude_value(code)) + to_double(format_.magnitude_value(code + 1))) / 2;
    }

    /// All pairs (l, h) with l + h = width.
    void at_width(double width, double weight, double scale) {
        // One-sided groups: l = 0, or h = 0.
        if (n_ < 80) {
            one_sided(0, width, weight, scale);
            one_sided(width, 0, weight, scale);
        }
        if (n_ < 2) return;
        for (std::uint64_t z = 0; z <= most_; ++z) {
            const double from = z == 0 ? 0 : std::min(width, (static_cast<double>(z) - 0.5) * scale);
            const double to = z == most_ ? width : std::min(width, (static_cast<double>(z) + 0.5) * scale);
            if (!(from < to)) continue;
            // The error at h bends where h lies between two integers: once for l in a wedge as wide as the scale.
            const double place = (width - from) / scale - 0.5;
            const double bend = std::min(to, from + (place - std::floor(place)) * scale);
            over_wedge(from, bend, width, weight, scale, z);
            over_wedge(bend, to, width, weight, scale, z);
        }
    }

    void over_wedge(double from, double to, double width, double weight, double scale, std::uint64_t z) {
        if (!(from < to)) return;
        const int parts = static_cast<int>(std::ceil((to - from) / width * 16));
        for (int part = 0; part < parts; ++part) {
            const double a = from + (to - from) * part / parts;
            const double b = from + (to - from) * (part + 1) / parts;
            const double half = (b - a) / 2;
            for (const gauss_point& g : gauss_points(3 + extra_)) {
                const double l = a + half + half * g.place;
                two_sided(l, width - l, weight * half * g.weight, scale, z);
            }
        }
    }

    void two_sided(double l, double h, double weight, double scale, std::uint64_t z) {
        const double p = inside(l, h);
        const double at_low = density_.at(-l);
        const double at_high = density_.at(h);
        const double both = weight * (n_ - 1) * std::pow(p, n_ - 2);
        const double spread = std::max(1.0, (l + h) * (l + h) / density_.second_moment());
        if (n_ * both * at_low * at_high * (l + h) * spread < negligible * std::sqrt(density_.second_moment())) return;
        element_integral& sum = integrals_[static_cast<std::size_t>(z)];
        if (n_ > 2 && p > 0) sum.add_between(scale, -l, h, both * (n_ - 2) / p * at_low * at_high);
        sum.add_point(scale, h, both * at_low);
        sum.add_point(scale, -l, both * at_high);
    }

    void one_sided(double l, double h, double weight, double scale) {
        const double p = inside(l, h);
        const double x = h > 0 ? h : -l;
        std::uint64_t z = 0;
        if (l > 0 && scale > 0) z = static_cast<std::uint64_t>(std::min(steps_, std::nearbyint(l / scale)));
        if (l > 0 && scale == 0) z = 0;
        element_integral& sum = integrals_[static_cast<std::size_t>(z)];
        sum.add_maximum(scale, x, weight * std::pow(p, n_ - 1));
        if (n_ > 1) sum.add_between(scale, -l, h, weight * (n_ - 1) * std::pow(p, n_ - 2) * density_.at(x));
    }

    const density& density_;
    double n_;
    std::size_t extra_;
    float_format format_;
    std::uint64_t most_ = 0;
    double steps_ = 0;
    std::vector<std::unique_ptr<member_grid>> grids_;
    std::vector<element_integral> integrals_;
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
