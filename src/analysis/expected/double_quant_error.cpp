#include "double_quant_error.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "gauss.hpp"
#include "scale_pieces.hpp"

namespace halfulp::detail {
namespace {

constexpr double negligible_log = -40;

/// Integrals over all elements of blocks, as densities over the block's largest magnitude m: of 1, c, c², x c and x².
struct block_moments {
    static constexpr std::size_t count = 5;
    std::array<double, count> at{};

    block_moments& add(const block_moments& other, double weight) {
        for (std::size_t i = 0; i < count; ++i) at[i] += weight * other.at[i];
        return *this;
    }
    [[nodiscard]] double mass() const noexcept { return at[0]; }
    /// The error's square where elements have the scale s again.
    [[nodiscard]] double squared(double s) const noexcept { return at[4] - 2 * s * at[3] + s * s * at[2]; }
};

class block_law {
  public:
    block_law(const scheme& s, const density& of, const gap_rule& rule, double group, std::size_t extra)
        : density_(of),
          law_(of),
          grid_(grid_of(s.element)),
          rule_(rule),
          extra_(extra),
          n_(group),
          reach_(to_double(s.element.scale_target())),
          codes_(static_cast<std::size_t>(grid_.count)) {
        members_.resize(codes_.size());
        for (const gap_run& run : grid_.runs) {
            for (std::uint64_t i = 0; i <= run.count; ++i) {
                const auto step = static_cast<std::int64_t>(i);
                members_[static_cast<std::size_t>(run.member + (run.sign > 0 ? step : -step))] =
                    run.sign * (run.first + static_cast<double>(i) * run.step);
            }
        }
        // Panels of m on which everything is a polynomial of low degree, and the values at its nodes.
        double from = 0;
        for (const double e : law_.ends()) {
            for (int part = 0; part < 6 && e > 0; ++part)
                add_panel(from + (e - from) * part / 6, from + (e - from) * (part + 1) / 6);
            from = e;
        }
    }

    struct panel {
        double from;
        double to;
        std::vector<block_moments> nodes;
    };
    [[nodiscard]] const std::vector<panel>& panels() const noexcept { return panels_; }
    [[nodiscard]] std::size_t points() const noexcept { return 12 + extra_; }
    [[nodiscard]] double lowest() const noexcept { return panels_.front().from; }
    [[nodiscard]] double highest() const noexcept { return panels_.back().to; }
    [[nodiscard]] const std::vector<double>& codes() const noexcept { return codes_; }
    [[nodiscard]] double zero() const noexcept { return zero_; }

    /// The densities at m, by Lagrange's formula on its panel; zeros outside all.
    [[nodiscard]] block_moments at(double m) const {
        block_moments out;
        if (m < lowest() || m > highest()) return out;
        auto p = std::upper_bound(panels_.begin(), panels_.end(), m, [](double x, const panel& q) { return x < q.to; });
        if (p == panels_.end()) --p;
        const auto points = gauss_points(p->nodes.size());
        const double x = (m - (p->from + p->to) / 2) / ((p->to - p->from) / 2);
        // Barycentric weights of Legendre's places: ± √((1 - x²) w).
        double total = 0;
        double sign = 1;
        for (std::size_t i = 0; i < points.size(); ++i, sign = -sign) {
            const double d = x - points[i].place;
            if (d == 0) return p->nodes[i];
            const double w = sign * std::sqrt((1 - points[i].place * points[i].place) * points[i].weight) / d;
            total += w;
            out.add(p->nodes[i], w);
        }
        for (double& v : out.at) v /= total;
        return out;
    }

    /// The integral over [a, b].
    [[nodiscard]] block_moments between(double a, double b) const {
        block_moments out;
        a = std::max(a, lowest());
        b = std::min(b, highest());
        auto first =
            std::upper_bound(panels_.begin(), panels_.end(), a, [](double x, const panel& q) { return x < q.to; });
        for (; first != panels_.end() && first->from < b; ++first) {
            const panel& p = *first;
            const double from = std::max(a, p.from);
            const double to = std::min(b, p.to);
            if (!(from < to)) continue;
            const bool whole = from == p.from && to == p.to;
            const double part = (to - from) / (p.to - p.from);
            const std::size_t n = whole ? p.nodes.size() : part < 0.05 ? 2 : part < 0.3 ? 4 : 9;
            const double half = (to - from) / 2;
            std::size_t i = 0;
            for (const gauss_point& g : gauss_points(n)) {
                out.add(whole ? p.nodes[i] : at(from + half + half * g.place), half * g.weight);
                ++i;
            }
        }
        return out;
    }

  private:
    void add_panel(double from, double to) {
        if (n_ * law_.log_inside(to) < negligible_log) return;
        const double beyond = n_ * law_.outside(from) * std::max(1.0, to * to / density_.second_moment());
        if (beyond < 1e-18) return;
        panel p{from, to, {}};
        const double half = (to - from) / 2;
        for (const gauss_point& g : gauss_points(points())) {
            p.nodes.push_back(moments_at(from + half + half * g.place, half * g.weight));
        }
        panels_.push_back(std::move(p));
    }

    block_moments moments_at(double m, double share) {
        const double scale = m / reach_;
        const double others = n_ < 2 ? 0 : (n_ - 1) * law_.power(m, n_ - 2) * law_.rate(m);
        const double own = law_.power(m, n_ - 1);
        element_integral sum(density_, grid_, rule_, code_sums::each, extra_);
        sum.add_between(scale, -m, m, others);
        sum.add_edge(scale, m, own);
        const error_tally& t = sum.sums();
        block_moments out;
        for (std::size_t i = 0; i < codes_.size(); ++i) {
            out.at[0] += t.codes[i];
            out.at[1] += t.codes[i] * members_[i];
            out.at[2] += t.codes[i] * members_[i] * members_[i];
            codes_[i] += share * t.codes[i];
        }
        zero_ += share * t.zero;
        const double squares = others * second_moment_within(m) + own * law_.rate(m) * m * m;
        out.at[4] = squares;
        // E (s c - x)² = s² E c² - 2 s E x c + E x².
        out.at[3] = (scale * scale * out.at[2] + squares - t.squared) / (2 * scale);
        return out;
    }

    [[nodiscard]] double second_moment_within(double m) const {
        double sum = 0;
        const auto edges = density_.edges();
        for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
            const double a = std::max(edges[i], -m);
            const double b = std::min(edges[i + 1], m);
            if (a < b) sum += integrate(a, b, 12, [&](double x) { return x * x * density_.at(x); });
        }
        return sum;
    }

    const density& density_;
    magnitude_law law_;
    member_grid grid_;
    const gap_rule& rule_;
    std::size_t extra_;
    double n_;
    double reach_;
    std::vector<double> codes_;
    double zero_ = 0;
    std::vector<double> members_;
    std::vector<panel> panels_;
};

}  // namespace

error_tally double_quant_tally(const scheme& s, const density& of, const gap_rule& rule, double group, double run,
                               std::size_t extra) {
    const block_law blocks(s, of, rule, group, extra);
    const double reach = to_double(s.element.scale_target());
    double mean = 0;
    for (const block_law::panel& p : blocks.panels()) {
        const double half = (p.to - p.from) / 2;
        std::size_t i = 0;
        for (const gauss_point& g : gauss_points(p.nodes.size()))
            mean += half * g.weight * p.nodes[i++].mass() * (p.from + half + half * g.place) / reach;
    }
    // The table, ascending, and the midpoints of its neighbours.
    std::vector<double> table;
    for (const codebook_member& m : s.levels[0].stored->members()) table.push_back(to_double(m.value));
    std::vector<double> middles;
    for (std::size_t i = 0; i + 1 < table.size(); ++i) middles.push_back((table[i] + table[i + 1]) / 2);
    const double largest = to_double(s.levels[0].stored->largest_magnitude());

    error_tally out;
    out.codes = blocks.codes();
    out.zero = blocks.zero();
    // Everything in terms of scales: densities over m become integrals over cells of m = reach × scale.
    const auto stored = [&](double d, double a) {
        const auto place = std::lower_bound(middles.begin(), middles.end(), d / a * largest) - middles.begin();
        return a / largest * table[static_cast<std::size_t>(place)] + mean;
    };
    const auto mass_within = [&](double a) { return blocks.between(reach * (mean - a), reach * (mean + a)).mass(); };
    const auto at_place = [&](double a, double weight) {
        const double h = mass_within(a);
        const block_moments low = blocks.at(reach * (mean - a));
        const block_moments high = blocks.at(reach * (mean + a));
        const double rate = reach * (low.mass() + high.mass());
        const double inside = weight * (run - 1) * std::pow(h, run - 2) * rate;
        const double edge = weight * std::pow(h, run - 1) * reach;
        for (const auto& [moments, d] : {std::pair(&low, -a), std::pair(&high, a)}) {
            const double scale = stored(d, a);
            out.squared += edge * moments->squared(scale);
            out.error += edge * scale * moments->at[1];
        }
        if (inside == 0) return;
        double from = -a;
        for (std::size_t i = 0; i < table.size(); ++i) {
            const double to = i < middles.size() ? std::min(a, middles[i] * a / largest) : a;
            if (to <= from) continue;
            const block_moments cell = blocks.between(reach * (mean + from), reach * (mean + to));
            const double scale = a / largest * table[i] + mean;
            out.squared += inside * cell.squared(scale);
            out.error += inside * scale * cell.at[1];
            from = to;
        }
    };
    // Places of the largest deviation: where one of the two tails ends there is a bend.
    const double most = blocks.highest() / reach - mean;
    const double least = mean - blocks.lowest() / reach;
    std::vector<double> ends{0, std::min(most, least), std::max(most, least)};
    const auto part = [&](const auto& self, double a, double b, int depth) -> void {
        const double low = run * std::log(mass_within(a));
        const double high = run * std::log(mass_within(b));
        if (!(high > negligible_log)) return;
        if (depth < 30 && (depth < 3 || high - std::max(low, negligible_log - 4) > 4)) {
            self(self, a, (a + b) / 2, depth + 1);
            self(self, (a + b) / 2, b, depth + 1);
            return;
        }
        if (-std::expm1(low - high) * std::exp(high) < 1e-17) return;
        const double half = (b - a) / 2;
        for (const gauss_point& g : gauss_points(8 + extra)) at_place(a + half + half * g.place, half * g.weight);
    };
    for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
        if (ends[i] < ends[i + 1]) part(part, ends[i], ends[i + 1], 0);
    }
    out.error -= of.mean();
    return out;
}

}  // namespace halfulp::detail
