#include "affine_sweep.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "gauss.hpp"

namespace halfulp::detail {
namespace {

/// Of the sum over all groups.
constexpr double negligible = 1e-18;
/// Bends closer than this, in scales, are one.
constexpr double same_place = 1e-11;
/// Of a piece, and the fewest are 2.
constexpr std::size_t most_points = 8;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// Integrals of the polynomial through the values at Gauss points, from -1 to each of them.
struct partial_rule {
    std::array<std::array<double, most_points>, most_points> to{};
};

partial_rule make_rule(std::size_t n) {
    partial_rule out;
    const auto points = gauss_points(n);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t k = 0; k < n; ++k) {
            out.to[i][k] = integrate(-1, points[i].place, n, [&](double x) {
                double product = 1;
                for (std::size_t j = 0; j < n; ++j) {
                    if (j != k) product *= (x - points[j].place) / (points[k].place - points[j].place);
                }
                return product;
            });
        }
    }
    return out;
}

const partial_rule& rule_of(std::size_t n) {
    static const auto all = [] {
        std::array<partial_rule, most_points + 1> rules;
        for (std::size_t i = 1; i <= most_points; ++i) rules[i] = make_rule(i);
        return rules;
    }();
    return all[n];
}

}  // namespace

std::size_t points_of_part(double panels, std::size_t extra) noexcept {
    if (extra == 0) return panels <= 0.05 ? 2 : panels <= 0.25 ? 3 : panels <= 0.5 ? 5 : 7;
    return panels <= 0.1 ? 3 : panels <= 0.25 ? 4 : panels <= 0.5 ? 6 : 8;
}

affine_sweep::affine_sweep(const density& of, const density_table& table, const gap_rule& rule, std::uint64_t most,
                           double group, std::size_t extra)
    : density_(of),
      table_(table),
      n_(group),
      extra_(extra),
      // The largest of many numbers lies within a small part of a panel.
      widest_(1 / (1 + std::floor(std::log2(group) / 8))),
      most_(most),
      // Modes change in the middle of a gap or at its ends; staircases of few steps at each of them.
      cuts_(static_cast<std::size_t>(2 * std::max(rule.parts(), 1))),
      second_moment_(of.second_moment()) {
    out_.codes.resize(static_cast<std::size_t>(most) + 1);
    if (rule.stochastic() && rule.parts() == 0) {
        first_edge_ = rule.boundary(0);
        last_edge_ = rule.boundary(1);
    }
    for (side* s : {&low_, &high_}) {
        s->sign = s == &low_ ? -1 : 1;
        const gap_run run{s->sign, 0, 1, most, 0.5, false, false, 0};
        for (std::size_t i = 0; i < cuts_ * static_cast<std::size_t>(most); ++i) {
            const std::size_t place = i % cuts_;
            chance up;
            if (!rule.stochastic()) {
                const double middle = (static_cast<double>(place) + 0.5) / static_cast<double>(cuts_);
                up.constant = rule.threshold(run, (i / cuts_ & 1) != 0) < middle ? 1 : 0;
            } else if (rule.parts() > 0) {
                up.constant = rule.on_half_part(static_cast<int>(place));
            } else {
                up = {rule.smooth(0), rule.smooth(1) - rule.smooth(0)};
            }
            s->chances.push_back(up);
        }
        const std::size_t intervals = s->chances.size() + 1;
        s->squared.resize(intervals);
        s->error.resize(intervals);
        s->about_zero.resize(intervals);
        s->to_lower.resize(intervals);
        s->to_upper.resize(intervals);
        s->upper.resize(static_cast<std::size_t>(most) + 1);
        s->member.resize(static_cast<std::size_t>(most) + 1);
        s->edge.resize(static_cast<std::size_t>(most) + 1);
    }
}

double affine_sweep::power(double p, double exponent) const {
    if (!(exponent <= 65536)) return std::pow(p, exponent);
    double out = 1;
    for (auto left = static_cast<std::uint32_t>(exponent); left > 0; left >>= 1) {
        if ((left & 1) != 0) out *= p;
        p *= p;
    }
    return out;
}

void affine_sweep::add_pieces(double from, double to, double width, double scale) {
    const double length = to - from;
    double panels = length / table_.least_panel();
    if (panels > 0.02) {
        double panel = infinity;
        for (const double l : {from, to}) panel = std::min({panel, table_.panel(-l), table_.panel(width - l)});
        panels = length / panel;
        if (panels > widest_) {
            add_pieces(from, (from + to) / 2, width, scale);
            add_pieces((from + to) / 2, to, width, scale);
            return;
        }
    }
    const double l = (from + to) / 2;
    const std::size_t points = points_of_part(panels, extra_);
    piece p{from, to, std::max(points, fewer_ + 2) - fewer_, 0, 0, 0, 0, {}};
    if (reach_ > 0) {
        const auto most = static_cast<double>(reach_);
        const auto cuts = static_cast<double>(cuts_);
        p.zero = static_cast<std::uint64_t>(std::min(most, std::floor(l / scale + 0.5)));
        p.low = static_cast<std::size_t>(std::min(cuts * most, std::floor(cuts * l / scale)));
        p.high = static_cast<std::size_t>(std::min(cuts * most, std::floor(cuts * (width - l) / scale)));
    }
    if (!pieces_.empty()) p.first_node = pieces_.back().first_node + pieces_.back().points;
    pieces_.push_back(p);
}

void affine_sweep::cut(double width, double scale) {
    bends_.clear();
    const double step = scale / static_cast<double>(cuts_);
    const std::size_t count = reach_ == 0 ? 0 : cuts_ * static_cast<std::size_t>(reach_);
    // Two ascending lists in one.
    std::size_t i = 1;
    std::size_t j = count;
    while (i <= count || j >= 1) {
        const double low = i <= count ? static_cast<double>(i) * step : infinity;
        const double high = j >= 1 ? width - static_cast<double>(j) * step : infinity;
        bends_.push_back(std::min(low, high));
        low <= high ? ++i : --j;
    }
    for (const double x : table_.marks()) bends_.push_back(x < 0 ? -x : width - x);
    if (!table_.marks().empty()) std::sort(bends_.begin(), bends_.end());
    pieces_.clear();
    double from = 0;
    for (const double to : bends_) {
        if (to <= from + same_place * scale || to >= width - same_place * scale) continue;
        add_pieces(from, to, width, scale);
        from = to;
    }
    add_pieces(from, width, width, scale);
}

void affine_sweep::restart(side& s, double scale) const {
    s.at = 0;
    s.looked_up = 0;
    s.local = {};
    s.squared[0] = s.error[0] = s.to_lower[0] = s.to_upper[0] = 0;
    s.about_zero[0] = {};
    if (first_edge_ != 0) s.edge[0] = density_.at(0) * scale;
    s.member[0] = 0;
}

void affine_sweep::advance(side& s, std::size_t interval) const {
    while (s.at < interval) {
        const std::size_t i = s.at;
        const std::size_t gap = i / cuts_;
        const chance up = s.chances[i];
        const moments& m = s.local;
        const double above = up.constant * m.mass + up.slope * m.first;
        s.squared[i + 1] =
            s.squared[i] + m.second + up.constant * (m.mass - 2 * m.first) + up.slope * (m.first - 2 * m.second);
        s.error[i + 1] = s.error[i] + above - m.first;
        s.to_lower[i + 1] = s.to_lower[i] + m.mass - above;
        s.to_upper[i + 1] = s.to_upper[i] + above;
        s.about_zero[i + 1] = s.about_zero[i];
        s.about_zero[i + 1].add(m.moved(static_cast<double>(gap)));
        s.local = {};
        ++s.at;
        if (s.at % cuts_ != 0) continue;
        if (first_edge_ != 0) {
            // The staircase's corrections at both ends of the gap: see gap_rule.hpp.
            const double begin = first_edge_ * s.edge[gap];
            const double end = last_edge_ * s.edge[gap + 1];
            s.squared[s.at] += begin + end;
            s.error[s.at] += begin - end;
            s.to_lower[s.at] += end - begin;
            s.to_upper[s.at] += begin - end;
        }
        s.member[gap] += s.to_lower[s.at];
        s.upper[gap] = s.to_upper[s.at];
        s.member[gap + 1] = s.to_upper[s.at];
        s.to_lower[s.at] = s.to_upper[s.at] = 0;
    }
}

template <std::size_t count>
affine_sweep::moments affine_sweep::integrate_by(side& s, const piece& p, double width, double scale) {
    const double half = (p.to - p.from) / 2;
    const double middle = p.from + half;
    const bool is_low = s.sign < 0;
    const double start = is_low ? middle : width - middle;
    const double inverse = 1 / scale;
    const auto member = static_cast<double>((is_low ? p.low : p.high) / cuts_);
    const gauss_point* const points = gauss_points(count).data();
    const partial_rule& rule = rule_of(count);
    std::array<moments, count> values;
    // In ascending order of l: on the upper half-line the last point comes first.
    node* const out = is_low ? nodes_.data() : high_nodes_.data() + p.first_node;
    moments all;
    for (std::size_t i = 0; i < count; ++i) {
        const double y = start + half * points[i].place;
        const double f = table_.look_up(!is_low, y, s.looked_up);
        const double u = y * inverse - member;
        const double mass = half * f;
        values[i] = {mass, mass * u, mass * u * u};
        all.add(values[i], points[i].weight);
        out[is_low ? i : count - 1 - i].density = f;
    }
    for (std::size_t i = 0; i < count; ++i) {
        moments part;
        for (std::size_t k = 0; k < count; ++k) part.add(values[k], rule.to[i][k]);
        out[is_low ? i : count - 1 - i].part = part;
    }
    return all;
}

affine_sweep::moments affine_sweep::integrate(side& s, const piece& p, double width, double scale) {
    switch (p.points) {
        case 2: return integrate_by<2>(s, p, width, scale);
        case 3: return integrate_by<3>(s, p, width, scale);
        case 4: return integrate_by<4>(s, p, width, scale);
        case 5: return integrate_by<5>(s, p, width, scale);
        case 6: return integrate_by<6>(s, p, width, scale);
        case 7: return integrate_by<7>(s, p, width, scale);
        default: return integrate_by<most_points>(s, p, width, scale);
    }
}

affine_sweep::rounded_end affine_sweep::end_at(const side& s, std::size_t interval, const moments& local,
                                               std::uint64_t most) const {
    const std::size_t last = static_cast<std::size_t>(most) * cuts_;
    const std::size_t gap = interval / cuts_;
    if (interval < last) {
        rounded_end out{local,
                        s.squared[interval],
                        s.error[interval],
                        s.to_lower[interval],
                        s.to_upper[interval],
                        gap,
                        s.chances[interval],
                        false,
                        0};
        if (first_edge_ != 0) {
            const double begin = first_edge_ * s.edge[gap];
            out.squared += begin;
            out.error += begin;
            out.to_lower -= begin;
            out.to_upper += begin;
        }
        return out;
    }
    rounded_end out{local, s.squared[last], s.error[last], 0, 0, static_cast<std::size_t>(most), {}, true, 0};
    if (interval > last) {
        const auto member = static_cast<double>(most);
        out.shift = static_cast<double>(gap) - member;
        moments between = s.about_zero[interval];
        between.add(s.about_zero[last], -1);
        out.inside = local.moved(out.shift);
        out.inside.add(between.moved(-member));
    }
    return out;
}

void affine_sweep::give_code(const side& s, std::uint64_t zero, std::size_t member, double mass) {
    const auto z = static_cast<std::size_t>(zero);
    out_.codes[s.sign > 0 ? z + member : z - member] += mass;
    if (member == 0) out_.zero += mass;
}

void affine_sweep::give(const side& s, const rounded_end& end, std::uint64_t zero, double between, const moments& near,
                        bool saturated, double scale) {
    moments m = near.moved(end.shift);
    m.add(end.inside, between);
    const chance up = end.up;
    const double above = up.constant * m.mass + up.slope * m.first;
    const double squared = m.second + up.constant * (m.mass - 2 * m.first) + up.slope * (m.first - 2 * m.second);
    out_.squared += scale * scale * (between * end.squared + squared);
    out_.error += s.sign * scale * (between * end.error + above - m.first);
    if (saturated) out_.saturated += m.mass;
    if (extra_ == 0) return;
    const double to_upper = above + between * end.to_upper;
    give_code(s, zero, end.member, m.mass - above + between * end.to_lower);
    if (!end.beyond) give_code(s, zero, end.member + 1, to_upper);
}

void affine_sweep::give_gaps(const side& s, std::uint64_t zero, std::size_t from, std::size_t to, double weight) {
    if (from >= to) return;
    const auto z = static_cast<std::size_t>(zero);
    double* const codes = out_.codes.data();
    // The first member has what its gap gives it, the last one what the gap below gives.
    const double first = weight * (from == 0 ? s.member[0] : s.member[from] - s.upper[from - 1]);
    give_code(s, zero, from, first);
    give_code(s, zero, to, weight * s.upper[to - 1]);
    const double* const members = s.member.data();
    if (s.sign > 0) {
        for (std::size_t k = from + 1; k < to; ++k) codes[z + k] += weight * members[k];
    } else {
        for (std::size_t k = from + 1; k < to; ++k) codes[z - k] += weight * members[k];
    }
}

void affine_sweep::give_whole_gaps(std::uint64_t zero) {
    if (gaps_.empty()) return;
    std::size_t low = gaps_[0].low;
    std::size_t high = gaps_[0].high;
    double weight = 0;
    for (const whole_gaps& g : gaps_) {
        low = std::min(low, g.low);
        high = std::min(high, g.high);
        weight += g.weight;
    }
    give_gaps(low_, zero, 0, low, weight);
    give_gaps(high_, zero, 0, high, weight);
    for (const whole_gaps& g : gaps_) {
        give_gaps(low_, zero, low, g.low, g.weight);
        give_gaps(high_, zero, high, g.high, g.weight);
    }
    gaps_.clear();
}

void affine_sweep::two_sided(const piece& p, double width, double scale, double weight) {
    const auto points = gauss_points(p.points);
    const double half = (p.to - p.from) / 2;
    const double mass =
        low_.about_zero[p.low].mass + low_.local.mass + high_.about_zero[p.high].mass + p.high_local.mass;
    const double bound = negligible / (n_ * n_ * std::max(1.0, width * width / second_moment_));
    const double member = static_cast<double>(p.low / cuts_);
    const double high_member = static_cast<double>(p.high / cuts_);
    double between = 0;
    moments low;
    moments high;
    for (std::size_t i = 0; i < p.points; ++i) {
        const node& at_low = nodes_[i];
        const node& at_high = high_nodes_[p.first_node + i];
        const double densities = weight * half * points[i].weight * at_low.density * at_high.density;
        if (!(densities > bound)) continue;
        const double inside = std::min(1.0, mass + at_low.part.mass + at_high.part.mass);
        if ((n_ - 2) * (1 - inside) > 50) continue;
        const double both = densities * (n_ - 1) * power(inside, n_ - 2);
        if (n_ > 2) {
            const double others = both * (n_ - 2) / inside;
            between += others;
            low.add(at_low.part, others);
            high.add(at_high.part, others);
        }
        const double l = p.from + half + half * points[i].place;
        const double u = l / scale - member;
        low.add({1, u, u * u}, both);
        const double v = (width - l) / scale - high_member;
        high.add({1, v, v * v}, both);
    }
    if (low.mass == 0) return;
    const rounded_end at_low = end_at(low_, p.low, low_.local, p.zero);
    const rounded_end at_high = end_at(high_, p.high, p.high_local, reach_ - p.zero);
    give(low_, at_low, p.zero, between, low, at_low.beyond && reach_ > 0, scale);
    give(high_, at_high, p.zero, between, high, at_high.beyond && reach_ > 0, scale);
    gaps_.push_back({at_low.member, at_high.member, between});
}

void affine_sweep::one_sided(const side& s, double width, double scale, double weight) {
    const double inside = std::min(1.0, s.about_zero[s.at].mass + s.local.mass);
    const double density = density_.at(s.sign * width);
    const double point = weight * density * power(inside, n_ - 1);
    if (!(n_ * point * std::max(1.0, width * width / second_moment_) > negligible)) return;
    const double place = width / scale;
    const std::uint64_t zero =
        s.sign > 0 || reach_ == 0
            ? 0
            : static_cast<std::uint64_t>(std::min(static_cast<double>(reach_), std::nearbyint(place)));
    const std::uint64_t most = s.sign > 0 ? reach_ : zero;
    if (n_ > 1) {
        const double between = (n_ - 1) * point / inside;
        const rounded_end end = end_at(s, s.at, s.local, most);
        give(s, end, zero, between, {}, end.beyond && reach_ > 0, scale);
        if (extra_ > 0) give_gaps(s, zero, 0, end.member, between);
    }
    // The scale is rounded up as often as down, so the quotient lies just below or just above a member.
    for (const double beside : {1 - 1e-9, 1 + 1e-9}) {
        const double y = place * beside;
        const double cuts = static_cast<double>(cuts_);
        const auto last = static_cast<double>(cuts_ * static_cast<std::size_t>(reach_));
        const auto interval = static_cast<std::size_t>(std::min(last, std::floor(cuts * y)));
        const rounded_end end = end_at(s, interval, {}, most);
        const double u = y - static_cast<double>(interval / cuts_);
        const double half = point / 2;
        give(s, end, zero, 0, {half, half * u, half * u * u},
             end.beyond && reach_ > 0 && y > static_cast<double>(most) * (1 + 1e-8), scale);
    }
}

void affine_sweep::add(double width, double scale, double weight, std::size_t fewer) {
    fewer_ = fewer;
    reach_ = scale > 0 ? most_ : 0;
    const double unit = scale > 0 ? scale : std::sqrt(second_moment_);
    cut(width, unit);
    const piece& last = pieces_.back();
    high_nodes_.resize(last.first_node + last.points);
    nodes_.resize(most_points);
    restart(low_, unit);
    restart(high_, unit);
    const auto find_edges = [&](side& s) {
        if (first_edge_ == 0) return;
        for (std::size_t k = 1; k <= reach_; ++k)
            s.edge[k] = density_.at(s.sign * static_cast<double>(k) * unit) * unit;
    };
    find_edges(low_);
    find_edges(high_);
    for (auto p = pieces_.rbegin(); p != pieces_.rend(); ++p) {
        advance(high_, p->high);
        p->high_local = high_.local;
        high_.local.add(integrate(high_, *p, width, unit));
    }
    std::uint64_t zero = 0;
    for (const piece& p : pieces_) {
        advance(low_, p.low);
        if (p.zero != zero) {
            give_whole_gaps(zero);
            zero = p.zero;
        }
        const moments all = integrate(low_, p, width, unit);
        if (n_ >= 2) two_sided(p, width, unit, weight);
        if (extra_ == 0) gaps_.clear();
        low_.local.add(all);
    }
    give_whole_gaps(zero);
    one_sided(high_, width, unit, weight);
    one_sided(low_, width, unit, weight);
}

}  // namespace halfulp::detail
