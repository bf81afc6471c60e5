// The scalar definition of arithmetic (the contract's section 2.7): the exact result of an operation, projected once, and its flags.
#pragma once

#include <optional>

#include "halfulp/arithmetic/basic_operations.hpp"
#include "halfulp/arithmetic/comparison.hpp"
#include "halfulp/arithmetic/integral_operations.hpp"
#include "halfulp/arithmetic/neighbours.hpp"
#include "halfulp/arithmetic/operation.hpp"

namespace halfulp {

/// When a result counts as tiny (IEEE 754-2019, 7.5): judged on the exact number, as Arm does, or on it rounded with the exponent unbounded
/// below, as RISC-V and x86 do.
enum class tininess : std::uint8_t { after, before };
inline constexpr std::array<std::string_view, 2> tininess_names{"after", "before"};

struct arithmetic_options {
    bool daz = false;  ///< operands below the smallest normal member of their format count as zeros of their sign
    halfulp::tininess tininess = halfulp::tininess::after;
    bool invalid_product_beside_nan = true;  ///< see operation_rules
};

/// A result and its flags (flag::inexact …).
struct calculated {
    projected number;
    std::uint8_t flags;
};

namespace detail {

constexpr operand with_zeros(operand x, const float_format& f) noexcept {
    if (x.kind != number_class::finite) return x;
    const dyadic least = float_grid(f).smallest_normal();
    if (compare_magnitudes(x.significand, x.exponent, false, least.significand, least.exponent) < 0) x.significand = 0;
    return x;
}

constexpr exact_result with_sign(const operand& x, bool negative) noexcept {
    exact_result out = exact_result::of(x);
    out.negative = negative;
    return out;
}

}  // namespace detail

/// Operands with the numbers below their format's smallest normal member counted as zeros.
inline operand with_zeros(const operand& x, const format& f) noexcept {
    const float_format* is = f.as_float();
    return is == nullptr ? x : detail::with_zeros(x, *is);
}

/// The exact result of any operation but next_up and next_down. Operands that the operation does not have are not read.
constexpr exact_result exact(operation op, const std::array<operand, 3>& x, const operation_rules& rules,
                             rounding_mode mode, std::uint32_t random, int random_bits) noexcept {
    switch (op) {
        case operation::add: return exact_add(x[0], x[1], rules);
        case operation::sub: return exact_sub(x[0], x[1], rules);
        case operation::mul: return exact_mul(x[0], x[1]);
        case operation::div: return exact_div(x[0], x[1], rules);
        case operation::fma: return exact_fma(x[0], x[1], x[2], rules);
        case operation::faa: return exact_faa(x[0], x[1], x[2], rules);
        case operation::sqrt: return exact_sqrt(x[0]);
        case operation::recip: return exact_recip(x[0], rules);
        case operation::rsqrt: return exact_rsqrt(x[0], rules);
        case operation::remainder: return exact_remainder(x[0], x[1]);
        case operation::minimum: return exact_extremum(x[0], x[1], {false, false, false});
        case operation::maximum: return exact_extremum(x[0], x[1], {true, false, false});
        case operation::minimum_number: return exact_extremum(x[0], x[1], {false, false, true});
        case operation::maximum_number: return exact_extremum(x[0], x[1], {true, false, true});
        case operation::minimum_magnitude: return exact_extremum(x[0], x[1], {false, true, false});
        case operation::maximum_magnitude: return exact_extremum(x[0], x[1], {true, true, false});
        case operation::minimum_magnitude_number: return exact_extremum(x[0], x[1], {false, true, true});
        case operation::maximum_magnitude_number: return exact_extremum(x[0], x[1], {true, true, true});
        // Quiet operations of signs: no NaN raises a flag (IEEE 754-2019, 5.5.1).
        case operation::abs: return detail::with_sign(x[0], false);
        case operation::negate: return detail::with_sign(x[0], !x[0].negative);
        case operation::copysign:
            return rules.sign_of_nan_is_nan && x[1].is_nan() ? exact_result::nan()
                                                             : detail::with_sign(x[0], x[1].negative);
        case operation::round_to_integral: return exact_round_to_integral(x[0], mode, random, random_bits);
        case operation::scalb: return exact_scalb(x[0], x[1]);
        default: {
            exact_result out = exact_result::of(x[0]);
            if (x[0].is_nan()) out.flags = detail::signaling_flag(x[0]);
            return out;
        }
    }
}

/// Projects an exact result. `To` is projector, any_projector or another of its kind.
template <class To>
constexpr projected project_exact(const exact_result& x, const To& to, std::uint32_t random) noexcept {
    if (x.kind == number_class::nan) return to.nan_result(x.negative);
    if (x.kind == number_class::infinity) return to.infinity(x.negative);
    return to.finite(x.negative, x.significand, x.exponent, x.sticky, random);
}

/// Is a number other than zero tiny in a float format?
constexpr bool is_tiny(const exact_result& x, const float_grid& grid, rounding_spec spec, halfulp::tininess when,
                       std::uint32_t random) noexcept {
    float_grid unbounded = grid;  // a format without a zero otherwise ends at its smallest member
    if (unbounded.low == low_binade::normals_no_zero) unbounded.low = low_binade::normals;
    const rounding_position at = locate(x.significand, x.exponent, x.sticky, unbounded, true);
    if (when == halfulp::tininess::before) return is_tiny(at.lower, grid);
    const bool away = rounds_away(spec.mode, x.negative, at.lower_is_odd, at.fraction, random, spec.random_bits);
    return is_tiny(away ? at.upper : at.lower, grid);
}

/// The flags of an exact result that became `out`. Underflow is for floats alone; an infinity that does not stay one counts as overflow, and a NaN
/// that the format has no code for as invalid.
constexpr std::uint8_t flags_of(const exact_result& x, const projected& out, const float_grid* grid, rounding_spec spec,
                                halfulp::tininess when, std::uint32_t random) noexcept {
    std::uint8_t flags = x.flags;
    if (x.kind == number_class::nan) {
        return out.kind == number_class::nan ? flags : static_cast<std::uint8_t>(flags | flag::invalid);
    }
    if (x.kind == number_class::infinity) {
        return out.kind == number_class::infinity ? flags
                                                  : static_cast<std::uint8_t>(flags | flag::overflow | flag::inexact);
    }
    const bool became_nan = out.kind == number_class::nan || out.missing_nan;
    if (became_nan && !out.overflowed) return flags | flag::invalid;  // a negative number in an unsigned format
    if (out.overflowed) return flags | flag::overflow | flag::inexact;
    if (!out.inexact) return flags;
    flags |= flag::inexact;
    if (grid != nullptr && !x.is_zero() && is_tiny(x, *grid, spec, when, random)) flags |= flag::underflow;
    return flags;
}

/// An operation with all that does not depend on the operands worked out.
class calculator {
  public:
    calculator(operation op, const format& f, const projection& how, const arithmetic_options& options = {})
        : op_(op), to_(f, how), spec_(spec_of(how, ftz_policy::none)), nan_(how.nan), options_(options) {
        const float_format* is = f.as_float();
        if (is != nullptr) grid_.emplace(*is);
        rules_.negative_zero_sum = how.rounding == rounding_mode::toward_negative;
        const bool p3109 = is != nullptr && is->is_p3109();
        rules_.zero_divisor_is_nan = f.as_posit() != nullptr || p3109;
        rules_.sign_of_nan_is_nan = p3109;
        rules_.invalid_product_beside_nan = options.invalid_product_beside_nan;
    }

    [[nodiscard]] const any_projector& target() const noexcept { return to_; }

    /// `random` holds R.
    [[nodiscard]] calculated operator()(const std::array<operand, 3>& x, std::uint32_t random = 0) const noexcept {
        if (op_ == operation::next_up || op_ == operation::next_down) {
            const projected next = next_member(x[0], to_.target(), op_ == operation::next_up, nan_);
            return {next, next.missing_nan ? flag::invalid : detail::signaling_flag(x[0])};
        }
        const exact_result result = exact(op_, x, rules_, spec_.mode, random, spec_.random_bits);
        const projected out = project_exact(result, to_, random);
        return {out, flags_of(result, out, grid_ ? &*grid_ : nullptr, spec_, options_.tininess, random)};
    }

  private:
    operation op_;
    any_projector to_;
    std::optional<float_grid> grid_;  // of a float format
    rounding_spec spec_;
    nan_policy nan_;
    operation_rules rules_;
    arithmetic_options options_;
};

}  // namespace halfulp
