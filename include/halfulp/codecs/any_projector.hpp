// The projector of any format, and the way between projected numbers and codes.
#pragma once

#include <cstdint>
#include <variant>

#include "halfulp/codecs/codec.hpp"
#include "halfulp/codecs/fixed_codec.hpp"
#include "halfulp/codecs/posit_codec.hpp"
#include "halfulp/formats/format.hpp"
#include "halfulp/rounding/project_codebook.hpp"

namespace halfulp {

/// The interface of `projector` for a format that is known at run time only.
class any_projector {
  public:
    any_projector(const format& f, const projection& how) : format_(f), is_(make(format_, how)) {}

    [[nodiscard]] const format& target() const noexcept { return format_; }

    [[nodiscard]] projected nan_result(bool negative = false) const noexcept {
        return std::visit([&](const auto& p) { return p.nan_result(negative); }, is_);
    }
    [[nodiscard]] projected infinity(bool negative) const noexcept {
        return std::visit([&](const auto& p) { return p.infinity(negative); }, is_);
    }
    /// ±0, or what stands for it where the format has none.
    [[nodiscard]] projected zero(bool negative) const noexcept {
        return std::visit([&](const auto& p) { return p.zero(negative); }, is_);
    }
    template <class UInt>
    [[nodiscard]] projected finite(bool negative, UInt significand, std::int32_t exponent, bool sticky,
                                   std::uint32_t random) const noexcept {
        return std::visit([&](const auto& p) { return p.finite(negative, significand, exponent, sticky, random); },
                          is_);
    }
    /// The code of a projected number, in the low bits.
    [[nodiscard]] std::uint64_t code(const projected& x) const noexcept;

  private:
    using any = std::variant<projector, fixed_projector, posit_projector, codebook_projector>;
    static any make(const format& f, const projection& how) {
        return f.visit([&](const auto& is) -> any {
            using F = std::remove_cvref_t<decltype(is)>;
            if constexpr (std::is_same_v<F, float_format>)
                return projector(is, how);
            else if constexpr (std::is_same_v<F, fixed_format>)
                return fixed_projector(is, how);
            else if constexpr (std::is_same_v<F, posit_format>)
                return posit_projector(is, how);
            else
                return codebook_projector(is, how);
        });
    }

    format format_;  // keeps a codebook alive
    any is_;
};

/// The code of a projected number, in the low bits.
inline std::uint64_t to_code(const projected& x, const format& f) noexcept {
    return f.visit([&](const auto& is) -> std::uint64_t {
        using F = std::remove_cvref_t<decltype(is)>;
        if constexpr (std::is_same_v<F, float_format>) {
            return to_code(x, float_grid(is));
        } else if constexpr (std::is_same_v<F, fixed_format>) {
            return is.code(x.negative, x.significand);
        } else if constexpr (std::is_same_v<F, posit_format>) {
            return to_code(x, is);
        } else {
            if (x.kind == number_class::nan) return is.specials()->nan_code;
            if (x.kind == number_class::infinity)
                return x.negative ? is.specials()->negative_infinity_code : is.specials()->infinity_code;
            return is.code_of(x.negative, x.significand, x.exponent);
        }
    });
}

inline std::uint64_t any_projector::code(const projected& x) const noexcept { return to_code(x, format_); }

/// The number that a code stands for. The code is at most f.max_code().
inline projected projected_from_code(std::uint64_t code, const format& f) noexcept {
    const auto finite = [](const dyadic& value) {
        return projected{number_class::finite, value.negative, value.significand, value.exponent, false, false, false};
    };
    return f.visit([&](const auto& is) -> projected {
        using F = std::remove_cvref_t<decltype(is)>;
        if constexpr (std::is_same_v<F, float_format>) {
            if (is.is_nan(code)) return {number_class::nan, false, 0, 0, false, false, false};
            if (is.is_infinity(code))
                return {number_class::infinity, (code & is.sign_mask()) != 0, 0, 0, false, false, false};
            return finite(is.finite_value(code));
        } else if constexpr (std::is_same_v<F, fixed_format>) {
            return finite(is.value(code));
        } else if constexpr (std::is_same_v<F, posit_format>) {
            return projected_from_code(code, is);
        } else {
            if (const auto& specials = is.specials()) {
                if (code == specials->nan_code) return {number_class::nan, false, 0, 0, false, false, false};
                if (code == specials->infinity_code || code == specials->negative_infinity_code)
                    return {
                        number_class::infinity, code == specials->negative_infinity_code, 0, 0, false, false, false};
            }
            return finite(is.value(code));
        }
    });
}

/// Does the carrier hold every finite value of the format exactly?
inline bool holds(const float_format& carrier_format, const format& f) {
    return f.visit([&](const auto& is) {
        using F = std::remove_cvref_t<decltype(is)>;
        if constexpr (std::is_same_v<F, codebook>) {
            const projector to(carrier_format, {.overflow = overflow_policy::to_nan});
            for (const codebook_member& m : is.members()) {
                const projected out = to.finite(false, m.value.significand, m.value.exponent, false, 0);
                if (out.inexact || out.overflowed) return false;
            }
            return true;
        } else {
            return holds(carrier_format, is);
        }
    });
}

/// A projected number as a value: exact wherever the carrier holds it, else to nearest even, ±∞ beyond the carrier's range.
template <carrier T>
T to_nearest_value(const projected& x) noexcept {
    constexpr float_format own = carrier_traits<T>::format;
    constexpr projector to_carrier(own, projection{});
    if (x.kind == number_class::nan) return from_bits<T>(own.nan_code());
    if (x.kind == number_class::infinity) return to_value<T>(to_carrier.infinity(x.negative));
    return to_value<T>(to_carrier.finite(x.negative, x.significand, x.exponent, false, 0));
}

/// How many of the 2^N random integers R send x to its neighbour away from zero; see codec.hpp.
template <carrier T>
std::uint64_t count_away(T x, const format& f, rounding_mode mode, int random_bits) noexcept {
    if (const float_format* is = f.as_float()) return count_away(x, *is, mode, random_bits);
    constexpr float_format from = carrier_traits<T>::format;
    const std::uint64_t bits = to_bits(x);
    const std::uint64_t magnitude = bits & from.magnitude_mask();
    const bool negative = (bits & from.sign_mask()) != 0;
    if (magnitude >= from.infinity_magnitude()) return 0;
    const dyadic value = from.magnitude_value(magnitude);
    if (const codebook* table = f.as_codebook()) {
        return codebook_projector(*table, {})
            .count_away(mode, negative, value.significand, value.exponent, random_bits);
    }
    if (magnitude == 0) return 0;
    if (const posit_format* posit = f.as_posit()) {
        const posit_position at = locate(value.significand, value.exponent, false, *posit);
        const fraction64 fraction = mode <= rounding_mode::nearest_ties_down ? at.place_in_string : at.fraction;
        return count_away(mode, negative, (at.lower & 1) != 0, fraction, random_bits);
    }
    const std::int32_t below = -std::int32_t{f.as_fixed()->fraction_bits} - value.exponent;  // bits under the quantum
    if (below <= 0) return 0;
    const auto at = detail::split(value.significand, below, false);
    return count_away(mode, negative, (at.kept & 1) != 0, at.fraction, random_bits);
}

/// The scalar definition for any format: as in codec.hpp.
template <carrier T>
std::uint64_t encode(T x, const format& f, const projection& how = {}, std::uint32_t random = 0) {
    if (const float_format* is = f.as_float()) return encode(x, *is, how, random);
    projection bounded = how;
    if (bounded.overflow == overflow_policy::unbounded) bounded.overflow = overflow_policy::sat_finite;
    const any_projector to(f, bounded);
    return to.code(project_value(x, to, random));
}

template <carrier T>
T decode(std::uint64_t code, const format& f) {
    if (const float_format* is = f.as_float()) return decode<T>(code, *is);
    return to_nearest_value<T>(projected_from_code(code, f));
}

template <carrier T>
T round(T x, const format& f, const projection& how = {}, std::uint32_t random = 0) {
    if (const float_format* is = f.as_float()) return round(x, *is, how, random);
    const projected out = project_value(x, any_projector(f, how), random);
    if (out.missing_nan && how.nan == nan_policy::keep) return from_bits<T>(carrier_traits<T>::format.nan_code());
    return to_nearest_value<T>(out);
}

}  // namespace halfulp
