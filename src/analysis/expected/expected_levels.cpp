#include "expected_levels.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gauss.hpp"

namespace halfulp::detail {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
/// Largest magnitudes with a probability below this, and their squares' share in the variance, count for nothing.
constexpr double negligible = 1e-18;
constexpr double log_negligible = -40;

}  // namespace

level_sum::level_sum(const scheme& s, std::vector<double> group_sizes, const magnitude_law& law, std::size_t extra)
    : sizes_(std::move(group_sizes)), law_(law), extra_(extra) {
    for (std::size_t l = 0; l < s.levels.size(); ++l) levels_.emplace_back(s, l);
    // The smallest magnitude, exactly, that at least P percent of the group do not exceed.
    if (s.percentile != 0) {
        const auto n = static_cast<std::uint64_t>(sizes_[0]);
        rank_ = static_cast<double>((uint128{n} * s.percentile + 999999) / 1000000);
    }
    for (const double n : sizes_) lowest_.push_back(lowest(n));
}

/// Where G^count begins to matter.
double level_sum::lowest(double count) const {
    if (law_.is_sample()) return 0;
    double low = 0;
    for (const double e : law_.ends()) {
        if (e > 0 && count * law_.log_inside(e) < log_negligible) low = e;
    }
    double high = infinity;
    for (const double e : law_.ends()) {
        if (e > low) {
            high = e;
            break;
        }
    }
    // To within a factor of 2 is enough, but 0 is no place to begin.
    while (high - low > 0.25 * high && high > 1e-60 * law_.ends().back()) {
        const double middle = low > 0 ? (low + high) / 2 : high / 2;
        (count * law_.log_inside(middle) < log_negligible ? low : high) = middle;
        if (high < law_.ends()[1] * 1e-30) break;
    }
    return low > 0 ? low : high;
}

/// at(v, weight) for places v of the maximum of `count` elements between low and high, weights those of ∫ dv.
template <class F>
void level_sum::over_maxima(double low, double high, double count, F&& at) {
    const auto part = [&](const auto& self, double a, double b, double panel, int depth) -> void {
        const double la = count * law_.log_inside(a);
        const double lb = count * law_.log_inside(b);
        if (lb < log_negligible) return;
        const double mass = la < -700 ? std::exp(lb) : std::exp(lb) * -std::expm1(la - lb);
        if (mass * std::max(b * b / law_.second_moment(), 1.0) < negligible) return;
        if (depth < 40 && (lb - std::max(la, log_negligible - 4) > 4 || (depth == 0 && panel > 0.3 * b))) {
            self(self, a, (a + b) / 2, panel, depth + 1);
            self(self, (a + b) / 2, b, panel, depth + 1);
            return;
        }
        const double half = (b - a) / 2;
        for (const gauss_point& g : gauss_points(10 + extra_)) at(a + half + half * g.place, half * g.weight);
    };
    double from = low;
    for (const double e : law_.ends()) {
        const double to = std::min(e, high);
        if (to <= from) continue;
        part(part, from, to, to - from, 0);
        from = to;
    }
}

void level_sum::value(std::size_t levels, const outer_scales& outer, double v, double weight) {
    if (weight == 0) return;
    if (levels == 0) {
        double scale = 1;
        for (const double o : outer) scale *= o;
        out_.push_back({scale, v, weight, false});
        return;
    }
    const std::size_t level = levels - 1;
    const level_scales& own = levels_[level];
    const double others = sizes_[level] - inner(level);
    outer_scales with = outer;
    with.push_back(0);
    if (own.is_quotient(law_)) {
        over_maxima(lowest_[level], v, sizes_[level], [&](double u, double du) {
            with.back() = own.quotient(u, outer);
            derivative(level, with, u, weight * du * law_.power(u, others));
            if (others > 0) {
                const double more = others * law_.power(u, others - 1) * law_.rate(u);
                value(level, with, u, weight * du * more);
            }
        });
        return;
    }
    double before = 0;
    double log_before = -std::numeric_limits<double>::infinity();
    for (const scale_piece& piece : own.pieces(lowest_[level], v, outer, law_)) {
        with.back() = piece.scale;
        const double log_end = law_.log_inside(piece.end);
        const auto power = [&](double log_g) { return others == 0 ? 1 : std::exp(others * log_g); };
        if (sizes_[level] * log_end > log_negligible) value(level, with, piece.end, weight * power(log_end));
        if (sizes_[level] * log_before > log_negligible) value(level, with, before, -weight * power(log_before));
        before = piece.end;
        log_before = log_end;
    }
}

void level_sum::derivative(std::size_t levels, const outer_scales& outer, double v, double weight) {
    if (weight == 0) return;
    if (levels == 0) {
        double scale = 1;
        for (const double o : outer) scale *= o;
        out_.push_back({scale, v, weight, true});
        return;
    }
    const std::size_t level = levels - 1;
    const level_scales& own = levels_[level];
    const double others = sizes_[level] - inner(level);
    outer_scales with = outer;
    with.push_back(own.is_quotient(law_) ? own.quotient(v, outer) : own.at(v, outer));
    derivative(level, with, v, weight * law_.power(v, others));
    if (others > 0) value(level, with, v, weight * others * law_.power(v, others - 1) * law_.rate(v));
}

namespace {

/// P(Binomial(n, q) >= k), its complement q' given for accuracy; and the derivative by q.
double at_least(double n, double k, double q, double rest) {
    if (k <= 0) return 1;
    if (k > n) return 0;
    double sum = 0;
    for (double j = k; j <= n; ++j) {
        sum += std::exp(std::lgamma(n + 1) - std::lgamma(j + 1) - std::lgamma(n - j + 1) +
                        (j > 0 ? j * std::log(q) : 0) + (n - j > 0 ? (n - j) * std::log(rest) : 0));
    }
    return sum;
}

double at_least_slope(double n, double k, double q, double rest) {
    if (k <= 0 || k > n) return 0;
    return std::exp(std::log(n) + std::lgamma(n) - std::lgamma(k) - std::lgamma(n - k + 1) +
                    (k - 1 > 0 ? (k - 1) * std::log(q) : 0) + (n - k > 0 ? (n - k) * std::log(rest) : 0));
}

}  // namespace

void level_sum::percentile() {
    const double others = sizes_[0] - 1;
    const auto a = [&](double v, auto&& of) {
        return of(others, rank_ - 1, std::exp(law_.log_inside(v)), law_.outside(v));
    };
    const auto b = [&](double v, auto&& of) {
        return of(others, rank_, std::exp(law_.log_inside(v)), law_.outside(v));
    };
    const level_scales& own = levels_[0];
    if (own.is_quotient(law_)) {
        over_maxima(lowest(1), infinity, 1, [&](double v, double dv) {
            const double scale = own.quotient(v, {});
            const double inside = a(v, at_least);
            const double outside = b(v, at_least);
            const double rate = law_.rate(v);
            out_.push_back({scale, v, dv * (inside - outside), true});
            out_.push_back({scale, v, dv * rate * (a(v, at_least_slope) - b(v, at_least_slope)), false});
            out_.push_back({scale, infinity, dv * rate * b(v, at_least_slope), false});
        });
        return;
    }
    const auto add = [&](double scale, double v, double weight) {
        if (v == infinity) {
            out_.push_back({scale, infinity, weight, false});
            return;
        }
        out_.push_back({scale, v, weight * (a(v, at_least) - b(v, at_least)), false});
        out_.push_back({scale, infinity, weight * b(v, at_least), false});
    };
    double before = -1;
    for (const scale_piece& piece : own.pieces(lowest(1), infinity, {}, law_)) {
        add(piece.scale, piece.end, 1);
        if (before >= 0) add(piece.scale, before, -1);
        before = piece.end;
    }
}

std::vector<level_term> level_sum::terms() {
    out_.clear();
    if (rank_ != 0) {
        percentile();
    } else {
        value(levels_.size(), {}, infinity, 1);
    }
    return std::move(out_);
}

}  // namespace halfulp::detail
