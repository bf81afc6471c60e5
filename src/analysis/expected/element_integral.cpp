#include "element_integral.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "gauss.hpp"

namespace halfulp::detail {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
/// From so many gaps in a panel on, Euler and Maclaurin's formula: what it leaves out is 10^-10 of the error and less.
constexpr std::uint64_t least_block = 256;

double information(double mass, double share = 1) { return mass > 0 ? -mass * std::log2(mass / share) : 0; }

}  // namespace

element_integral::element_integral(const density& of, const member_grid& grid, const gap_rule& rule, code_sums codes,
                                   std::size_t extra)
    : density_(of), grid_(grid), rule_(rule), code_sums_(codes), extra_(extra) {
    if (codes == code_sums::each) out_.codes.resize(static_cast<std::size_t>(grid.count));
    const density_part& first = of.parts()[0];
    one_normal_ = of.parts().size() == 1 && first.kind == density_kind::normal;
    center_ = first.mean;
    inverse_deviation_ = 1 / first.deviation;
    normal_factor_ = of.at(first.mean);
    // Both sides alike: one is looked at and counted twice.
    both_sides_alike_ = of.is_symmetric() && grid.mirrored && codes != code_sums::entropy && rule.alike_on_both_sides();
}

void element_integral::cut_line(std::span<const weight_step> steps) {
    // Ends of weights on both sides, and the density's panels.
    const auto edges = density_.edges();
    const auto weight_at = [&](double x) {
        const auto step = std::lower_bound(steps.begin(), steps.end(), std::fabs(x),
                                           [](const weight_step& s, double y) { return s.reach < y; });
        return step == steps.end() ? 0 : step->weight;
    };
    const double last = steps.empty() ? 0 : steps.back().reach;
    ends_.clear();
    // With two equal sides only the upper one is looked at.
    const auto first = std::upper_bound(edges.begin(), edges.end(), twofold_ ? 0 : -last);
    for (auto e = first; e != edges.end() && *e < last; ++e) ends_.push_back(*e);
    for (const weight_step& s : steps) {
        for (const double x : {-s.reach, s.reach}) {
            if (x >= edges.front() && x <= edges.back() && !(twofold_ && x <= 0)) ends_.push_back(x);
        }
    }
    if (twofold_) ends_.push_back(0);
    if (last > edges.back()) ends_.push_back(edges.back());
    if (!twofold_ && -last < edges.front()) ends_.push_back(edges.front());
    std::sort(ends_.begin(), ends_.end());
    cuts_.clear();
    line_start_ = ends_.empty() ? 0 : ends_.front();
    auto panel = static_cast<std::size_t>(std::upper_bound(edges.begin(), edges.end(), line_start_) - edges.begin());
    panel -= panel > 0;
    for (std::size_t i = 0; i + 1 < ends_.size(); ++i) {
        if (ends_[i] == ends_[i + 1]) continue;
        while (edges[panel + 1] <= ends_[i]) ++panel;
        const double weight = weight_at(ends_[i] / 2 + ends_[i + 1] / 2);
        cuts_.push_back({ends_[i + 1], weight, 1 / (edges[panel + 1] - edges[panel])});
    }
    beyond_below_ = !steps.empty() && steps.back().reach >= -edges.front() ? weight_at(edges.front()) : 0;
    beyond_above_ = !steps.empty() && steps.back().reach >= edges.back() ? weight_at(edges.back()) : 0;
    at_ = 0;
}

double element_integral::at(double x) const {
    if (!one_normal_) return density_.at(x);
    const double z = (x - center_) * inverse_deviation_;
    return normal_factor_ * std::exp(-z * z / 2);
}

void element_integral::seek(double x) {
    while (at_ + 1 < cuts_.size() && cuts_[at_].end <= x) ++at_;
    while (at_ > 0 && cuts_[at_ - 1].end > x) --at_;
}

template <class F>
void element_integral::over(double a, double b, F&& f) {
    if (cuts_.empty()) return;
    a = std::max(a, line_start_);
    b = std::min(b, cuts_.back().end);
    if (!(a < b)) return;
    seek(a);
    for (std::size_t i = at_; a < b; ++i) {
        const double end = std::min(b, cuts_[i].end);
        if (cuts_[i].weight != 0) f(a, end, cuts_[i].weight, points_for((end - a) * cuts_[i].per_panel, extra_));
        a = end;
    }
}

element_integral::part_sums element_integral::toward(double a, double b, double c) {
    part_sums out;
    over(a, b, [&](double left, double right, double weight, std::size_t points) {
        const double half = (right - left) / 2;
        const double middle = left + half;
        const double distance = c - middle;
        part_sums part;
        for (const gauss_point& g : gauss_points(points)) {
            const double place = half * g.place;
            const double p = g.weight * at(middle + place);
            const double e = distance - place;
            part.mass += p;
            part.error += p * e;
            part.squared += p * e * e;
        }
        out.mass += weight * half * part.mass;
        out.error += weight * half * part.error;
        out.squared += weight * half * part.squared;
    });
    return out;
}

void element_integral::count_code(double mass) {
    // The lower end of a gap, in ascending order: its code is then complete.
    if (at_base_) {
        base_ += mass;
        at_base_ = false;
    } else if (after_block_) {
        // Half the numbers of a code whose other half belongs to the block.
        out_.entropy += information(mass, 0.5);
        after_block_ = false;
    } else {
        out_.entropy += information(open_ + mass);
    }
    open_ = 0;
}

void element_integral::give(const gap_run& run, std::uint64_t i, bool upper, const part_sums& sum) {
    out_.squared += sum.squared;
    out_.error += sum.error;
    const double mass = sum.mass;
    const std::uint64_t steps = i + (upper ? 1 : 0);
    const auto member =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(run.member) + (run.sign > 0 ? steps : ~steps + 1));
    if (member == grid_.zero_member) out_.zero += mass;
    if (code_sums_ == code_sums::each) out_.codes[static_cast<std::size_t>(member)] += mass;
    if (code_sums_ != code_sums::entropy) return;
    if (upper) {
        open_ = mass;
    } else {
        count_code(mass);
    }
}

void element_integral::add_gap(const gap_run& run, std::uint64_t i, double scale) {
    const double step = run.step * scale;
    const double low = run.first * scale + static_cast<double>(i) * step;
    const double high = low + step;
    const auto between = [&](double u, double v, double target) {  // parts of the gap to an end of it
        const double a = u == 0 ? low : low + u * step;
        const double b = v == 1 ? high : low + v * step;
        return run.sign > 0 ? toward(a, b, target) : toward(-b, -a, -target);
    };
    if (!rule_.stochastic() || run.always_up) {
        const double t = rule_.threshold(run, run.first_is_odd != ((i & 1) != 0));
        const part_sums down = t > 0 ? between(0, t, low) : part_sums{};
        const part_sums up = t < 1 ? between(t, 1, high) : part_sums{};
        give(run, i, false, down);
        give(run, i, true, up);
        return;
    }
    part_sums down;
    part_sums up;
    const auto share = [](part_sums& to, const part_sums& from, double p) {
        to.mass += p * from.mass;
        to.error += p * from.error;
        to.squared += p * from.squared;
    };
    if (rule_.parts() > 0) {
        const int n = 2 * rule_.parts();
        for (int k = 0; k < n; ++k) {
            const double u = static_cast<double>(k) / n;
            const double v = static_cast<double>(k + 1) / n;
            const double p = rule_.on_half_part(k);
            if (p < 1) share(down, between(u, v, low), 1 - p);
            if (p > 0) share(up, between(u, v, high), p);
        }
    } else {
        const double a = run.sign > 0 ? low : -high;
        const double b = run.sign > 0 ? high : -low;
        over(a, b, [&](double left, double right, double weight, std::size_t points) {
            const auto include = [&](double x, double p, double mass) {
                const double e_up = run.sign * high - x;
                const double e_down = run.sign * low - x;
                up.mass += mass * p;
                up.error += mass * p * e_up;
                up.squared += mass * p * e_up * e_up;
                down.mass += mass * (1 - p);
                down.error += mass * (1 - p) * e_down;
                down.squared += mass * (1 - p) * e_down * e_down;
            };
            const double half = (right - left) / 2;
            const double middle = left + half;
            const auto place_of = [&](double x) { return (run.sign * x - low) / step; };
            for (const gauss_point& g : gauss_points(points + 1)) {
                const double x = middle + half * g.place;
                include(x, rule_.smooth(place_of(x)), weight * half * g.weight * density_.at(x));
            }
            // The staircase's corrections at both ends: [boundary × h], in units of u, and h is a density in x.
            // `include` with p = 1 less p = 0.
            const auto correct = [&](double x, double sign) {
                const double h = sign * rule_.boundary(place_of(x)) * weight * step * density_.at(x);
                if (h == 0) return;
                include(x, 1, -h);
                include(x, 0, h);
            };
            correct(right, run.sign);
            correct(left, -run.sign);
        });
    }
    give(run, i, false, down);
    give(run, i, true, up);
}

void element_integral::add_block(const gap_run& run, std::uint64_t i, std::uint64_t count, double scale) {
    const double unit = run.step * scale * rule_.unit_gaps();
    const double low = (run.first + static_cast<double>(i) * run.step) * scale;
    const double high = (run.first + static_cast<double>(i + count) * run.step) * scale;
    const double sign = run.sign;
    const cut& here = cuts_[at_];
    double mass = 0;
    double information_sum = 0;
    double fisher = 0;
    const double half = (high - low) / 2;
    for (const gauss_point& g : gauss_points(points_for((high - low) * here.per_panel, extra_))) {
        const double x = sign * (low + half + half * g.place);
        const double p = density_.at(x);
        mass += half * g.weight * p;
        if (code_sums_ == code_sums::entropy && p > 0) {
            const double slope = density_.slope(x);
            information_sum -= half * g.weight * p * (std::log2(p) + std::log2(unit));
            fisher += half * g.weight * slope * slope / p;
        }
    }
    // ∫ e(u) p over whole units: α ∫p + β unit [p] + γ unit² [p'], exact for p of degree 2 and less.
    const double inside = 1e-9 * (high - low);  // the density may jump at the panel's end
    const double density_step = density_.at(sign * (high - inside)) - density_.at(sign * (low + inside));
    const double slope_step = sign * (density_.slope(sign * (high - inside)) - density_.slope(sign * (low + inside)));
    const auto sum = [&](int power) {
        const double m0 = rule_.moment(power, 0, sign);
        const double m1 = rule_.moment(power, 1, sign);
        const double m2 = rule_.moment(power, 2, sign);
        const double beta = m1 - m0 / 2;
        const double gamma = (m2 - m0 / 3 - beta) / 2;
        return m0 * mass + beta * unit * density_step + gamma * unit * unit * slope_step;
    };
    out_.squared += here.weight * unit * unit * sum(2);
    out_.error += here.weight * sign * unit * sum(1);
    if (code_sums_ != code_sums::entropy) return;
    const double above = rule_.share_above(sign);
    out_.entropy +=
        information(open_, 1 - above) + information_sum + unit * unit * rule_.spread() / 2 * fisher / std::log(2.0);
    open_ = 0;
    after_block_ = true;
}

void element_integral::add_run(const gap_run& run, double scale) {
    const double step = run.step * scale;
    const double line_end = cuts_.empty() ? line_start_ : cuts_.back().end;
    const double from = run.sign > 0 ? line_start_ : -line_end;  // in y
    const double to = run.sign > 0 ? line_end : -line_start_;
    const bool blocks = code_sums_ != code_sums::each;
    for (std::uint64_t i = 0; i < run.count;) {
        const double y = (run.first + static_cast<double>(i) * run.step) * scale;
        if (y >= to) return;
        const std::uint64_t left = run.count - i;
        if (y + step <= from && left > 2) {  // nothing here yet
            const double skipped = std::floor((from - y) / step) - 1;
            if (skipped >= 1) {
                i += std::min(left - 1, skipped < 1e18 ? static_cast<std::uint64_t>(skipped) : left - 1);
                if (code_sums_ == code_sums::entropy) {
                    count_code(0);
                    at_base_ = after_block_ = false;
                }
                continue;
            }
        }
        // The first and the last gap of a run share members with others of another width.
        if (blocks && i > 0 && left > least_block && y >= from) {
            const bool odd = run.first_is_odd != ((i & 1) != 0);
            // Strictly inside the cut: in negative runs y goes down the line.
            const double x = run.sign * y;
            if (run.sign > 0) {
                seek(x);
            } else {
                seek(std::nextafter(x, -infinity));
            }
            const double end = run.sign > 0 ? cuts_[at_].end : -(at_ == 0 ? line_start_ : cuts_[at_ - 1].end);
            const double fit = std::floor((end - y) / step);
            if (!(rule_.to_odd() && odd) && fit >= static_cast<double>(least_block)) {
                std::uint64_t count = std::min(left - 1, fit < 1e18 ? static_cast<std::uint64_t>(fit) : left - 1);
                if (rule_.to_odd()) count &= ~std::uint64_t{1};
                if (count >= least_block) {
                    add_block(run, i, count, scale);
                    i += count;
                    continue;
                }
            }
        }
        add_gap(run, i, scale);
        ++i;
    }
}

void element_integral::add_end(const clamped_region& region, double scale) {
    const double sign = region.sign;
    const double from = region.from * scale;
    const double to = region.to * scale;
    const double target = sign * region.value * scale;
    part_sums sum = sign > 0 ? toward(from, to, target) : toward(-to, -from, target);
    const double beyond = sign > 0 ? beyond_above_ : beyond_below_;
    if (region.to == infinity && beyond != 0) {
        // |x| to the powers 0 to 2 beyond the last edge; e = sign (value - |x|).
        const bool negative = sign < 0;
        const double edge = std::fabs(negative ? density_.edges().front() : density_.edges().back());
        if (from <= edge) {
            const double value = region.value * scale;
            const double m0 = density_.beyond(negative, 0);
            const double m1 = density_.beyond(negative, 1);
            const double m2 = density_.beyond(negative, 2);
            sum.mass += beyond * m0;
            sum.error += beyond * sign * (value * m0 - m1);
            sum.squared += beyond * (value * value * m0 - 2 * value * m1 + m2);
        }
    }
    out_.squared += sum.squared;
    out_.error += sum.error;
    out_.saturated += sum.mass;
    if (region.member == grid_.zero_member) out_.zero += sum.mass;
    if (code_sums_ == code_sums::each) out_.codes[static_cast<std::size_t>(region.member)] += sum.mass;
    if (code_sums_ != code_sums::entropy) return;
    if (region.member == grid_.zero_scale_member && region.value <= 0) {
        base_ += sum.mass;  // negative numbers of a format without them
    } else if (region.from == 0) {
        base_ += sum.mass;
    } else {
        out_.entropy += information(open_ + sum.mass);
        open_ = 0;
    }
}

void element_integral::add_zero_scale() {
    part_sums all = toward(-infinity, infinity, 0);
    if (beyond_below_ != 0 || beyond_above_ != 0) {
        for (const bool negative : {false, true}) {
            const double weight = negative ? beyond_below_ : beyond_above_;
            all.mass += weight * density_.beyond(negative, 0);
            all.error += weight * (negative ? 1 : -1) * density_.beyond(negative, 1);
            all.squared += weight * density_.beyond(negative, 2);
        }
    }
    out_.squared += all.squared;
    out_.error += all.error;
    out_.zero += all.mass;
    if (code_sums_ == code_sums::each) out_.codes[static_cast<std::size_t>(grid_.zero_scale_member)] += all.mass;
}

void element_integral::add(double scale, std::span<const weight_step> steps) {
    twofold_ = both_sides_alike_ && scale != 0;
    cut_line(steps);
    if (!twofold_) {
        add_all(scale);
        return;
    }
    const error_tally before = std::exchange(out_, {});
    out_.codes.resize(before.codes.size());
    add_all(scale);
    const error_tally half = std::exchange(out_, before);
    out_.squared += 2 * half.squared;
    out_.saturated += 2 * half.saturated;
    out_.zero += 2 * half.zero;
    for (std::size_t i = 0; i < half.codes.size(); ++i) {
        out_.codes[i] += half.codes[i];
        out_.codes[half.codes.size() - 1 - i] += half.codes[i];
    }
    twofold_ = false;
}

void element_integral::add_between(double scale, double low, double high, double weight) {
    const auto edges = density_.edges();
    cuts_.clear();
    beyond_below_ = beyond_above_ = 0;
    at_ = 0;
    line_start_ = std::max(low, edges.front());
    high = std::min(high, edges.back());
    if (!(line_start_ < high)) return;
    auto after = std::upper_bound(edges.begin(), edges.end(), line_start_);
    while (true) {
        const double end = std::min(*after, high);
        cuts_.push_back({end, weight, 1 / (*after - *(after - 1))});
        if (end == high) break;
        ++after;
    }
    add_all(scale);
}

void element_integral::add_all(double scale) {
    if (scale == 0) {
        add_zero_scale();
        return;
    }
    for (const double sign : {1.0, -1.0}) {
        if (twofold_ && sign < 0) break;
        at_base_ = true;
        after_block_ = false;
        open_ = 0;
        for (const gap_run& run : grid_.runs) {
            if (run.sign == sign) add_run(run, scale);
        }
        for (const clamped_region& region : grid_.ends) {
            if (region.sign == sign) add_end(region, scale);
        }
    }
    if (code_sums_ == code_sums::entropy) {
        out_.entropy += information(base_);
        base_ = 0;
    }
}

void element_integral::add_edge(double scale, double place, double weight) {
    add_maximum(scale, place, weight);
    add_maximum(scale, -place, weight);
}

void element_integral::add_maximum(double scale, double x, double weight) {
    // The square of this counts for nothing, and first powers cancel.
    constexpr double rounding = 1e-9;
    add_point(scale * (1 + rounding), x, weight / 2);
    add_point(scale * (1 - rounding), x, weight / 2);
}

void element_integral::add_point(double scale, double x, double weight) {
    const double mass = weight * density_.at(x);
    if (mass == 0) return;
    const auto become = [&](double value, double share, std::int64_t member, bool saturated) {
        const double e = value - x;
        out_.error += mass * share * e;
        out_.squared += mass * share * e * e;
        if (saturated) out_.saturated += mass * share;
        if (member == grid_.zero_member || scale == 0) out_.zero += mass * share;
        if (code_sums_ == code_sums::each) out_.codes[static_cast<std::size_t>(member)] += mass * share;
    };
    if (scale == 0) {
        become(0, 1, grid_.zero_scale_member, false);
        return;
    }
    for (const gap_run& run : grid_.runs) {
        const double place = (run.sign * x / scale - run.first) / run.step;
        if (!(place >= 0 && place <= static_cast<double>(run.count))) continue;
        const auto i = std::min(static_cast<std::uint64_t>(place), run.count - 1);
        const double u = place - static_cast<double>(i);
        double p = u > 0 && u >= rule_.threshold(run, run.first_is_odd != ((i & 1) != 0)) ? 1 : 0;
        if (rule_.stochastic() && !run.always_up) p = rule_.staircase(u);
        const double low = (run.first + static_cast<double>(i) * run.step) * scale;
        const auto at = static_cast<std::int64_t>(i);
        const std::int64_t direction = run.sign > 0 ? 1 : -1;
        if (p < 1) become(run.sign * low, 1 - p, run.member + direction * at, false);
        if (p > 0) become(run.sign * (low + run.step * scale), p, run.member + direction * (at + 1), false);
        return;
    }
    for (const clamped_region& region : grid_.ends) {
        const double y = region.sign * x / scale;
        if (!(y >= region.from && y <= region.to)) continue;
        // A quotient that rounding has put beyond the end is no saturated number.
        become(region.sign * region.value * scale, 1, region.member, y > region.from * (1 + 1e-8));
        return;
    }
}

}  // namespace halfulp::detail
