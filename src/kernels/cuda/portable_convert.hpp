// What the forms of cvt compute, by the scalar definition: the twins of the instructions in hardware_convert.hpp, bit for bit.
#pragma once

#include <cstdint>

#include "cvt_forms.hpp"
#include "halfulp/codecs/codec.hpp"
#include "hardware_on.hpp"
#include "thread_context.hpp"

namespace halfulp::cuda {

/// The preset ptx_satfinite, as device code can have it (a test holds it against preset_projection()).
constexpr projection satfinite(const float_format& to, rounding_mode rounding) noexcept {
    return {.rounding = rounding,
            .overflow = overflow_policy::sat_finite,
            .nan = nan_policy::to_max,
            .magnitude_if_unsigned = !to.is_signed};
}

/// The NaN that cvt gives: positive with all magnitude bits set, where the format has NaN; else the largest finite number.
/// PTX ISA 9.1: f16, bf16 7FFF; recorded from the vendor's headers from binary32: FP8 7F, E8M0 FF (tests/vectors/presets).
constexpr std::uint32_t canonical_nan(const float_format& to) noexcept {
    return static_cast<std::uint32_t>(to.magnitude_mask());
}

namespace detail {

template <float_format To, rounding_mode Mode>
HALFULP_HOST_DEVICE std::uint32_t convert_lane(float x, std::uint32_t random, int random_bits) noexcept {
    constexpr projector satfinite_to(To, satfinite(To, Mode));
    projector to = satfinite_to;
    to.spec.random_bits = random_bits;
    constexpr std::uint64_t mask = binary32_format.magnitude_mask();
    constexpr std::uint64_t infinity = binary32_format.infinity_magnitude();
    constexpr std::uint32_t nan = canonical_nan(To);
    if ((to_bits(x) & mask) > infinity) return nan;
    return static_cast<std::uint32_t>(to_code(project(x, to, random), to.grid));
}

}  // namespace detail

/// d = {a, b}: b in the least significant place.
template <cvt_form Form>
HALFULP_HOST_DEVICE std::uint32_t portable_cvt(float a, float b) noexcept {
    constexpr float_format to = row_of(Form).to;
    constexpr rounding_mode mode = row_of(Form).rounding;
    constexpr int lane_bits = row_of(Form).lane_bits;
    return detail::convert_lane<to, mode>(a, 0, 1) << lane_bits | detail::convert_lane<to, mode>(b, 0, 1);
}

template <rs_form Form>
HALFULP_HOST_DEVICE std::uint32_t portable_cvt_rs(const rs_operands& x, std::uint32_t rbits) noexcept {
    constexpr rs_row row = row_of(Form);
    std::uint32_t out = 0;
    for (int i = 0; i < row.lanes; ++i) {
        const random_lane lane = row.random[static_cast<std::size_t>(i)];
        out |= detail::convert_lane<row.to, rounding_mode::stochastic_a>(x.lane[i], random_bits_of(lane, rbits),
                                                                         lane.count)
               << (i * row.lane_bits);
    }
    return out;
}

/// The values of two codes, as two 16-bit floats. Bits beside the codes are ignored.
template <decode_form Form>
HALFULP_HOST_DEVICE std::uint32_t portable_cvt_decode(std::uint32_t codes) noexcept {
    constexpr decode_row row = row_of(Form);
    constexpr projector to(row.to, projection{});
    std::uint32_t out = 0;
    for (int i = 0; i < 2; ++i) {
        const std::uint64_t code = codes >> (i * row.lane_bits) & row.from.code_mask();
        std::uint32_t value = canonical_nan(row.to);
        if (row.from.is_infinity(code)) {
            value = static_cast<std::uint32_t>(to_code(to.infinity((code & row.from.sign_mask()) != 0), to.grid));
        } else if (!row.from.is_nan(code)) {
            const dyadic d = row.from.finite_value(code);
            value = static_cast<std::uint32_t>(
                to_code(to.finite(d.negative, d.significand, d.exponent, false, 0), to.grid));
        }
        out |= value << (i * 16);
    }
    return out;
}

}  // namespace halfulp::cuda
