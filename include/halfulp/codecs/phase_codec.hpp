// The complex code {±1, ±i} (iFairy, arXiv 2508.05571): the scalar definition of encode, decode and round.
//
// Codes: 0 = -1, 1 = +1, 2 = -i, 3 = +i. A number's code is the axis that is nearest in angle. Sectors are half open, counter-clockwise
// from -π/4, so a number on a diagonal belongs to the axis that follows counter-clockwise. Magnitudes of a binary format compare as
// their bits do, so no angle is computed, and infinities compare as numbers.
#pragma once

#include <complex>
#include <cstdint>

#include "halfulp/codecs/carrier.hpp"
#include "halfulp/rounding/projection.hpp"

namespace halfulp {

inline constexpr int phase_bits = 2;
inline constexpr std::uint8_t phase_of_zero = 1;  ///< zeros of all signs, and NaN where it has to have a code

/// Does either part hold a NaN?
template <carrier T>
constexpr bool has_nan_part(T re, T im) noexcept {
    constexpr float_format from = carrier_traits<T>::format;
    return (to_bits(re) & from.magnitude_mask()) > from.infinity_magnitude() ||
           (to_bits(im) & from.magnitude_mask()) > from.infinity_magnitude();
}

/// Are both parts finite?
template <carrier T>
constexpr bool has_finite_parts(T re, T im) noexcept {
    constexpr float_format from = carrier_traits<T>::format;
    return (to_bits(re) & from.magnitude_mask()) < from.infinity_magnitude() &&
           (to_bits(im) & from.magnitude_mask()) < from.infinity_magnitude();
}

/// The code of re + i im. Total: a NaN in either part has the code of zero, +1.
template <carrier T>
constexpr std::uint8_t encode_phase(T re, T im) noexcept {
    constexpr float_format from = carrier_traits<T>::format;
    const std::uint64_t across = to_bits(re) & from.magnitude_mask();
    const std::uint64_t up = to_bits(im) & from.magnitude_mask();
    if ((across | up) == 0 || has_nan_part(re, im)) return phase_of_zero;
    const bool re_negative = (to_bits(re) & from.sign_mask()) != 0;
    const bool im_negative = (to_bits(im) & from.sign_mask()) != 0;
    // The diagonals of the first and third quadrant go on to ±i, the other two to ±1.
    const bool imaginary = up > across || (up == across && re_negative == im_negative);
    const bool negative = imaginary ? im_negative : re_negative;
    return static_cast<std::uint8_t>((imaginary ? 2 : 0) + (negative ? 0 : 1));
}

/// The value of a code: ±1 or ±i, with +0 as the other part. Bits of `code` above the lowest two are ignored.
template <carrier T>
constexpr std::complex<T> decode_phase(std::uint8_t code) noexcept {
    const T unit = (code & 1) != 0 ? T{1} : T{-1};
    return (code & 2) != 0 ? std::complex<T>(T{0}, unit) : std::complex<T>(unit, T{0});
}

/// The value of x's code. A NaN in either part stays, in both parts, under nan_policy::keep.
template <carrier T>
constexpr std::complex<T> round_phase(const std::complex<T>& x, nan_policy nan = nan_policy::to_max) noexcept {
    if (nan == nan_policy::keep && has_nan_part(x.real(), x.imag())) {
        const T kept = from_bits<T>(carrier_traits<T>::format.nan_code());
        return {kept, kept};
    }
    return decode_phase<T>(encode_phase(x.real(), x.imag()));
}

}  // namespace halfulp
