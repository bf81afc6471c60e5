#include "mean_error.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "gauss.hpp"
#include "scale_pieces.hpp"
#include "scale_range.hpp"

namespace halfulp::detail {

magnitude_sums magnitudes_above(const sample_points& of, double t) {
    magnitude_sums out{0, 0};
    for (std::size_t i = 0; i < of.at.size(); ++i) {
        if (std::fabs(of.at[i]) <= t && t > 0) continue;
        out.mean += of.probability[i] * std::fabs(of.at[i]);
        out.probability += of.probability[i];
    }
    return out;
}

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct moments {
    double mean;
    double second;
    double sign;  ///< E sign(X), zero counting as +1
};

moments moments_of(const density& of) { return {of.mean(), of.second_moment(), of.above(0) - of.below(0)}; }

moments moments_of(const sample_points& of) {
    moments out{0, 0, 0};
    for (std::size_t i = 0; i < of.at.size(); ++i) {
        const double p = of.probability[i];
        out.mean += p * of.at[i];
        out.second += p * of.at[i] * of.at[i];
        out.sign += of.at[i] < 0 ? -p : p;
    }
    return out;
}

/// P(X > t) - P(X < -t).
double sign_beyond(const density& of, double t) { return of.above(t) - of.below(-t); }

double sign_beyond(const sample_points& of, double t) {
    double sum = 0;
    for (std::size_t i = 0; i < of.at.size(); ++i) {
        if (std::fabs(of.at[i]) > t) sum += of.at[i] < 0 ? -of.probability[i] : of.probability[i];
    }
    return sum;
}

[[noreturn]] void refuse(const scheme& s, const std::string& why) {
    throw std::invalid_argument("scheme is " + to_string(s) + ", whose scales are means of magnitudes: " + why);
}

/// Elements that share a scale; 0: the limit of many.
double group_size(const scheme& s, const expected_options& options) {
    const scale_group& g = s.levels[0].group;
    if (g.is_tensor()) return static_cast<double>(options.size);
    if (g.channel) return static_cast<double>(options.channel);
    return static_cast<double>(g.length) * static_cast<double>(g.is_tile() ? g.rows : 1);
}

double entropy_of_two(double p) { return p <= 0 || p >= 1 ? 0 : -p * std::log2(p) - (1 - p) * std::log2(1 - p); }

element_integral integral_of(const density& of, const scheme&, const member_grid& grid, const gap_rule& rule,
                             const expected_options&) {
    return {of, grid, rule, code_sums::each, 3};
}

sample_integral integral_of(const sample_points& of, const scheme& s, const member_grid&, const gap_rule&,
                            const expected_options& options) {
    return {of, s.element, options.rounding, options.random_bits, code_sums::each};
}

void require_range(const scheme& s, const density& of, double mean) {
    require_scale_range(s.levels[0].format, to_string(s), of, mean);
}

/// Samples are a user's own numbers: groups of zeros are among them.
void require_range(const scheme&, const sample_points&, double) {}

template <class Source>
expected_error finite_binary(const scheme& s, const Source& of, const expected_options& options, double n) {
    if (is_stochastic(options.rounding) || options.rounding > rounding_mode::nearest_ties_down) {
        refuse(s, "for finite groups they are computed with the nearest rounding modes alone");
    }
    if (s.levels[0].format.precision() < 20) {
        refuse(s,
               "for finite groups the rounding of the mean is computed for scale formats of 20 significant bits and "
               "more alone");
    }
    const moments m = moments_of(of);
    const double mean = magnitudes_above(of, 0).mean;
    require_range(s, of, mean);
    expected_error out;
    out.squared_error = m.second - mean * mean - (m.second - mean * mean) / n;
    // E[sign(x1) c] = (E x1 + (n - 1) E sign E|x|) / n.
    out.bias = (m.mean + (n - 1) * m.sign * mean) / n - m.mean;
    out.entropy = entropy_of_two((1 + m.sign) / 2);
    // |x| > c is no matter of one integral: left out, and told so.
    out.saturated = std::numeric_limits<double>::quiet_NaN();
    return out;
}

template <class Source>
expected_error of_means(const scheme& s, const Source& of, const expected_options& options) {
    const double n = group_size(s, options);
    const bool binary = shape_for_recipes(s) == recipe_shape::binary;
    if (n != 0 && binary) return finite_binary(s, of, options, n);
    if (n != 0) {
        refuse(
            s,
            "the mean of " + std::to_string(static_cast<std::uint64_t>(n)) +
                " magnitudes together with the elements has no integral of few variables; allowed: scales of the whole "
                "tensor or channel without a size, the limit of large ones");
    }
    const moments m = moments_of(of);
    const double gamma = magnitudes_above(of, 0).mean;
    const projector to_scale(s.levels[0].format, {.overflow = overflow_policy::sat_finite});
    const auto rounded = [&](double x) {
        const dyadic d = to_dyadic(x);
        const projected p = to_scale.finite(false, d.significand, d.exponent, false, 0);
        return to_double({false, p.significand, p.exponent});
    };
    expected_error out;
    if (s.scale_recipe == recipe::twn) {
        if (is_stochastic(options.rounding) || options.rounding > rounding_mode::nearest_ties_down)
            refuse(s, "recipe=twn has a threshold of its own and takes no rounding mode");
        const magnitude_sums kept = magnitudes_above(of, 0.7 * gamma);
        const double scale = kept.probability > 0 ? rounded(kept.mean / kept.probability) : 0;
        out.squared_error = m.second - 2 * scale * kept.mean + scale * scale * kept.probability;
        const double sign = sign_beyond(of, 0.7 * gamma);
        out.bias = scale * sign - m.mean;
        out.zero = 1 - kept.probability;
        const double up = (kept.probability + sign) / 2;
        const double down = (kept.probability - sign) / 2;
        for (const double p : {up, down, out.zero}) out.entropy -= p > 0 ? p * std::log2(p) : 0;
        out.saturated = magnitudes_above(of, scale).probability;
        return out;
    }
    const double scale = rounded(gamma);
    // A mean that has become 0 makes every element 0, whatever its code.
    double divisor = scale > 0 ? scale : gamma > 0 ? gamma : 1;
    if (!binary) {
        divisor =
            s.scale_recipe == recipe::clamp || s.scale_recipe == recipe::bitnet ? std::max(gamma, 1e-5) : gamma + 1e-5;
    }
    const member_grid grid = grid_of(s.element);
    const gap_rule rule(options.rounding, options.random_bits);
    auto sum = integral_of(of, s, grid, rule, options);
    const weight_step all{infinity, 1};
    sum.add(divisor, std::span(&all, 1));
    const error_tally& t = sum.sums();
    const double below = t.codes[0];
    const double above = t.codes.back();
    const double squares = below + above;
    const double product = (divisor * divisor * squares + m.second - t.squared) / (2 * divisor);
    out.squared_error = m.second - 2 * scale * product + scale * scale * squares;
    out.bias = scale * (above - below) - m.mean;
    out.zero = t.zero;
    out.saturated = t.saturated;
    for (const double p : t.codes) out.entropy -= p > 0 ? p * std::log2(p) : 0;
    return out;
}

}  // namespace

magnitude_sums magnitudes_above(const density& of, double t) {
    magnitude_sums out{of.beyond(false, 1) + of.beyond(true, 1), of.outside(t)};
    const auto edges = of.edges();
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
        for (const double sign : {1.0, -1.0}) {
            // The part of the panel on this side of t.
            const double a = std::max(sign > 0 ? edges[i] : -edges[i + 1], t);
            const double b = sign > 0 ? edges[i + 1] : -edges[i];
            if (a < b) out.mean += integrate(a, b, 14, [&](double y) { return y * of.at(sign * y); });
        }
    }
    return out;
}

expected_error mean_error(const scheme& s, const density& of, const expected_options& options) {
    return of_means(s, of, options);
}

expected_error mean_error(const scheme& s, const sample_points& of, const expected_options& options) {
    return of_means(s, of, options);
}

}  // namespace halfulp::detail
