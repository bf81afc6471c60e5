#include "sample_integral.hpp"

#include <algorithm>
#include <cmath>

#include "scale_pieces.hpp"

namespace halfulp::detail {
namespace {

projection saturating(rounding_mode mode) {
    return {.rounding = mode, .overflow = overflow_policy::sat_finite, .nan = nan_policy::to_max};
}

double value_of(const projected& x) { return to_double({x.negative, x.significand, x.exponent}); }

}  // namespace

sample_integral::sample_integral(const sample_points& of, const format& element, rounding_mode mode, int random_bits,
                                 code_sums codes)
    : points_(of),
      element_(element),
      mode_(mode),
      random_bits_(random_bits),
      code_sums_(codes),
      to_(element, saturating(is_stochastic(mode) ? rounding_mode::nearest_ties_to_even : mode)),
      toward_(element, saturating(rounding_mode::toward_zero)),
      away_(element, saturating(rounding_mode::away_from_zero)) {
    const member_grid grid = grid_of(element);
    smallest_ = grid.smallest;
    largest_ = grid.largest;
    if (codes != code_sums::none) out_.codes.resize(static_cast<std::size_t>(element.max_code()) + 1);
}

void sample_integral::become(double x, double scale, const projected& member, double mass) {
    const double e = value_of(member) * scale - x;
    out_.error += mass * e;
    out_.squared += mass * e * e;
    if (member.significand == 0 || scale == 0) out_.zero += mass;
    if (code_sums_ != code_sums::none) {
        projected code = member;
        if (code.significand == 0) code.negative = false;  // zeros of both signs are one number
        out_.codes[static_cast<std::size_t>(to_.code(code))] += mass;
    }
}

void sample_integral::add(double scale, std::span<const weight_step> steps) {
    for (std::size_t i = 0; i < points_.at.size(); ++i) {
        const double x = points_.at[i];
        const auto step = std::lower_bound(steps.begin(), steps.end(), std::fabs(x),
                                           [](const weight_step& s, double y) { return s.reach < y; });
        if (step == steps.end() || step->weight == 0) continue;
        const double mass = points_.probability[i] * step->weight;
        if (x == 0 || scale == 0) {
            become(x, scale, to_.zero(false), mass);
            continue;
        }
        const dyadic number = to_dyadic(x);
        const dyadic divisor = to_dyadic(scale);
        const extended q = exact_quotient(number, std::span<const dyadic>(&divisor, 1));
        const double quotient = x / scale;
        if (quotient > largest_ || quotient < smallest_) out_.saturated += mass;
        if (!is_stochastic(mode_)) {
            become(x, scale, to_.finite(number.negative, q.significand, q.exponent, q.sticky, 0), mass);
            continue;
        }
        const double away =
            std::ldexp(static_cast<double>(count_away(quotient, element_, mode_, random_bits_)), -random_bits_);
        if (away < 1)
            become(x, scale, toward_.finite(number.negative, q.significand, q.exponent, q.sticky, 0),
                   mass * (1 - away));
        if (away > 0)
            become(x, scale, away_.finite(number.negative, q.significand, q.exponent, q.sticky, 0), mass * away);
    }
}

}  // namespace halfulp::detail
