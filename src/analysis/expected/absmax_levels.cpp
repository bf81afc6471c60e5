// Levels q_1 < ... < q_n between fixed neighbours. Norm 1: F(q_i) = (F(b_i-1) + F(b_i)) / 2, the median of its cell.
// Norm 2: q_i is the mean of its cell. By Newton's method, whose equations are tridiagonal; by the iteration itself
// where a step would break the order.
#include "halfulp/analysis/absmax_levels.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "../../kernels/float_environment.hpp"
#include "gauss.hpp"
#include "spread_of_maxima.hpp"

namespace halfulp {
namespace {

using namespace detail;

/// The ratio y of a block's number to the block's largest magnitude m, other than the largest itself, each weighted
/// with m^power: its distribution is a mixture over m of the density cut at ±m, with weights at nodes of a quadrature
/// over m.
class ratio_law {
  public:
    ratio_law(const density& of, std::uint64_t block, int power) : density_(of) {
        const magnitude_law law(of);
        const auto n = static_cast<double>(block);
        double total = 0;
        const auto part = [&](const auto& self, double a, double b, int depth) -> void {
            const double la = n * law.log_inside(a);
            const double lb = n * law.log_inside(b);
            if (lb < -40) return;
            if (-std::expm1(la - lb) * std::exp(lb) < 1e-18) return;
            if (depth < 40 && (depth < 2 || lb - std::max(la, -44.0) > 2)) {
                self(self, a, (a + b) / 2, depth + 1);
                self(self, (a + b) / 2, b, depth + 1);
                return;
            }
            const double half = (b - a) / 2;
            for (const gauss_point& g : gauss_points(12)) {
                const double m = a + half + half * g.place;
                const double inside = law.power(m, 1);
                const double weight = half * g.weight * n * law.rate(m) * law.power(m, n - 1) * std::pow(m, power);
                total += weight;
                nodes_.push_back({m, weight, inside, of.below(-m)});
            }
        };
        double before = 0;
        for (const double e : law.ends()) {
            if (e > before) part(part, before, e, 0);
            before = e;
        }
        for (node& each : nodes_) each.weight /= total;
    }

    /// P(ratio <= y), -1 <= y <= 1.
    [[nodiscard]] double below(double y) const {
        double sum = 0;
        for (const node& m : nodes_) sum += m.weight * (density_.below(m.at * y) - m.below) / m.inside;
        return sum;
    }
    [[nodiscard]] double at(double y) const {
        double sum = 0;
        for (const node& m : nodes_) sum += m.weight * m.at * density_.at(m.at * y) / m.inside;
        return sum;
    }
    /// ∫ y p over [a, b], about the place c.
    [[nodiscard]] double first(double a, double b, double c) const {
        // Cells cut in eighths: a ratio's density is as smooth as the number's, and blocks' magnitudes reach to some
        // ten deviations.
        double sum = 0;
        for (int i = 0; i < 8; ++i) {
            const double left = a + (b - a) * i / 8;
            sum += integrate(left, a + (b - a) * (i + 1) / 8, 10, [&](double y) { return (y - c) * at(y); });
        }
        return sum;
    }

  private:
    struct node {
        double at;
        double weight;
        double inside;
        double below;
    };
    const density& density_;
    std::vector<node> nodes_;
};

/// Free levels between `low` and `high`, which are levels too, or the end of a cell where `open_low` or `open_high`
/// says so.
std::vector<double> solve(const ratio_law& law, double low, double high, bool open_low, bool open_high, int count,
                          int norm) {
    const auto n = static_cast<std::size_t>(count);
    std::vector<double> q(n);
    for (std::size_t i = 0; i < n; ++i)
        q[i] = low + (high - low) * (static_cast<double>(i) + (open_low ? 0.5 : 1)) /
                         (static_cast<double>(count) + (open_low || open_high ? 0.5 : 1));
    if (n == 0) return q;
    double farthest = 1;
    for (int iteration = 0; iteration < 500 && farthest > 1e-15; ++iteration) {
        std::vector<double> ends(n + 1);
        ends[0] = open_low ? low : (low + q[0]) / 2;
        ends[n] = open_high ? high : (q[n - 1] + high) / 2;
        for (std::size_t i = 1; i < n; ++i) ends[i] = (q[i - 1] + q[i]) / 2;
        std::vector<double> f(n + 1);
        std::vector<double> p(n + 1);
        for (std::size_t i = 0; i <= n; ++i) {
            f[i] = law.below(ends[i]);
            p[i] = law.at(ends[i]);
        }
        std::vector<double> above(n);
        std::vector<double> move(n);
        std::vector<double> plain(n);  // the iteration's own step
        for (std::size_t i = 0; i < n; ++i) {
            // Residual r(q) and its derivatives by the ends of the cell and by q itself.
            double residual = 0;
            double own = 0;
            double by_a = 0;
            double by_b = 0;
            if (norm == 1) {
                own = law.at(q[i]);
                residual = (f[i] + f[i + 1]) / 2 - law.below(q[i]);
                by_a = p[i] / 2;
                by_b = p[i + 1] / 2;
            } else {
                own = f[i + 1] - f[i];
                residual = law.first(ends[i], ends[i + 1], q[i]);
                by_a = p[i] * (q[i] - ends[i]);
                by_b = p[i + 1] * (ends[i + 1] - q[i]);
            }
            plain[i] = residual / own;
            const bool fixed_a = i == 0 && open_low;
            const bool fixed_b = i + 1 == n && open_high;
            const double half_a = fixed_a ? 0 : by_a / 2;
            const double half_b = fixed_b ? 0 : by_b / 2;
            const double pivot = own - half_a - half_b - (i == 0 ? 0 : -half_a * above[i - 1]);
            above[i] = -half_b / pivot;
            move[i] = (residual + (i == 0 ? 0 : half_a * move[i - 1])) / pivot;
        }
        for (std::size_t i = n - 1; i-- > 0;) move[i] -= above[i] * move[i + 1];
        std::vector<double> next = q;
        for (std::size_t i = 0; i < n; ++i) next[i] += move[i];
        bool good = next.front() > low && next.back() < high;
        for (std::size_t i = 1; i < n; ++i) good = good && next[i - 1] < next[i];
        if (!good) {
            for (std::size_t i = 0; i < n; ++i) next[i] = q[i] + plain[i];
        }
        farthest = 0;
        for (std::size_t i = 0; i < n; ++i) farthest = std::max(farthest, std::fabs(next[i] - q[i]));
        q = std::move(next);
    }
    if (!(farthest < 1e-11)) throw std::runtime_error("absmax_levels did not converge");
    return q;
}

}  // namespace

std::vector<double> absmax_levels(const density& of, int levels, std::uint64_t block, int norm,
                                  absmax_construction construction, bool weighted) {
    const auto refuse = [](const std::string& name, std::uint64_t value, const std::string& allowed) {
        throw std::invalid_argument(name + " is " + std::to_string(value) + ", allowed: " + allowed);
    };
    if (levels < 4 || levels > 4096 || levels % 2 != 0)
        refuse("levels", static_cast<std::uint64_t>(std::max(levels, 0)), "even numbers from 4 to 4096");
    if (block < 2) refuse("block", block, "2 or more");
    const bool af4 = construction == absmax_construction::af4;
    if (norm < 1 || norm > 2 || (af4 && norm != 1))
        refuse("norm", static_cast<std::uint64_t>(std::max(norm, 0)), af4 ? "1 with construction af4" : "1 or 2");
    const float_environment environment;
    const ratio_law law(of, block, af4 || !weighted ? 0 : norm);
    std::vector<double> out{-1};
    const std::vector<double> below = solve(law, -1, 0, false, af4, levels / 2 - 2, norm);
    const std::vector<double> above = solve(law, 0, 1, af4, false, levels / 2 - 1, norm);
    out.insert(out.end(), below.begin(), below.end());
    out.push_back(0);
    out.insert(out.end(), above.begin(), above.end());
    out.push_back(1);
    return out;
}

}  // namespace halfulp
