// With M = max(|re|, |im|) and m = min(|re|, |im|): a number becomes its scale on the axis of its larger part, so the
// error is m² + (M - scale)². Both axes are equally likely, and M has the same distribution on each. In a group of n
// numbers with K on an axis, the squares about their own mean sum to (K - 1) Var M, so that E error = E m² + Var M (1 -
// 2 (1 - 2^-n) / n).
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "../../kernels/float_environment.hpp"
#include "gauss.hpp"
#include "halfulp/analysis/expected_error.hpp"
#include "scale_pieces.hpp"
#include "scale_range.hpp"

namespace halfulp {

expected_error expected_phase_error(const density& of, const phase_scales* scales) {
    using namespace detail;
    if (!of.is_symmetric()) {
        throw std::invalid_argument(
            "distribution is not symmetric about 0, which the complex code {±1, ±i} is computed for");
    }
    const float_environment environment;
    const magnitude_law law(of);
    // E M = ∫ (1 - G²), E M² = ∫ 2v (1 - G²) with 1 - G² = (1 - G)(1 + G).
    double mean = 0;
    double square = 0;
    double from = 0;
    for (const double to : law.ends()) {
        if (to <= from) continue;
        const auto beyond = [&](double v) { return law.outside(v) * (2 - law.outside(v)); };
        mean += integrate(from, to, 16, beyond);
        square += integrate(from, to, 16, [&](double v) { return 2 * v * beyond(v); });
        from = to;
    }
    const double signal = 2 * of.second_moment();
    // What Student's t leaves beyond the last edge, where both parts are never met: the integrals of one part's tail,
    // twice.
    const double tail = of.beyond(false, 0);
    mean += 2 * (2 * of.beyond(false, 1) - 2 * from * tail);
    square += 2 * (2 * of.beyond(false, 2) - 2 * from * from * tail);

    expected_error out;
    out.signal = signal;
    out.entropy = 2;
    out.saturated = std::numeric_limits<double>::quiet_NaN();
    if (scales == nullptr) {
        out.squared_error = signal - 2 * mean + 1;
    } else if (scales->group == 0) {
        const projector to_scale(scales->format, {.overflow = overflow_policy::sat_finite});
        const dyadic d = to_dyadic(mean);
        const projected p = to_scale.finite(false, d.significand, d.exponent, false, 0);
        const double scale = to_double({false, p.significand, p.exponent});
        out.squared_error = signal - 2 * scale * mean + scale * scale;
    } else {
        if (scales->format.precision() < 20) {
            throw std::invalid_argument(
                "scales are stored with " + std::to_string(scales->format.precision()) +
                " significant bits, allowed for finite groups of complex numbers: 20 or more, whose "
                "rounding counts for nothing");
        }
        require_scale_range(scales->format, "scales of " + to_string(format{scales->format}), of, mean);
        const auto n = static_cast<double>(scales->group);
        out.squared_error = signal - square + (square - mean * mean) * (1 - 2 * (1 - std::exp2(-n)) / n);
    }
    out.tolerance = 1e-13 * out.squared_error;
    return out;
}

}  // namespace halfulp
