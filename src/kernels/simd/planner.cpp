#include "planner.hpp"

#include <algorithm>
#include <limits>

#include "halfulp/codecs/codec.hpp"

namespace halfulp::simd {
namespace {

template <class Lane>
using bits_of = typename lane_types<Lane>::bits;

/// The bits of 2^exponent, a normal number of the lane.
template <class Lane>
bits_of<Lane> power_bits(int exponent) {
    return static_cast<bits_of<Lane>>(exponent + lane_types<Lane>::bias) << lane_types<Lane>::mantissa_bits;
}

template <class Lane>
constexpr int lane_emin = 1 - lane_types<Lane>::bias;
template <class Lane>
constexpr int lane_emax = lane_types<Lane>::bias;

/// A result as the kernel stores it.
template <class Lane>
class result_maker {
  public:
    result_maker(const float_format& format, const projection& how, bool codes)
        : grid_(format), keep_(how.nan == nan_policy::keep), codes_(codes) {}

    bits_of<Lane> operator()(const projected& x) const {
        if (codes_) return static_cast<bits_of<Lane>>(to_code(x, grid_));
        if (x.missing_nan && keep_) return static_cast<bits_of<Lane>>(carrier_traits<Lane>::format.nan_code());
        return static_cast<bits_of<Lane>>(to_code(x, carrier_grid<Lane>));
    }

  private:
    float_grid grid_;
    bool keep_;
    bool codes_;
};

/// The policies' answers. False where one of them has to be reported in the middle of ordinary numbers.
template <class Lane>
bool fill_outcome(outcome<Lane>& out, const float_format& format, const projection& how, bool codes) {
    const projector to(format, how);
    const result_maker<Lane> made(format, how, codes);
    const bool unbounded = to.overflow == overflow_policy::unbounded;
    // Far beyond the largest member, whatever the mode.
    const int beyond = format.emax() + 3;
    const projected over[2] = {to.finite(false, std::uint64_t{1}, beyond, false, 0),
                               to.finite(true, std::uint64_t{1}, beyond, false, 0)};
    const bool raises = how.nan == nan_policy::raise;
    if (raises && !unbounded && (over[0].missing_nan || over[1].missing_nan)) return false;
    out.overflow = {made(over[0]), made(over[1])};
    out.infinity = {made(to.infinity(false)), made(to.infinity(true))};
    out.nan = {made(to.nan_result(false)), made(to.nan_result(true))};
    out.signed_zero = format.has_negative_zero();
    out.report_special =
        raises && (to.nan_result(false).missing_nan || to.infinity(false).missing_nan || to.infinity(true).missing_nan);
    if (codes) {
        out.largest = static_cast<bits_of<Lane>>(format.max_magnitude());
        if ((out.largest & lane_types<Lane>::sign) != 0)
            return false;  // magnitudes are compared with their top bit clear
        out.sign_down = static_cast<int>(sizeof(Lane)) * 8 - std::max(format.bits(), 1);
        if (!format.is_signed) out.sign_down = 1;  // the sign is never stored
    } else {
        out.largest = unbounded ? lane_types<Lane>::infinity - 1 : made(to.largest(false));
        out.sign_down = 0;
    }
    return true;
}

/// K of aligned_kernel.hpp for a deterministic mode: base, and what a negative sign and an odd lower neighbour add to it.
template <class Lane>
void fill_addends(aligned_plan<Lane>& plan, rounding_mode mode) {
    using bits = bits_of<Lane>;
    if (plan.dropped == 0) return;
    const bits half = bits{1} << (plan.dropped - 1);
    const bits most = (half << 1) - 1;
    const bits less_one = ~bits{0};
    switch (mode) {
        case rounding_mode::nearest_ties_to_even: plan.base = half - 1, plan.odd = 1; break;
        case rounding_mode::nearest_ties_to_odd: plan.base = half, plan.odd = less_one; break;
        case rounding_mode::nearest_ties_to_away: plan.base = half; break;
        case rounding_mode::nearest_ties_to_zero: plan.base = half - 1; break;
        case rounding_mode::nearest_ties_up: plan.base = half, plan.sign = less_one; break;
        case rounding_mode::nearest_ties_down: plan.base = half - 1, plan.sign = 1; break;
        case rounding_mode::away_from_zero: plan.base = most; break;
        case rounding_mode::toward_positive: plan.base = most, plan.sign = bits{0} - most; break;
        case rounding_mode::toward_negative: plan.sign = most; break;
        case rounding_mode::to_odd: plan.base = most, plan.odd = bits{0} - most; break;
        default: break;  // toward zero
    }
}

template <class Lane>
void fill_random_addend(aligned_plan<Lane>& plan, const projection& how) {
    using bits = bits_of<Lane>;
    const int s = plan.dropped;
    const int n = how.random_bits;
    plan.coin = how.rounding == rounding_mode::stochastic_equal;
    if (s == 0) {
        plan.word_down = static_cast<int>(sizeof(Lane)) * 8;  // nothing is dropped, nothing is added
        return;
    }
    plan.word_down = 32 - s;
    const std::uint32_t top = n == 32 ? ~std::uint32_t{0} : ~(~std::uint32_t{0} >> n);
    plan.word_mask = s >= 32 ? static_cast<bits>(std::uint64_t{top} << (s - 32)) : static_cast<bits>(top) >> (32 - s);
    if (how.rounding == rounding_mode::stochastic_b && s > n) plan.base = bits{1} << (s - n - 1);
    if (how.rounding == rounding_mode::stochastic_c && s > n) {
        plan.pre_dropped = s - n;
        plan.pre_half = (bits{1} << (s - n - 1)) - 1;
    }
}

/// Formats with the lane's own binades.
template <class Lane>
std::optional<conversion_plan<Lane>> plan_aligned(const float_format& format, const projection& how, bool codes,
                                                  bool random_is_given) {
    const bool fits =
        format.is_signed && format.emin() == lane_emin<Lane> &&
        format.mantissa_bits <= lane_types<Lane>::mantissa_bits &&
        (format.low() == low_binade::subnormals || (format.low() == low_binade::zeros && format.mantissa_bits == 0));
    // Infinities and NaNs are told from numbers by lying above the largest one: not so where the top exponent holds numbers.
    const bool above_all =
        fits && (!codes || lane_types<Lane>::infinity >> (lane_types<Lane>::mantissa_bits - format.mantissa_bits) >
                               format.max_magnitude());
    const bool ordinary = how.ftz == ftz_policy::none;
    if (!fits || !above_all || !ordinary) return std::nullopt;
    conversion_plan<Lane> plan;
    plan.aligned = true;
    plan.stochastic = is_stochastic(how.rounding);
    aligned_plan<Lane>& p = plan.on_binades;
    if (!fill_outcome(p.out, format, how, codes)) return std::nullopt;
    p.dropped = lane_types<Lane>::mantissa_bits - format.mantissa_bits;
    if (plan.stochastic) {
        fill_random_addend(p, how);
        p.given_up = random_is_given ? 32 - how.random_bits : 0;
    } else {
        fill_addends(p, how.rounding);
    }
    plan.may_report = p.out.report_special;
    return plan;
}

/// Where a property ends that magnitudes have from `inside`, which has it, up to somewhere below `outside`, which has not.
template <class Property>
std::uint32_t end_of(std::uint32_t inside, std::uint32_t outside, const Property& has) {
    while (outside - inside > 1) {
        const std::uint32_t middle = inside + (outside - inside) / 2;
        (has(middle) ? inside : outside) = middle;
    }
    return outside;
}

/// E8M0, and what else has binary32's binades and one more below them, one member each.
std::optional<conversion_plan<float>> plan_exponents(const float_format& format, const projection& how, bool codes) {
    if (format.is_signed || format.low() != low_binade::normals_no_zero || format.mantissa_bits != 0 ||
        format.emin() != lane_emin<float> - 1 || is_stochastic(how.rounding) || how.ftz != ftz_policy::none ||
        how.overflow == overflow_policy::unbounded)
        return std::nullopt;
    const projector to(format, how);
    const result_maker<float> made(format, how, codes);
    conversion_plan<float> plan;
    plan.exponents = true;
    exponent_plan& p = plan.on_exponents;
    p.above_lowest.dropped = lane_types<float>::mantissa_bits;
    fill_addends(p.above_lowest, how.rounding);
    const projected negative = to.finite(true, std::uint64_t{1}, 0, false, 0);
    const projected zeros[2] = {to.finite(false, std::uint64_t{0}, 0, false, 0),
                                to.finite(true, std::uint64_t{0}, 0, false, 0)};
    const bool missing = negative.missing_nan || zeros[0].missing_nan || zeros[1].missing_nan;
    if (!fill_outcome(p.above_lowest.out, format, how, codes) || (missing && how.nan == nan_policy::raise))
        return std::nullopt;
    if (p.above_lowest.out.nan.positive != p.above_lowest.out.nan.negative) return std::nullopt;
    p.operand_mask = how.magnitude_if_unsigned ? ~lane_types<float>::sign : ~std::uint32_t{0};
    p.negative_result = made(negative);
    p.exact_zero = {made(zeros[0]), made(zeros[1])};
    // The definition says where the lower member ends: rounding is monotonic, and so are its known faults.
    const auto result = [&](std::uint32_t magnitude) { return made(project(from_bits<float>(magnitude), to, 0)); };
    p.first = result(1);
    p.limit = power_bits<float>(lane_emin<float>);
    p.second = result(p.limit - 1);
    if (p.second != p.first) p.limit = end_of(1, p.limit, [&](std::uint32_t m) { return result(m) == p.first; });
    plan.may_report = p.above_lowest.out.report_special;
    return plan;
}

/// The engine and the rounding direction of a mode. Precision 1 has a parity that the hardware does not know.
template <class Lane>
void choose_engine(conversion_plan<Lane>& plan, rounding_mode mode, bool simple) {
    using enum grid_engine;
    using detail::direction;
    const bool in_float = sizeof(Lane) == 4;
    plan.direction = direction::toward_zero;
    switch (mode) {
        case rounding_mode::nearest_ties_to_even:
            plan.engine = simple ? direct : general;
            if (simple) plan.direction = direction::nearest_even;
            return;
        case rounding_mode::toward_zero: plan.engine = simple ? direct : general; return;
        case rounding_mode::away_from_zero:
            plan.engine = simple ? direct : general;
            if (simple) plan.direction = direction::upward;
            return;
        case rounding_mode::toward_positive:
        case rounding_mode::toward_negative:
            plan.engine = simple && in_float ? direct_signed : general;
            if (simple && in_float)
                plan.direction = mode == rounding_mode::toward_positive ? direction::upward : direction::downward;
            return;
        case rounding_mode::stochastic_a: plan.engine = stochastic_a; return;
        case rounding_mode::stochastic_b: plan.engine = stochastic_b; return;
        case rounding_mode::stochastic_c: plan.engine = stochastic_c; return;
        case rounding_mode::stochastic_equal: plan.engine = stochastic_equal; return;
        default: plan.engine = general; return;
    }
}

template <class Bits>
void fill_decisions(grid_plan<std::conditional_t<sizeof(Bits) == 4, float, double>>& p, rounding_mode mode) {
    constexpr decision<Bits> always{1, 0, 0};
    p.half_mask = ~Bits{0};
    p.above = always;
    switch (mode) {
        case rounding_mode::nearest_ties_to_even: p.tie = {0, 0, 1}; break;
        case rounding_mode::nearest_ties_to_odd: p.tie = {1, 0, 1}; break;
        case rounding_mode::nearest_ties_to_away: p.tie = always; break;
        case rounding_mode::nearest_ties_to_zero: break;
        case rounding_mode::nearest_ties_up: p.tie = {1, 1, 0}; break;
        case rounding_mode::nearest_ties_down: p.tie = {0, 1, 0}; break;
        default:  // directed: every inexact number is above `half`, which is zero
            p.half_mask = 0;
            switch (mode) {
                case rounding_mode::toward_positive: p.above = {1, 1, 0}; break;
                case rounding_mode::toward_negative: p.above = {0, 1, 0}; break;
                case rounding_mode::to_odd: p.above = {1, 0, 1}; break;
                case rounding_mode::toward_zero: p.above = {0, 0, 0}; break;
                default: break;  // away from zero
            }
    }
}

/// Can a lane's arithmetic hold every c, half a quantum and 2^32 / quantum?
template <class Lane>
bool grid_fits(const float_format& f, rounding_mode mode, bool flushes) {
    constexpr int m = lane_types<Lane>::mantissa_bits;
    constexpr int bias = lane_types<Lane>::bias;
    // Exponent of the smallest quantum. Flushing continues the grid downward, and from one binade below emin a number can still
    // round to 2^emin.
    const int lowest = f.emin() - f.mantissa_bits - (flushes ? 1 : 0);
    if (f.mantissa_bits > m - 2 || lowest - 1 < lane_emin<Lane> || f.emin() < lane_emin<Lane> + 1) return false;
    if (f.emin() + m > lane_emax<Lane> - 1) return false;
    // The bits of 2^32 / quantum are a constant less those of c: 2^(32 + m) / c.
    return !is_stochastic(mode) || 2 * bias + 32 + m - (lowest + m + bias) < 2 * bias;
}

template <class Lane>
std::optional<conversion_plan<Lane>> plan_grid(const float_format& f, const projection& how, bool codes,
                                               bool random_is_given) {
    using bits = bits_of<Lane>;
    constexpr int m = lane_types<Lane>::mantissa_bits;
    constexpr int bias = lane_types<Lane>::bias;
    const projector to(f, how);
    const bool unbounded = to.overflow == overflow_policy::unbounded;
    const bool quirky = how.lowest_gap_up || how.lowest_binade_up;
    if (!grid_fits<Lane>(f, how.rounding, how.ftz != ftz_policy::none)) return std::nullopt;
    // The largest exponent for which c is a number: beyond it the definition does the work.
    const int reach = lane_emax<Lane> - 1 + f.mantissa_bits - m;
    const bool capped = !unbounded && f.emax() + 1 <= reach;
    const bool simple = capped && f.is_signed && f.low() == low_binade::subnormals && f.mantissa_bits >= 1 &&
                        how.ftz == ftz_policy::none;
    conversion_plan<Lane> plan;
    plan.stochastic = is_stochastic(how.rounding);
    choose_engine(plan, how.rounding, simple);
    const bool full = sizeof(Lane) == 8 && plan.engine != grid_engine::direct;
    if ((!simple || quirky) && !full) return std::nullopt;
    if (sizeof(Lane) == 4 && plan.engine > grid_engine::stochastic_a) return std::nullopt;

    grid_plan<Lane>& p = plan.on_grid;
    if (!fill_outcome(p.out, f, how, codes)) return std::nullopt;
    const result_maker<Lane> made(f, how, codes);
    const bool flushes = how.ftz != ftz_policy::none && f.has_zero();
    const bool one_gap = f.low() == low_binade::zeros && f.mantissa_bits > 0 && !flushes;
    p.adder_offset = static_cast<bits>(m - f.mantissa_bits) << m;
    p.cap = power_bits<Lane>(capped ? f.emax() + 1 : reach);
    p.low_limit = flushes ? 0 : power_bits<Lane>(f.emin());
    p.low_adder = power_bits<Lane>(f.emin() + m - (one_gap ? 0 : f.mantissa_bits));
    fill_decisions<bits>(p, how.rounding);
    p.parity_mask = ~bits{0};
    if (f.mantissa_bits == 0) {
        // Parity is that of the exponent field, e - emin + 1 (one less where field 0 is a normal binade); c has e + m + bias.
        const bool field_zero_is_normal = f.low() == low_binade::normals_no_zero || f.low() == low_binade::normals;
        const int shift = -(m + bias) - f.emin() + (field_zero_is_normal ? 0 : 1);
        p.parity_mask = 0;
        p.parity_shift = static_cast<bits>(static_cast<std::int64_t>(shift));
    }
    p.scale = static_cast<bits>(2 * bias + 32 + m) << m;
    const int n = how.random_bits;
    p.random_mask = n == 32 ? 0xFFFFFFFFu : static_cast<std::uint32_t>(~(0xFFFFFFFFu >> n));
    p.random_half = static_cast<double>(std::uint64_t{1} << (32 - n)) / 2;
    p.random_last = std::uint32_t{1} << (32 - n);
    p.given_up = random_is_given ? 32 - n : 0;
    p.code_base = power_bits<Lane>(f.emin() + m - f.mantissa_bits) >> (m - f.mantissa_bits);
    p.code_down = m - f.mantissa_bits;
    p.is_nearest_half = f == binary16_format && how.rounding == rounding_mode::nearest_ties_to_even;

    p.operand_mask = how.magnitude_if_unsigned && !f.is_signed ? ~lane_types<Lane>::sign : ~bits{0};
    p.low_is_one_gap = one_gap;
    p.low_code = static_cast<bits>(f.hidden_bit());
    if (flushes) {
        const dyadic smallest = float_grid(f).smallest_normal();
        const auto limit =
            static_cast<bits>(carrier_grid<Lane>.magnitude_code(smallest.significand, smallest.exponent));
        (how.ftz == ftz_policy::before ? p.flush_operand : p.flush_result) = limit;
    }
    p.has_low_value = f.low() == low_binade::normals_no_zero;
    if (p.has_low_value) p.low_value = made(to.zero(false));
    p.is_unsigned = !f.is_signed;
    if (p.is_unsigned) {
        const projected negative = to.finite(true, std::uint64_t{1}, f.emax() + 3, false, 0);
        if (negative.missing_nan && how.nan == nan_policy::raise) return std::nullopt;
        p.negative_result = made(negative);
    }
    p.exact_zero = {made(to.finite(false, std::uint64_t{0}, 0, false, 0)),
                    made(to.finite(true, std::uint64_t{0}, 0, false, 0))};
    p.rare_above = capped ? ~lane_types<Lane>::sign : p.cap;
    if (f.low() == low_binade::normals && !flushes) {
        // The gap above zero is no power of two.
        const dyadic top = float_grid(f).smallest_normal();
        p.rare_below = static_cast<bits>(carrier_grid<Lane>.magnitude_code(top.significand, top.exponent));
    }
    // What owners get wrong just above the smallest member is rare, and left to the definition.
    if (quirky) p.rare_below = std::max(p.rare_below, power_bits<Lane>(f.emin() + 1));
    p.code_hidden = f.low() == low_binade::normals || f.low() == low_binade::normals_no_zero
                        ? static_cast<bits>(f.hidden_bit())
                        : 0;
    plan.may_report = p.out.report_special || full;
    return plan;
}

/// The limits for binary32 lanes, by the definition: 2^emin, or where a number rounds to it as if the exponents went on downward. Without
/// such a limit there are none, and the full kernel has to do it.
flush_limits<std::uint32_t> find_flush_limits(const float_format& format, const projection& how) {
    if (how.ftz == ftz_policy::none || is_stochastic(how.rounding) || format.low() != low_binade::subnormals ||
        format.emin() < lane_emin<float> || format.emin() > lane_emax<float>)
        return {};
    const projector to(format, how);
    const auto limit = [&](std::uint32_t sign) {
        return end_of(0, power_bits<float>(format.emin()), [&](std::uint32_t magnitude) {
            const projected number = project(from_bits<float>(magnitude | sign), to, 0);
            return number.kind == number_class::finite && number.significand == 0;
        });
    };
    return {true, {limit(0), limit(lane_types<float>::sign)}};
}

}  // namespace

template <class Lane>
std::optional<conversion_plan<Lane>> plan_conversion(const float_format& format, const projection& how, bool codes,
                                                     bool random_is_given) {
    if constexpr (sizeof(Lane) == 4) {
        if (const auto limits = find_flush_limits(format, how); limits.any) {
            projection gradual = how;
            gradual.ftz = ftz_policy::none;
            auto plan = plan_conversion<float>(format, gradual, codes, random_is_given);
            if (plan) (plan->aligned ? plan->on_binades.flush : plan->on_grid.flush) = limits;
            return plan;
        }
        if (auto plan = plan_exponents(format, how, codes)) return plan;
    }
    if (auto plan = plan_aligned<Lane>(format, how, codes, random_is_given)) return plan;
    return plan_grid<Lane>(format, how, codes, random_is_given);
}

template std::optional<conversion_plan<float>> plan_conversion<float>(const float_format&, const projection&, bool,
                                                                      bool);
template std::optional<conversion_plan<double>> plan_conversion<double>(const float_format&, const projection&, bool,
                                                                        bool);

std::optional<decode_plan> plan_decoding(const float_format& f) {
    // E8M0 begins one binade below binary32's normal numbers: its smallest member alone follows no rule.
    const bool one_below =
        f.low() == low_binade::normals_no_zero && f.mantissa_bits == 0 && f.emin() == lane_emin<float> - 1;
    const bool moderate =
        (f.emin() >= lane_emin<float> || one_below) && f.emax() <= lane_emax<float> && f.mantissa_bits <= 23;
    // Bits of a whole word leave no code that could stand for "none".
    const bool narrow = f.bits() < 32 || (f.bits() == 32 && f.specials == specials::ieee);
    if (!moderate || !narrow) return std::nullopt;
    const low_binade low = f.low();
    const bool normal_low = low == low_binade::normals || low == low_binade::normals_no_zero;
    if (normal_low && f.emin() == lane_emin<float>) return std::nullopt;
    decode_plan p{};
    p.code_mask = static_cast<std::uint32_t>(f.code_mask());
    p.magnitude_mask = static_cast<std::uint32_t>(f.magnitude_mask());
    p.sign_mask = static_cast<std::uint32_t>(f.sign_mask());
    p.up = 23 - f.mantissa_bits;
    p.sign_up = 32 - f.bits();
    // Field 1 (0 where it is a normal binade) is emin.
    p.base = power_bits<float>(f.emin()) - (normal_low ? 0u : std::uint32_t{1} << 23);
    p.hidden = normal_low ? 0 : static_cast<std::uint32_t>(f.hidden_bit());
    p.low_limit = power_bits<float>(f.emin());
    p.low_is_zero = low == low_binade::zeros;
    p.zero_has_no_sign = p.low_is_zero && !f.has_negative_zero();
    p.zero_is_special = low == low_binade::normals;
    p.largest = static_cast<std::uint32_t>(f.max_magnitude());
    p.infinity = f.has_infinity() ? static_cast<std::uint32_t>(f.infinity_magnitude()) : ~std::uint32_t{0};
    p.odd_code = ~std::uint32_t{0};
    p.odd_value = 0x7FC00000u;
    if (f.is_signed && !f.has_negative_zero()) {
        p.odd_code = p.sign_mask;
        p.odd_value = static_cast<std::uint32_t>(to_bits(decode<float>(f.sign_mask(), f)));
    }
    if (one_below) {
        p.odd_code = 0;
        p.odd_value = static_cast<std::uint32_t>(to_bits(decode<float>(0, f)));
    }
    return p;
}

}  // namespace halfulp::simd
