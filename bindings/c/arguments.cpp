#include "arguments.hpp"

namespace halfulp::c {
namespace {

// The header's enumerations are ours, number by number.
template <class Ours>
constexpr bool same(int theirs, Ours ours) {
    return theirs == static_cast<int>(ours);
}
static_assert(same(HALFULP_ADD, operation::add) && same(HALFULP_FAA, operation::faa) &&
              same(HALFULP_REMAINDER, operation::remainder) &&
              same(HALFULP_MAXIMUM_MAGNITUDE_NUMBER, operation::maximum_magnitude_number) &&
              same(HALFULP_ROUND_TO_INTEGRAL, operation::round_to_integral) &&
              same(HALFULP_CONVERT, operation::convert) && same(HALFULP_CONVERT + 1, operations.size()));
static_assert(same(HALFULP_NEAREST_TIES_DOWN, rounding_mode::nearest_ties_down) &&
              same(HALFULP_TO_ODD, rounding_mode::to_odd) &&
              same(HALFULP_STOCHASTIC_EQUAL, rounding_mode::stochastic_equal) &&
              same(HALFULP_STOCHASTIC_EQUAL + 1, rounding_modes.size()));
static_assert(same(HALFULP_OVERFLOW_NATIVE, overflow_policy::native) &&
              same(HALFULP_OVERFLOW_SAT_NONE, overflow_policy::sat_none) &&
              same(HALFULP_OVERFLOW_WRAP, overflow_policy::wrap));
static_assert(same(HALFULP_NAN_RAISE, nan_policy::raise) && same(HALFULP_NAN_TO_ZERO, nan_policy::to_zero));
static_assert(same(HALFULP_FTZ_BEFORE, ftz_policy::before) && same(HALFULP_FTZ_AFTER, ftz_policy::after));
static_assert(same(HALFULP_TININESS_BEFORE, tininess::before) && same(HALFULP_NAN_RULE_X86, nan_rule::x86) &&
              same(HALFULP_NAN_RULE_ARM, nan_rule::arm));
static_assert(HALFULP_INEXACT == flag::inexact && HALFULP_UNDERFLOW == flag::underflow &&
              HALFULP_OVERFLOW == flag::overflow && HALFULP_DIVIDE_BY_ZERO == flag::divide_by_zero &&
              HALFULP_INVALID == flag::invalid);

}  // namespace

operation operation_of(int number) { return one_of(number, operation::convert, "operation"); }

rounding_mode rounding_of(int number) { return one_of(number, rounding_mode::stochastic_equal, "rounding"); }

projection projection_of(const halfulp_projection* from) {
    const halfulp_projection read = known_part(from, "projection");
    constexpr int all = 32;
    if (read.random_bits < 0 || read.random_bits > all)
        throw std::invalid_argument("random_bits is " + std::to_string(read.random_bits) +
                                    ", allowed: 1 to 32, or 0 for 32");
    projection out;
    out.rounding = rounding_of(read.rounding);
    out.overflow = one_of(read.overflow, overflow_policy::wrap, "overflow");
    out.nan = one_of(read.nan, nan_policy::to_zero, "nan");
    out.ftz = one_of(read.ftz, ftz_policy::after, "ftz");
    out.random_bits = static_cast<std::uint8_t>(read.random_bits == 0 ? all : read.random_bits);
    return out;
}

array_arithmetic_options options_of(const halfulp_options* from) {
    const halfulp_options read = known_part(from, "options");
    array_arithmetic_options out;
    out.daz = read.daz != 0;
    out.tininess = one_of(read.tininess, tininess::before, "tininess");
    out.nans = one_of(read.nan_rule, nan_rule::arm, "nan_rule");
    out.invalid_product_beside_nan = out.nans != nan_rule::x86;
    return out;
}

}  // namespace halfulp::c
