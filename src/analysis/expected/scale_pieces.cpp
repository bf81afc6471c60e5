#include "scale_pieces.hpp"

#include <bit>
#include <limits>

#include "gauss.hpp"

namespace halfulp::detail {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

double to_double(const dyadic& d) noexcept {
    const double magnitude = std::ldexp(static_cast<double>(d.significand), d.exponent);
    return d.negative ? -magnitude : magnitude;
}

dyadic to_dyadic(double x) noexcept {
    if (x == 0) return {};
    int exponent = 0;
    const double fraction = std::frexp(std::fabs(x), &exponent);
    return {x < 0, static_cast<std::uint64_t>(std::ldexp(fraction, 53)), exponent - 53};
}

double magnitude_law::inside(double v) const {
    double sum = 0;
    for (const double sign : {1.0, -1.0}) {
        double from = 0;
        for (std::size_t i = 1; from < v; ++i) {
            const double to = i < ends_.size() ? std::min(v, ends_[i]) : v;
            sum += integrate(from, to, 12, [&](double y) { return density_->at(sign * y); });
            from = to;
        }
    }
    return sum;
}

level_scales::level_scales(const scheme& s, std::size_t level)
    : rule_(s, level, nullptr, 32),
      format_(s.levels[level].format),
      by_search_(is_power_of_two_scale(format_)),
      fine_(!by_search_ && format_.precision() > most_stepped_precision) {
    reach_ = to_double(s.element.scale_target());
    for (std::size_t inner = 0; inner < level; ++inner) {
        const float_format& f = s.levels[inner].format;
        reach_ *= to_double(f.magnitude_value(f.max_magnitude()));
    }
    if (level == 0 && s.scale_recipe == recipe::nvfp4_torchao) least_ = 0x1p-6;
    if (level == 0 && s.scale_recipe == recipe::nvfp4_modelopt) least_ = 0x1p-9;
    if (!by_search_ && !fine_) {
        for (std::uint64_t code = 0; code <= format_.max_magnitude(); ++code) {
            const double v = to_double(format_.magnitude_value(code));
            if (values_.empty() || v > values_.back()) values_.push_back(v);
        }
    }
}

double level_scales::quotient(double v, std::span<const double> outer) const {
    double q = v / reach_;
    for (const double o : outer) q /= o;
    return q;
}

double level_scales::at(double v, std::span<const double> outer) const {
    std::array<dyadic, max_scale_levels> outside{};
    for (std::size_t i = 0; i < outer.size(); ++i) {
        if (outer[i] == 0) return 0;
        outside[i] = to_dyadic(outer[i]);
    }
    const auto scale = rule_.scale(to_dyadic(v), std::span<const dyadic>(outside).first(outer.size()), false, 0);
    return floor_of(to_double(scale.value));
}

std::vector<scale_piece> level_scales::rounded_quotients(double low, double high, std::span<const double> outer) const {
    double unit = reach_;
    for (const double o : outer) unit *= o;
    if (unit == 0) return {{high, 0}};
    std::vector<scale_piece> out;
    // Between two neighbours the nearer one: for quotients of a continuous variable ties are of no consequence.
    auto i = static_cast<std::size_t>(std::lower_bound(values_.begin(), values_.end(), low / unit) - values_.begin());
    i = i > 1 ? i - 2 : 0;
    for (; i < values_.size(); ++i) {
        const double end = i + 1 < values_.size() ? (values_[i] + values_[i + 1]) / 2 * unit : infinity;
        if (end <= low) continue;
        const double scale = floor_of(values_[i]);
        if (!out.empty() && out.back().scale == scale) out.pop_back();
        out.push_back({std::min(end, high), scale});
        if (end >= high) break;
    }
    return out;
}

std::vector<scale_piece> level_scales::pieces(double low, double high, std::span<const double> outer,
                                              const magnitude_law& law) const {
    std::vector<scale_piece> out;
    if (law.is_sample()) {
        for (const double v : law.ends()) {
            if (v > high) break;
            const double scale = v == 0 ? 0 : at(v, outer);
            if (!out.empty() && out.back().scale == scale) out.pop_back();
            out.push_back({v, scale});
        }
        return out;
    }
    if (!by_search_) return rounded_quotients(low, high, outer);
    // The rule is a staircase of the magnitude: a step is found by doubling, then by bisection of the numbers of
    // binary64.
    const double limit = std::min(high, law.ends().back());
    double v = low;
    while (true) {
        const double scale = at(v, outer);
        double inside = v;
        double outside = v;
        while (outside < limit && at(outside, outer) == scale) {
            inside = outside;
            outside *= 2;
        }
        if (outside >= limit && at(limit, outer) == scale) {
            out.push_back({high, scale});
            return out;
        }
        auto a = std::bit_cast<std::uint64_t>(inside);
        auto b = std::bit_cast<std::uint64_t>(std::min(outside, limit));
        while (b - a > 1) {
            const std::uint64_t middle = a + (b - a) / 2;
            (at(std::bit_cast<double>(middle), outer) == scale ? a : b) = middle;
        }
        out.push_back({std::bit_cast<double>(a), scale});
        v = std::bit_cast<double>(b);
    }
}

}  // namespace halfulp::detail
