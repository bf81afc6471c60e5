#include "grid.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "halfulp/rounding/project_codebook.hpp"

namespace halfulp::detail {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr int exponent_limit = 1000;

double value_of(const dyadic& d) {
    const double magnitude = std::ldexp(static_cast<double>(d.significand), d.exponent);
    return d.negative ? -magnitude : magnitude;
}

/// The gaps above zero, numbered from the lowest member that is not negative.
struct half_grid {
    std::vector<gap_run> runs;
    double lowest = 0;
    double highest = 0;
    std::uint64_t members = 0;

    void add(double first, double step, std::uint64_t count, double threshold, bool first_is_odd,
             bool always_up = false) {
        runs.push_back({1, first, step, count, threshold, first_is_odd, always_up, static_cast<std::int64_t>(members)});
        members += count;
        highest = first + static_cast<double>(count) * step;
    }
};

half_grid positive_half(const float_format& f) {
    half_grid out;
    const std::uint64_t max = f.max_magnitude();
    const int m = f.mantissa_bits;
    const auto step_of = [&](std::uint64_t field) {
        const dyadic v = f.magnitude_value(field << m | (f.low() == low_binade::normals && field == 0 ? 1 : 0));
        return v.exponent;
    };
    const low_binade low = f.low();
    std::uint64_t code = low == low_binade::zeros ? std::uint64_t{1} << m : low == low_binade::normals ? 1 : 0;
    if (low == low_binade::zeros || low == low_binade::normals) {  // zero, a gap, then the first member
        const double first = value_of(f.magnitude_value(code));
        out.add(0, first, 1, 0.5, false);
    } else {
        out.lowest = value_of(f.magnitude_value(0));
    }
    out.highest = value_of(f.magnitude_value(code));
    bool skipped = false;
    while (code < max) {
        const std::uint64_t field = code >> m;
        const int exponent = step_of(field);
        const std::uint64_t last =
            std::min(max, (field + 1) << m);  // the first member of the next binade ends this one's last gap
        if (exponent + m > exponent_limit) break;
        if (exponent + m < -exponent_limit) {
            out.members += last - code;
            out.runs.clear();
            code = last;
            skipped = true;
            continue;
        }
        if (skipped) out.runs.push_back({1, 0, value_of(f.magnitude_value(code)), 1, 0.5, false, false, 0});
        skipped = false;
        out.add(value_of(f.magnitude_value(code)), std::ldexp(1.0, exponent), last - code, 0.5, (code & 1) != 0);
        code = last;
    }
    ++out.members;
    return out;
}

half_grid positive_half(const posit_format& p) {
    half_grid out;
    const int top = p.max_exponent();
    const double minpos = std::ldexp(1.0, std::max(-top, -exponent_limit));
    out.add(0, minpos, 1, 0, false, true);
    std::uint64_t code = 1;
    while (code < p.max_magnitude()) {
        const dyadic at = p.magnitude_value(code);
        const int e = at.exponent + bit_length(at.significand) - 1;
        const posit_binade binade = p.binade(e);
        const std::uint64_t count = binade.fraction_bits > 0 ? std::uint64_t{1} << binade.fraction_bits : 1;
        const std::uint64_t next = code + count;
        if (e > exponent_limit) break;
        if (e >= -exponent_limit) {
            const double first = value_of(at);
            const double end = value_of(p.magnitude_value(next));
            // Nearest modes compare with the string that has one more bit: where exponent bits are cut off, half the
            // step of exponents.
            double threshold = 0.5;
            if (binade.fraction_bits < 0) {
                const int step = 1 << -binade.fraction_bits;
                threshold = (std::ldexp(first, step / 2) - first) / (end - first);
            }
            out.add(first, (end - first) / static_cast<double>(count), count, threshold, (code & 1) != 0);
        } else {
            out.members += count;
        }
        code = next;
    }
    ++out.members;
    return out;
}

/// Both signs of a grid that is symmetric about its zero.
void mirror(const half_grid& half, member_grid& out) {
    const auto zero = static_cast<std::int64_t>(half.members) - 1;
    for (const double sign : {1.0, -1.0}) {
        for (gap_run run : half.runs) {
            run.sign = sign;
            const auto own = static_cast<std::uint64_t>(run.member);
            run.member = static_cast<std::int64_t>(half.members - 1 + (sign > 0 ? own : ~own + 1));
            out.runs.push_back(run);
        }
        // Numbers of members are modulo 2^64, like those of the runs.
        const auto last = static_cast<std::int64_t>(2 * (half.members - 1));
        out.ends.push_back({sign, half.highest, infinity, half.highest, sign > 0 ? last : 0});
    }
    out.zero_member = zero;
    out.zero_scale_member = zero;
    out.count = 2 * static_cast<double>(zero) + 1;
    out.mirrored = true;
    out.largest = half.highest;
    out.smallest = -half.highest;
}

/// Nothing below the lowest member.
void one_sided(const half_grid& half, bool has_zero, member_grid& out) {
    out.runs = half.runs;
    out.ends.push_back({1, half.highest, infinity, half.highest, static_cast<std::int64_t>(half.members) - 1});
    if (half.lowest > 0) out.ends.push_back({1, 0, half.lowest, half.lowest, 0});
    out.ends.push_back({-1, 0, infinity, -half.lowest, 0});
    out.zero_member = has_zero ? 0 : -1;
    out.count = static_cast<double>(half.members);
    out.largest = half.highest;
    out.smallest = half.lowest;
}

void add(const float_format& f, member_grid& out) {
    const half_grid half = positive_half(f);
    if (f.is_signed) {
        mirror(half, out);
    } else {
        one_sided(half, f.has_zero(), out);
    }
}

void add(const posit_format& p, member_grid& out) { mirror(positive_half(p), out); }

void add(const fixed_format& f, member_grid& out) {
    const double step = std::ldexp(1.0, -int{f.fraction_bits});
    const std::uint64_t up = f.largest();
    const std::uint64_t down = f.largest_negative();
    const auto zero = static_cast<std::int64_t>(down);
    if (up > 0) out.runs.push_back({1, 0, step, up, 0.5, false, false, zero});
    if (down > 0) out.runs.push_back({-1, 0, step, down, 0.5, false, false, zero});
    out.largest = static_cast<double>(up) * step;
    out.smallest = -static_cast<double>(down) * step;
    out.ends.push_back({1, out.largest, infinity, out.largest, zero + static_cast<std::int64_t>(up)});
    out.ends.push_back({-1, -out.smallest, infinity, -out.smallest, 0});
    out.zero_member = zero;
    out.zero_scale_member = zero;
    out.count = static_cast<double>(up) + static_cast<double>(down) + 1;
    out.mirrored = up == down;
}

void add(const codebook& table, member_grid& out) {
    const auto members = table.members();
    const codebook_projector to_odd(table,
                                    {.rounding = rounding_mode::to_odd, .overflow = overflow_policy::sat_finite});
    std::vector<double> at;
    for (const codebook_member& m : members) at.push_back(value_of(m.value));
    std::vector<gap_run> below;
    for (std::size_t i = 0; i + 1 < at.size(); ++i) {
        const double a = at[i];
        const double b = at[i + 1];
        const bool negative = b <= 0;
        const double low = negative ? -b : a;
        // Which end is odd: where to_odd takes a number inside the gap.
        const double third = a + (b - a) / 3;
        int exponent = 0;
        const double fraction = std::frexp(std::fabs(third), &exponent);
        const auto significand = static_cast<std::uint64_t>(std::ldexp(fraction, 53));
        const projected to = to_odd.finite(third < 0, significand, exponent - 53, false, 0);
        const double went = value_of({to.negative, to.significand, to.exponent});
        const double away = negative ? a : b;
        const auto index = static_cast<std::int64_t>(negative ? i + 1 : i);
        const gap_run run{negative ? -1.0 : 1.0, low, b - a, 1, 0.5, went != away, false, index};
        (negative ? below : out.runs).push_back(run);
    }
    out.runs.insert(out.runs.end(), below.rbegin(), below.rend());
    const auto last = static_cast<std::int64_t>(at.size()) - 1;
    const double high = at.back();
    const double low = at.front();
    out.ends.push_back({1, std::max(high, 0.0), infinity, high, last});
    if (high < 0) out.ends.push_back({-1, 0, -high, -high, last});
    out.ends.push_back({-1, std::max(-low, 0.0), infinity, -low, 0});
    if (low > 0) out.ends.push_back({1, 0, low, low, 0});
    for (std::size_t i = 0; i < at.size(); ++i) {
        if (at[i] == 0) out.zero_member = static_cast<std::int64_t>(i);
    }
    out.zero_scale_member = out.zero_member;
    if (out.zero_member < 0) {  // the smallest magnitude, of two the positive one
        const auto nearest = std::min_element(at.begin(), at.end(), [](double x, double y) {
            return std::fabs(x) != std::fabs(y) ? std::fabs(x) < std::fabs(y) : x > y;
        });
        out.zero_scale_member = nearest - at.begin();
    }
    out.count = static_cast<double>(at.size());
    out.largest = high;
    out.smallest = low;
}

}  // namespace

member_grid grid_of(const format& f) {
    member_grid out;
    f.visit([&](const auto& is) { add(is, out); });
    return out;
}

}  // namespace halfulp::detail
