#include "scale_range.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "../shown.hpp"
#include "gauss.hpp"
#include "scale_pieces.hpp"
#include "spread_of_maxima.hpp"

namespace halfulp::detail {
namespace {

/// Scales of affine integers follow their rounding up to this precision: see affine_error.cpp.
constexpr int most_stepped_affine_precision = 6;

/// Below its normal numbers a format loses bits; down to here it has this many.
constexpr int least_bits = 8;

double least_normal(const float_format& f) { return to_double(f.magnitude_value(f.min_normal_magnitude())); }
double least_scale(const float_format& f) {
    return std::ldexp(to_double(f.magnitude_value(f.min_positive_magnitude())), least_bits);
}
double largest(const float_format& f) { return to_double(f.magnitude_value(f.max_magnitude())); }

/// ∫ x² p(x) over |x| > v.
double second_moment_beyond(const density& of, double v) {
    double sum = of.beyond(false, 2) + of.beyond(true, 2);
    const auto edges = of.edges();
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
        for (const double sign : {1.0, -1.0}) {
            const double a = std::max(sign > 0 ? edges[i] : -edges[i + 1], v);
            const double b = sign > 0 ? edges[i + 1] : -edges[i];
            if (a < b) sum += integrate(a, b, 14, [&](double y) { return y * y * of.at(sign * y); });
        }
    }
    return sum;
}

[[noreturn]] void refuse(const float_format& f, const std::string& scheme_text, double mean_square) {
    throw std::invalid_argument("sigma makes a root mean square of " + shown(std::sqrt(mean_square)) +
                                ", allowed for " + scheme_text +
                                ": such that its scales, which count as exact, are in the range of their format, " +
                                shown(least_scale(f)) + " to " + shown(largest(f)));
}

}  // namespace

double out_of_scale_range(const scheme& s, const density& of, const std::vector<double>& groups, double squared_error) {
    if (s.levels.empty()) return 0;
    const float_format& f = s.levels.back().format;
    const int stepped = s.zero_point ? most_stepped_affine_precision : most_stepped_precision;
    if (is_power_of_two_scale(f) || f.precision() <= stepped) return 0;
    // The scale is the largest magnitude over this; a range that spans zero is up to twice the largest magnitude.
    // Double quantization stores differences of scales and their mean in the outer format.
    const double reach = s.zero_point     ? static_cast<double>(low_ones(s.element.bits()))
                         : s.double_quant ? to_double(s.element.scale_target())
                                          : 1 / level_scales(s, s.levels.size() - 1).quotient(1, {});
    const double high = largest(f) * reach / (s.zero_point ? 2 : 1);
    const double low = least_scale(f) * reach;
    const double group = s.double_quant ? groups.front() : groups.back();
    const magnitude_law law(of);
    const double signal = of.second_moment();
    const double over = second_moment_beyond(of, high) + std::min(1.0, group * of.outside(high)) * signal;
    const double under = std::exp(group * law.log_inside(low)) * std::min(low * low, signal);
    // Rounding a scale to so few bits, as left_out() in expected_error.cpp counts it.
    const double few_bits = std::exp(group * law.log_inside(least_normal(f) * reach)) * squared_error;
    return over + under + 8 * std::ldexp(few_bits, -2 * least_bits);
}

void require_scale_range(const scheme& s, const density& of, double changed, double squared_error) {
    if (changed > 0.1 * squared_error) refuse(s.levels.back().format, to_string(s), of.second_moment());
}

void require_scale_range(const float_format& f, const std::string& scheme_text, const density& of, double mean) {
    if (!(mean >= least_scale(f) && mean <= largest(f))) refuse(f, scheme_text, of.second_moment());
}

}  // namespace halfulp::detail
