#include "halfulp/analysis/best_levels.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>

#include "../../kernels/float_environment.hpp"
#include "../shown.hpp"
#include "element_integral.hpp"
#include "gauss.hpp"

namespace halfulp {
namespace {

using namespace detail;

constexpr double infinity = std::numeric_limits<double>::infinity();

void check_levels(int levels) {
    if (levels < 2 || levels > 65536)
        throw std::invalid_argument("levels is " + std::to_string(levels) + ", allowed: 2 to 65536");
}

/// Mass, mean and squared error about the mean of what lies in [a, b], either end perhaps infinite.
struct cell {
    double mass = 0;
    double mean = 0;
    double squared = 0;
};

cell cell_between(const density& of, double a, double b, double about) {
    // About a number inside: nothing cancels.
    double m0 = 0;
    double m1 = 0;
    double m2 = 0;
    const auto edges = of.edges();
    double from = std::max(a, edges.front());
    const double end = std::min(b, edges.back());
    auto after = std::upper_bound(edges.begin(), edges.end(), from);
    while (from < end) {
        const double to = std::min(*after, end);
        const double half = (to - from) / 2;
        const double middle = from + half;
        const std::size_t points = points_for((to - from) / (*after - *(after - 1)), 2);
        for (const gauss_point& g : gauss_points(points)) {
            const double d = middle + half * g.place - about;
            const double p = half * g.weight * of.at(middle + half * g.place);
            m0 += p;
            m1 += p * d;
            m2 += p * d * d;
        }
        from = to;
        ++after;
    }
    for (const bool negative : {true, false}) {
        if (negative ? a != -infinity : b != infinity) continue;
        const double sign = negative ? -1 : 1;
        const double t0 = of.beyond(negative, 0);
        const double t1 = sign * of.beyond(negative, 1);
        m0 += t0;
        m1 += t1 - about * t0;
        m2 += of.beyond(negative, 2) - 2 * about * t1 + about * about * t0;
    }
    if (m0 <= 0) return {0, about, 0};
    return {m0, about + m1 / m0, std::max(0.0, m2 - m1 * m1 / m0)};
}

/// Levels spread as the cube root of the density: nearly right for many levels.
std::vector<double> panter_dite_levels(const density& of, int levels) {
    const auto edges = of.edges();
    std::vector<double> sums{0};
    const auto root = [&](double x) { return std::cbrt(of.at(x)); };
    for (std::size_t i = 0; i + 1 < edges.size(); ++i)
        sums.push_back(sums.back() + integrate(edges[i], edges[i + 1], 14, root));
    std::vector<double> out;
    std::size_t panel = 0;
    for (int k = 0; k < levels; ++k) {
        const double wanted = sums.back() * (k + 0.5) / levels;
        while (panel + 2 < sums.size() && sums[panel + 1] < wanted) ++panel;
        double low = edges[panel];
        double high = edges[panel + 1];
        for (int step = 0; step < 50; ++step) {
            const double middle = (low + high) / 2;
            (sums[panel] + integrate(edges[panel], middle, 10, root) < wanted ? low : high) = middle;
        }
        const double x = (low + high) / 2;
        if (!out.empty() && x <= out.back()) {
            out.push_back(std::nextafter(out.back(), infinity));
        } else {
            out.push_back(x);
        }
    }
    return out;
}

struct level_step {
    std::vector<double> move;   ///< Newton's
    std::vector<double> means;  ///< Lloyd's next levels
    double squared = 0;
};

/// What lies below the first level that is looked at. Where a density is symmetric, levels are looked for above its
/// centre alone: for a Laplace density all levels together may be shifted at no cost in the first order, and Newton's
/// equations for both sides are singular.
enum class below_first : unsigned char { nothing, mirrored_level, level_at_centre };

level_step step_of(const density& of, const std::vector<double>& at, below_first below_it) {
    const std::size_t n = at.size();
    const double centre = of.parts()[0].mean;
    level_step out{std::vector<double>(n), std::vector<double>(n), 0};
    std::vector<double> above(n);
    for (std::size_t i = 0; i < n; ++i) {
        const double first_end = below_it == below_first::nothing          ? -infinity
                                 : below_it == below_first::mirrored_level ? centre
                                                                           : (centre + at[0]) / 2;
        const double a = i == 0 ? first_end : (at[i - 1] + at[i]) / 2;
        const double b = i + 1 == n ? infinity : (at[i] + at[i + 1]) / 2;
        const cell c = cell_between(of, a, b, at[i]);
        out.means[i] = c.mean;
        const double offset = c.mean - at[i];
        out.squared += c.squared + c.mass * offset * offset;
        // Derivatives of the mean by the cell's ends, half of which belongs to each neighbour.
        const bool fixed = i == 0 && below_it != below_first::level_at_centre;
        const double by_a = fixed || c.mass <= 0 ? 0 : of.at(a) * (c.mean - a) / c.mass / 2;
        const double by_b = i + 1 == n || c.mass <= 0 ? 0 : of.at(b) * (b - c.mean) / c.mass / 2;
        const double pivot = 1 - by_a - by_b + (i == 0 ? 0 : by_a * above[i - 1]);
        above[i] = -by_b / pivot;
        out.move[i] = (offset + (i == 0 ? 0 : by_a * out.move[i - 1])) / pivot;
    }
    for (std::size_t i = n - 1; i-- > 0;) out.move[i] -= above[i] * out.move[i + 1];
    if (below_it == below_first::nothing) return out;
    out.squared *= 2;
    if (below_it == below_first::level_at_centre) {
        const double end = (at[0] - centre) / 2;
        const cell c = cell_between(of, centre - end, centre + end, centre);
        out.squared += c.squared + c.mass * (c.mean - centre) * (c.mean - centre);
    }
    return out;
}

bool ascending(const std::vector<double>& x) {
    return std::adjacent_find(x.begin(), x.end(), [](double a, double b) { return !(a < b); }) == x.end();
}

/// Where f, which has a minimum between a and b, is least: by golden section, then by bisection of its derivative's
/// sign.
template <class Error, class Slope>
double least(double a, double b, Error&& error, Slope&& slope) {
    constexpr double golden = 0.61803398874989485;
    double c = b - golden * (b - a);
    double d = a + golden * (b - a);
    double fc = error(c);
    double fd = error(d);
    for (int step = 0; step < 40 && b - a > 1e-6 * b; ++step) {
        if (fc < fd) {
            b = d;
            d = c;
            fd = fc;
            c = b - golden * (b - a);
            fc = error(c);
        } else {
            a = c;
            c = d;
            fc = fd;
            d = a + golden * (b - a);
            fd = error(d);
        }
    }
    a *= 1 - 1e-6;
    b *= 1 + 1e-6;
    double slope_a = slope(a);
    double slope_b = slope(b);
    if (!(slope_a < 0 && slope_b > 0)) return (a + b) / 2;
    for (int step = 0; step < 60 && b - a > 1e-15 * b; ++step) {
        const double secant = a - slope_a * (b - a) / (slope_b - slope_a);
        const double x = step % 3 == 2 || !(secant > a && secant < b) ? (a + b) / 2 : secant;
        const double s = slope(x);
        if (s < 0) {
            a = x;
            slope_a = s;
        } else {
            b = x;
            slope_b = s;
        }
        if (s == 0) return x;
    }
    return std::fabs(slope_a) < slope_b ? a : b;
}

/// The error of a grid under a scale, and half the derivative by it: thresholds lie where both neighbours are as good,
/// so their moves count for nothing and d/ds E(x - s c)² / 2 = s E c² - E x c.
class scaled_grid {
  public:
    scaled_grid(const density& of, member_grid grid, std::vector<double> members)
        : density_(of), grid_(std::move(grid)), members_(std::move(members)) {}

    [[nodiscard]] double error(double scale) const { return sums(scale).squared; }
    [[nodiscard]] double slope(double scale) const {
        const error_tally t = sums(scale);
        double squares = 0;
        for (std::size_t i = 0; i < members_.size(); ++i) squares += t.codes[i] * members_[i] * members_[i];
        const double product = (scale * scale * squares + density_.second_moment() - t.squared) / (2 * scale);
        return scale * squares - product;
    }

  private:
    [[nodiscard]] error_tally sums(double scale) const {
        element_integral sum(density_, grid_, rule_, code_sums::each, 2);
        const weight_step all{infinity, 1};
        sum.add(scale, std::span(&all, 1));
        return sum.sums();
    }

    const density& density_;
    member_grid grid_;
    std::vector<double> members_;
    gap_rule rule_{rounding_mode::nearest_ties_to_even, 32};
};

/// -(N-1)/2, ..., (N-1)/2.
member_grid equal_steps(int levels) {
    member_grid out;
    const bool odd = levels % 2 != 0;
    const auto half = static_cast<std::uint64_t>((levels - 1) / 2);
    const std::int64_t last = levels - 1;
    const std::int64_t first_above = odd ? last / 2 : levels / 2;
    const double start = odd ? 0 : 0.5;
    if (!odd) out.runs.push_back({1, -0.5, 1, 1, 0.5, false, false, first_above - 1});
    if (half > 0) {
        out.runs.push_back({1, start, 1, half, 0.5, false, false, first_above});
        out.runs.push_back({-1, start, 1, half, 0.5, false, false, odd ? first_above : first_above - 1});
    }
    const double end = (levels - 1) / 2.0;
    out.ends.push_back({1, end, infinity, end, last});
    out.ends.push_back({-1, end, infinity, end, 0});
    out.zero_member = odd ? first_above : -1;
    out.zero_scale_member = first_above;
    out.count = levels;
    out.largest = end;
    out.smallest = -end;
    out.mirrored = odd;
    return out;
}

density centred(const density& of) {
    std::vector<density_part> parts(of.parts().begin(), of.parts().end());
    for (density_part& part : parts) part.mean -= of.mean();
    return density(std::move(parts));
}

}  // namespace

optimal_levels lloyd_max(const density& of, int levels) {
    check_levels(levels);
    const float_environment environment;
    const double width = std::sqrt(of.variance());
    std::vector<double> at = panter_dite_levels(of, levels);
    const bool symmetric = std::all_of(of.parts().begin(), of.parts().end(),
                                       [&](const density_part& p) { return p.mean == of.parts()[0].mean; });
    below_first below = below_first::nothing;
    if (symmetric) {
        below = levels % 2 == 0 ? below_first::mirrored_level : below_first::level_at_centre;
        at.erase(at.begin(), at.begin() + (levels + 1) / 2);
    }
    for (int i = 0; i < 3; ++i) at = step_of(of, at, below).means;
    level_step here = step_of(of, at, below);
    double farthest = infinity;
    for (int iteration = 0; iteration < 2000; ++iteration) {
        std::vector<double> next = at;
        farthest = 0;
        for (std::size_t i = 0; i < at.size(); ++i) {
            next[i] += here.move[i];
            farthest = std::max(farthest, std::fabs(here.move[i]) / (width + std::fabs(at[i])));
        }
        bool good = ascending(next);
        level_step there;
        if (good) {
            there = step_of(of, next, below);
            good = farthest < 1e-6 || there.squared <= here.squared;  // close by, rounding decides which is less
        }
        if (!good) {
            next = here.means;
            there = step_of(of, next, below);
            farthest = 1;
        }
        at = std::move(next);
        here = std::move(there);
        if (farthest < 1e-13) break;
    }
    if (!(farthest < 1e-9)) {
        throw std::runtime_error("lloyd_max did not converge for " + std::to_string(levels) +
                                 " levels: the last step was " + detail::shown(farthest) + " of a level");
    }
    if (symmetric) {
        const double centre = of.parts()[0].mean;
        std::vector<double> all;
        for (std::size_t i = at.size(); i-- > 0;) all.push_back(2 * centre - at[i]);
        if (levels % 2 != 0) all.push_back(centre);
        all.insert(all.end(), at.begin(), at.end());
        at = std::move(all);
    }
    return {std::move(at), here.squared};
}

best_scale_result best_uniform_grid(const density& of, int levels) {
    check_levels(levels);
    const float_environment environment;
    const density own = centred(of);
    std::vector<double> members;
    for (int i = 0; i < levels; ++i) members.push_back(i - (levels - 1) / 2.0);
    const scaled_grid grid(own, equal_steps(levels), std::move(members));
    const double width = std::sqrt(own.variance());
    // The step is at most about two deviations and at least that of a grid that hardly clips.
    double best = infinity;
    double at = 0;
    for (double a = 0.05 * width; a < 200 * width; a *= 1.12) {
        const double e = grid.error(2 * a / (levels - 1));
        if (e < best) {
            best = e;
            at = a;
        }
    }
    const double unit = 2.0 / (levels - 1);
    const double step = least(
        at * unit / 1.12, at * unit * 1.12, [&](double s) { return grid.error(s); },
        [&](double s) { return grid.slope(s); });
    return {step * (levels - 1) / 2, grid.error(step)};
}

best_scale_result best_scale(const format& f, const density& of) {
    const float_environment environment;
    member_grid grid = grid_of(f);
    if (grid.count > 65536)
        throw std::invalid_argument("format is " + to_string(f) + ", allowed: formats with at most 65536 members");
    std::vector<double> members(static_cast<std::size_t>(grid.count));
    for (const gap_run& run : grid.runs) {
        for (std::uint64_t i = 0; i <= run.count; ++i) {
            const auto steps = static_cast<std::int64_t>(i);
            members[static_cast<std::size_t>(run.member + (run.sign > 0 ? steps : -steps))] =
                run.sign * (run.first + static_cast<double>(i) * run.step);
        }
    }
    for (const clamped_region& end : grid.ends) members[static_cast<std::size_t>(end.member)] = end.sign * end.value;
    const double largest = std::max(std::fabs(grid.largest), std::fabs(grid.smallest));
    const scaled_grid scaled(of, std::move(grid), std::move(members));
    // The largest member lies between half a deviation and thousands of them: many binades below, errors repeat with
    // every octave.
    const double width = std::sqrt(of.second_moment());
    constexpr int steps_of_octave = 64;
    const double ratio = std::exp2(1.0 / steps_of_octave);
    double best = infinity;
    double at = 0;
    for (double top = 0.25 * width; top < 4096 * width; top *= ratio) {
        const double e = scaled.error(top / largest);
        if (e < best) {
            best = e;
            at = top / largest;
        }
    }
    const double s = least(
        at / ratio, at * ratio, [&](double x) { return scaled.error(x); }, [&](double x) { return scaled.slope(x); });
    return {s, scaled.error(s)};
}

}  // namespace halfulp
