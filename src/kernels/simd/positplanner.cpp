#include "positplanner.hpp"

#include "halfulp/codecs/carrier.hpp"
#include "halfulp/rounding/project_posit.hpp"

namespace halfulp::simd {
namespace {

constexpr float_format binary32 = carrier_traits<float>::format;

bool has_kernels(const posit_format& format) noexcept {
    return format.width <= 24 && format.max_exponent() < binary32.bias;
}

constexpr std::uint32_t power_of_two(int exponent) noexcept {
    return static_cast<std::uint32_t>(exponent + binary32.bias) << binary32.mantissa_bits;
}

}  // namespace

std::optional<posit_conversion_plan> plan_posits(const posit_format& format, const projection& how, bool codes) {
    if (!has_kernels(format)) return std::nullopt;
    posit_conversion_plan out{};
    posit_plan& p = out.plan;
    switch (how.rounding) {
        case rounding_mode::nearest_ties_to_even: out.direction = detail::direction::nearest_even; break;
        case rounding_mode::toward_positive: out.direction = detail::direction::upward; break;
        case rounding_mode::toward_negative: out.direction = detail::direction::downward; break;
        case rounding_mode::away_from_zero:
            out.direction = detail::direction::upward;
            p.by_magnitude = true;
            break;
        case rounding_mode::toward_zero:
            out.direction = detail::direction::downward;
            p.by_magnitude = true;
            break;
        default: return std::nullopt;
    }
    const bool infinity_is_nar = posit_projector(format, how).infinity(false).kind == number_class::nan;
    const auto infinity = static_cast<std::uint32_t>(binary32.infinity_magnitude());
    p.exponent_bits = format.exponent_bits;
    p.lowest = power_of_two(-format.max_exponent());
    p.highest = power_of_two(format.max_exponent());
    p.middle = power_of_two(format.width - 2);
    p.last = infinity_is_nar ? infinity - 1 : infinity;
    p.not_a_real = static_cast<std::uint32_t>(codes ? format.nan_code() : binary32.nan_code());
    p.sign = static_cast<std::uint32_t>(format.sign_mask());
    p.code_mask = static_cast<std::uint32_t>(format.code_mask());
    return out;
}

std::optional<posit_decode_plan> plan_posit_decoding(const posit_format& format) {
    if (!has_kernels(format)) return std::nullopt;
    return posit_decode_plan{format.exponent_bits, 32 - format.width, static_cast<std::uint32_t>(format.code_mask())};
}

}  // namespace halfulp::simd
