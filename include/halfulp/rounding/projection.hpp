// How a real number becomes a member of a format: everything that is not the format itself.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "halfulp/formats/float_format.hpp"
#include "halfulp/rounding/mode.hpp"

namespace halfulp {

/// What happens to a number whose rounded magnitude (exponent unbounded above) exceeds the largest member, and to ±∞.
enum class overflow_policy : std::uint8_t {
    native,         ///< the format's own: see native_overflow()
    sat_finite,     ///< ±largest finite, for ±∞ too
    sat_propagate,  ///< finite numbers to ±largest finite; ±∞ stay where the format has them, else ±largest finite
    sat_none,  ///< ±∞ where the format has it, but modes that point back to the range stay at the largest finite
    to_nan,  ///< NaN, for ±∞ too
    wrap,  ///< modulo 2^width: two's complement integers and fixed point only
    unbounded,  ///< no upper exponent limit (round only)
};
inline constexpr std::array<std::string_view, 7> overflow_policy_names{
    "native", "sat_finite", "sat_propagate", "sat_none", "to_nan", "wrap", "unbounded"};

/// What NaN becomes where the format has none.
enum class nan_policy : std::uint8_t {
    raise,  ///< array functions report an error; scalar functions fall back to to_max
    to_max,  ///< +largest finite (PTX satfinite)
    to_zero,  ///< +0 (the smallest member where there is no zero)
    keep,  ///< a NaN value stays NaN (round and fake_quantize only)
    negated_zero,  ///< a zero of the other sign: what ml_dtypes' FP4 and FP6 do (projection presets only)
};
inline constexpr std::array<std::string_view, 4> nan_policy_names{"raise", "to_max", "to_zero", "keep"};

/// Flush results below the smallest normal member to zero: judged before rounding, or after rounding with the exponent
/// unbounded below (IEEE 754's two definitions of tininess).
enum class ftz_policy : std::uint8_t { none, before, after };
inline constexpr std::array<std::string_view, 3> ftz_policy_names{"none", "before", "after"};

struct projection {
    rounding_mode rounding = rounding_mode::nearest_ties_to_even;
    overflow_policy overflow = overflow_policy::native;
    nan_policy nan = nan_policy::to_max;
    ftz_policy ftz = ftz_policy::none;
    std::uint8_t random_bits = 32;  ///< N, 1 to 32
    // What some libraries do and no standard asks for; projection presets (presets.hpp) set these.
    bool magnitude_if_unsigned = false;  ///< unsigned formats drop the sign first (CUDA's, PyTorch's and ONNX's E8M0)
    bool zero_to_nan_if_absent = false;  ///< zero becomes NaN in a format without a zero (ml_dtypes' E8M0)
    bool infinity_to_nan = false;  ///< ±∞ becomes NaN although finite overflow saturates (ONNX's E8M0)
    bool lowest_gap_up =
        false;  ///< formats without a zero: all between the two smallest members goes up (a shared fault)
    bool lowest_binade_up =
        false;  ///< formats without a zero: all above zero goes to the second smallest member or higher (ONNX)
    bool through_binary32 = false;  ///< binary64 is first rounded to binary32, nearest-even (double rounding)

    friend constexpr bool operator==(const projection&, const projection&) = default;
};

/// The overflow policy that a format's own standard or best-known library applies.
constexpr overflow_policy native_overflow(const float_format& format) noexcept {
    switch (format.specials) {
        case specials::ieee:
        case specials::p3109_finite:
        case specials::p3109_extended: return overflow_policy::sat_none;
        case specials::finite: return overflow_policy::sat_finite;
        default: return overflow_policy::to_nan;
    }
}

}  // namespace halfulp
