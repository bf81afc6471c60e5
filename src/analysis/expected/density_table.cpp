#include "density_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace halfulp::detail {
namespace {

constexpr std::size_t terms = 9;
constexpr double infinity = std::numeric_limits<double>::infinity();
/// Of the largest value on a segment.
constexpr double largest_error = 1e-13;
/// A part of a mixture that is lower than this, in units of 1 / deviation, bends nothing.
constexpr double negligible = 1e-22;

/// Chebyshev's points, and what turns values there into coefficients of powers.
struct chebyshev_fit {
    std::array<double, terms> points{};
    std::array<std::array<double, terms>, terms> to_powers{};
};

const chebyshev_fit& fit() {
    static const chebyshev_fit all = [] {
        chebyshev_fit out;
        std::array<std::array<double, terms>, terms> polynomials{};  // of degree k, in powers
        polynomials[0][0] = 1;
        polynomials[1][1] = 1;
        for (std::size_t k = 2; k < terms; ++k) {
            for (std::size_t i = 0; i < terms; ++i)
                polynomials[k][i] = (i > 0 ? 2 * polynomials[k - 1][i - 1] : 0) - polynomials[k - 2][i];
        }
        for (std::size_t i = 0; i < terms; ++i) {
            const double angle = std::numbers::pi * (static_cast<double>(i) + 0.5) / static_cast<double>(terms);
            out.points[i] = std::cos(angle);
            for (std::size_t k = 0; k < terms; ++k) {
                const double share = std::cos(static_cast<double>(k) * angle) * (k == 0 ? 1 : 2) / terms;
                for (std::size_t j = 0; j < terms; ++j) out.to_powers[j][i] += share * polynomials[k][j];
            }
        }
        return out;
    }();
    return all;
}

}  // namespace

density_table::density_table(const density& of, double reach) : least_(infinity) {
    for (const density_part& part : of.parts()) largest_ = std::max(largest_, of.at(part.mean));
    for (const double sign : {-1.0, 1.0}) {
        std::vector<double> ends;
        for (const double e : of.edges()) {
            if (sign * e > 0) ends.push_back(sign * e);
        }
        std::sort(ends.begin(), ends.end());
        std::vector<segment>& line = sign > 0 ? upper_ : lower_;
        double from = 0;
        for (const double e : ends) {
            if (from >= reach) break;
            add_segments(of, sign, from, e, 0, line);
            from = e;
        }
        if (line.empty()) line.push_back({0, 0, 1, {}});
    }
    find_panels(of);
}

void density_table::add_segments(const density& of, double sign, double from, double to, int depth,
                                 std::vector<segment>& out) {
    const double half = (to - from) / 2;
    const double middle = from + half;
    std::array<double, terms> values{};
    double largest = 0;
    for (std::size_t i = 0; i < terms; ++i) {
        values[i] = of.at(sign * (middle + half * fit().points[i]));
        largest = std::max(largest, values[i]);
    }
    segment s{to, middle, 1 / half, {}};
    for (std::size_t k = 0; k < terms; ++k) {
        for (std::size_t i = 0; i < terms; ++i) s.coefficients[k] += fit().to_powers[k][i] * values[i];
    }
    const double allowed = largest_error * std::max(largest, 1e-13 * largest_);
    for (const double t : {-0.94, -0.17, 0.17, 0.94}) {  // between Chebyshev's points
        double sum = 0;
        for (std::size_t k = terms; k-- > 0;) sum = sum * t + s.coefficients[k];
        if (depth == 10 || std::fabs(sum - of.at(sign * (middle + half * t))) <= allowed) continue;
        add_segments(of, sign, from, middle, depth + 1, out);
        add_segments(of, sign, middle, to, depth + 1, out);
        return;
    }
    out.push_back(s);
}

void density_table::find_panels(const density& of) {
    std::vector<density> alone;
    for (density_part part : of.parts()) {
        if (part.kind == density_kind::uniform) {
            const double half = std::numbers::sqrt3 * part.deviation;
            kinks_.insert(kinks_.end(), {part.mean - half, part.mean + half});
        }
        if (part.kind == density_kind::laplace) kinks_.push_back(part.mean);
        marks_.push_back(part.mean);
        part.weight = 1;
        alone.emplace_back(std::vector<density_part>{part});
    }
    std::erase(kinks_, 0.0);
    std::erase(marks_, 0.0);
    marks_.insert(marks_.end(), kinks_.begin(), kinks_.end());
    const auto edges = of.edges();
    panel_ends_.push_back(edges.front());
    panels_.push_back(infinity);
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
        const double middle = edges[i] / 2 + edges[i + 1] / 2;
        double panel = infinity;
        for (const density& part : alone) {
            const auto own = part.edges();
            if (!(middle > own.front() && middle < own.back())) continue;
            if (part.at(middle) * part.parts()[0].deviation < negligible) continue;
            const auto after = std::upper_bound(own.begin(), own.end(), middle);
            panel = std::min(panel, *after - *(after - 1));
        }
        least_ = std::min(least_, panel);
        panel_ends_.push_back(edges[i + 1]);
        panels_.push_back(panel);
    }
    panels_.push_back(infinity);
}

double density_table::panel(double x) const {
    const auto end = std::upper_bound(panel_ends_.begin(), panel_ends_.end(), x);
    return panels_[static_cast<std::size_t>(end - panel_ends_.begin())];
}

}  // namespace halfulp::detail
