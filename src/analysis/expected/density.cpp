#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <string>

#include "../shown.hpp"
#include "gauss.hpp"
#include "halfulp/analysis/distribution.hpp"

namespace halfulp {
namespace {

constexpr double root_of_two = std::numbers::sqrt2;
constexpr double root_of_three = std::numbers::sqrt3;
constexpr double logistic_width = root_of_three / std::numbers::pi;  // of standard deviation 1

/// What a standardized density is to be multiplied by.
double normalization(const density_part& part) {
    switch (part.kind) {
        case density_kind::normal: return 1 / std::sqrt(2 * std::numbers::pi);
        case density_kind::laplace: return 1 / root_of_two;
        case density_kind::uniform: return 1 / (2 * root_of_three);
        case density_kind::logistic: return 1 / logistic_width;
        case density_kind::student_t: {
            const double n = part.freedom;
            // Γ(n/2 + 1/2) / Γ(n/2) / √(n/2) tends to 1. By logarithms it loses digits for large n: there Stirling's
            // series.
            const double h = 1 / n;
            const double ratio =
                n < 200 ? std::exp(std::lgamma((n + 1) / 2) - std::lgamma(n / 2)) / std::sqrt(n / 2)
                        : 1 + h * (-0.25 + h * (1.0 / 32 + h * (5.0 / 128 + h * (-21.0 / 2048 - h * 399.0 / 8192))));
            return ratio * std::sqrt(n / 2 / (std::numbers::pi * (n - 2)));
        }
    }
    return 0;
}

/// Without normalization.
double shape(const density_part& part, double z) {
    switch (part.kind) {
        case density_kind::normal: return std::exp(-z * z / 2);
        case density_kind::laplace: return std::exp(-root_of_two * std::fabs(z));
        case density_kind::uniform: return std::fabs(z) <= root_of_three ? 1 : 0;
        case density_kind::student_t: return std::exp(-(part.freedom + 1) / 2 * std::log1p(z * z / (part.freedom - 2)));
        case density_kind::logistic: {
            const double e = std::exp(-std::fabs(z) / logistic_width);
            return e / ((1 + e) * (1 + e));
        }
    }
    return 0;
}

/// The derivative of the logarithm.
double log_slope(const density_part& part, double z) {
    switch (part.kind) {
        case density_kind::normal: return -z;
        case density_kind::laplace: return z < 0 ? root_of_two : -root_of_two;
        case density_kind::uniform: return 0;
        case density_kind::student_t: return -(part.freedom + 1) * z / (part.freedom - 2 + z * z);
        case density_kind::logistic: return -std::tanh(z / (2 * logistic_width)) / logistic_width;
    }
    return 0;
}

/// Positive ends of panels of a standardized density, 0 among them where it bends there.
std::vector<double> half_edges(const density_part& part) {
    std::vector<double> out;
    const auto even = [&](double end) {
        for (double x = 0; x < end; x += 1) out.push_back(x);
        out.push_back(end);
    };
    switch (part.kind) {
        case density_kind::normal: even(39); break;  // the density there is the smallest of binary64
        case density_kind::laplace: even(300); break;  // 10^-184
        case density_kind::logistic: even(240); break;  // 10^-189
        case density_kind::uniform: out = {0, 0.5, 1, root_of_three}; break;
        case density_kind::student_t: {
            // Poles at ±i √(ν - 2). What lies beyond X has a share of X^(2 - ν) in the variance.
            const double n = part.freedom;
            const double end = std::pow(10, std::min(90.0, 3 + 17 / (n - 2)));
            double x = 0;
            while (x < end) {
                out.push_back(x);
                const double square = n - 2 + x * x;
                // Panels as wide as a part of the distance to the pole, and so that the density falls by no more than
                // e^4.
                x += std::min(0.6 * std::sqrt(square), std::max(1.0, 4 * square / ((n + 1) * std::max(x, 1.0))));
                if (n > 1e3 && x > 50 && shape(part, x) < 1e-290) break;
            }
            out.push_back(x);
            break;
        }
    }
    return out;
}

void check(const density_part& part) {
    const auto fail = [](const std::string& name, double value, const std::string& allowed) {
        throw std::invalid_argument(name + " is " + detail::shown(value) + ", allowed: " + allowed);
    };
    if (!(part.weight > 0) || !std::isfinite(part.weight)) fail("weight", part.weight, "finite numbers above 0");
    if (!(std::fabs(part.mean) <= 1e100)) fail("mean", part.mean, "magnitudes up to 1e100");
    if (!(part.deviation >= 1e-100 && part.deviation <= 1e100)) fail("sigma", part.deviation, "1e-100 to 1e100");
    if (part.kind == density_kind::student_t && !(part.freedom >= 2.1 && part.freedom <= 1e6)) {
        fail("nu", part.freedom,
             "2.1 to 1e6; the variance is infinite up to 2, and just above it in tails that no number reaches");
    }
}

}  // namespace

density::density(std::vector<density_part> parts) : parts_(std::move(parts)) {
    if (parts_.empty()) throw std::invalid_argument("parts is empty, allowed: one part or more");
    double total = 0;
    for (const density_part& part : parts_) {
        check(part);
        total += part.weight;
    }
    symmetric_ = true;
    for (density_part& part : parts_) {
        part.weight /= total;
        symmetric_ = symmetric_ && part.mean == 0;
        mean_ += part.weight * part.mean;
        factors_.push_back(part.weight * normalization(part) / part.deviation);
        for (const double e : half_edges(part)) {
            edges_.push_back(part.mean + e * part.deviation);
            edges_.push_back(part.mean - e * part.deviation);
        }
    }
    for (const density_part& part : parts_) {
        const double d = part.mean - mean_;
        variance_ += part.weight * (part.deviation * part.deviation + d * d);
    }
    std::sort(edges_.begin(), edges_.end());
    edges_.erase(std::unique(edges_.begin(), edges_.end()), edges_.end());
    below_.resize(edges_.size());
    above_.resize(edges_.size());
    const auto panel = [&](std::size_t i) {
        return detail::integrate(edges_[i], edges_[i + 1], 14, [&](double x) { return at(x); });
    };
    std::vector<double> masses(edges_.size() - 1);
    for (std::size_t i = 0; i < masses.size(); ++i) masses[i] = panel(i);
    // Both sums from the small ends, so that tails keep their digits.
    below_[0] = beyond(true, 0);
    for (std::size_t i = 0; i < masses.size(); ++i) below_[i + 1] = below_[i] + masses[i];
    above_.back() = beyond(false, 0);
    for (std::size_t i = masses.size(); i-- > 0;) above_[i] = above_[i + 1] + masses[i];
}

double density::at(double x) const noexcept {
    double sum = 0;
    for (std::size_t i = 0; i < parts_.size(); ++i)
        sum += factors_[i] * shape(parts_[i], (x - parts_[i].mean) / parts_[i].deviation);
    return sum;
}

double density::slope(double x) const noexcept {
    double sum = 0;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        const double z = (x - parts_[i].mean) / parts_[i].deviation;
        sum += factors_[i] * shape(parts_[i], z) * log_slope(parts_[i], z) / parts_[i].deviation;
    }
    return sum;
}

bool density::is_log_concave() const noexcept {
    return parts_.size() == 1 && parts_[0].kind != density_kind::student_t;
}

double density::below(double x) const noexcept {
    if (x <= edges_.front()) return x < edges_.front() ? 0 : below_.front();
    if (x >= edges_.back()) return 1;
    const auto i = static_cast<std::size_t>(std::upper_bound(edges_.begin(), edges_.end(), x) - edges_.begin()) - 1;
    return below_[i] + detail::integrate(edges_[i], x, 12, [&](double y) { return at(y); });
}

double density::above(double x) const noexcept {
    if (x >= edges_.back()) return x > edges_.back() ? 0 : above_.back();
    if (x <= edges_.front()) return 1;
    const auto i = static_cast<std::size_t>(std::upper_bound(edges_.begin(), edges_.end(), x) - edges_.begin());
    return above_[i] + detail::integrate(x, edges_[i], 12, [&](double y) { return at(y); });
}

double density::quantile(double probability) const noexcept {
    // The panel first, then the place in it: panels of heavy tails grow without end.
    const auto is_left = [&](double lower, double upper) {
        return probability <= 0.5 ? lower < probability : upper > 1 - probability;
    };
    std::size_t i = 0;
    while (i + 2 < edges_.size() && is_left(below_[i + 1], above_[i + 1])) ++i;
    double low = edges_[i];
    double high = edges_[i + 1];
    for (int step = 0; step < 100; ++step) {
        const double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high) break;
        (is_left(below(middle), above(middle)) ? low : high) = middle;
    }
    return low;
}

double density::beyond(bool negative, int power) const noexcept {
    // There p(x) = C |x|^-(ν + 1) but for a part of 10^-17 and less.
    const double edge = negative ? edges_.front() : edges_.back();
    double sum = 0;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        const density_part& part = parts_[i];
        if (part.kind != density_kind::student_t) continue;
        const double x = std::fabs(edge - part.mean);
        const double p = factors_[i] * shape(part, x / part.deviation);
        sum += p * std::pow(x, power + 1) / (part.freedom - power);
    }
    return sum;
}

}  // namespace halfulp
