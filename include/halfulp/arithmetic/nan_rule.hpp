// Which NaN an operation on codes of IEEE-like formats gives.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "halfulp/arithmetic/operand.hpp"
#include "halfulp/arithmetic/operation.hpp"

namespace halfulp {

/// Formats that are not IEEE-like have one NaN, whatever the rule.
enum class nan_rule : std::uint8_t {
    canonical,  ///< always the format's canonical NaN: ours, RISC-V's (Unprivileged ISA, 11.3) and Arm's with FPCR.DN = 1
    x86,  ///< SSE and AVX: the first operand that is a NaN, made quiet; else the negative default NaN (Intel SDM 1, 4.8.3.5 and table 4-7)
    arm,  ///< the first signaling NaN, else the first quiet one, made quiet; fma looks at c first (Arm ARM, FPProcessNaNs3); else the positive default
};
inline constexpr std::array<std::string_view, 3> nan_rule_names{"canonical", "x86", "arm"};

/// A NaN code of an IEEE-like format as a quiet one of another: the sign and the leading payload bits stay (IEEE 754-2019, 6.2.3).
constexpr std::uint64_t quiet_nan_as(std::uint64_t code, const float_format& from, const float_format& to) noexcept {
    const std::uint64_t fraction = code & low_ones(from.mantissa_bits);
    const int shift = int{to.mantissa_bits} - int{from.mantissa_bits};
    const std::uint64_t payload = shift >= 0 ? fraction << shift : fraction >> -shift;
    const std::uint64_t sign = from.is_signed && (code & from.sign_mask()) != 0 ? to.sign_mask() : 0;
    return sign | to.nan_code() | payload;
}

/// What abs, negate and copysign make of a NaN: its sign bit alone changes (IEEE 754-2019, 5.5.1), and between formats it becomes quiet.
inline std::uint64_t sign_operation_code(operation op, std::span<const std::uint64_t> codes,
                                         std::span<const float_format* const> formats,
                                         const float_format& to) noexcept {
    const auto negative = [&](std::size_t i) {
        return formats[i] != nullptr && (codes[i] & formats[i]->sign_mask()) != 0;
    };
    const bool sign = op == operation::negate ? !negative(0) : op == operation::copysign && negative(1);
    const bool is_nan = formats[0] != nullptr && formats[0]->specials == specials::ieee && formats[0]->is_nan(codes[0]);
    const std::uint64_t kept = !is_nan             ? to.nan_code()
                               : *formats[0] == to ? codes[0]
                                                   : quiet_nan_as(codes[0], *formats[0], to);
    return (kept & to.magnitude_mask()) | (sign ? to.sign_mask() : 0);
}

/// The code of an operation's NaN in `to`. `codes` and `formats` are those of the operands.
inline std::uint64_t nan_result_code(nan_rule rule, operation op, std::span<const std::uint64_t> codes,
                                     std::span<const float_format* const> formats, const float_format& to) noexcept {
    if (rule == nan_rule::canonical || to.specials != specials::ieee) return to.nan_code();
    if (op == operation::abs || op == operation::negate || op == operation::copysign)
        return sign_operation_code(op, codes, formats, to);
    constexpr std::array<std::size_t, 3> in_order{0, 1, 2};
    constexpr std::array<std::size_t, 3> addend_first{2, 0, 1};
    const auto& order = rule == nan_rule::arm && op == operation::fma ? addend_first : in_order;
    const auto propagated = [&](bool signaling_only) -> std::int64_t {
        for (const std::size_t i : order) {
            if (i >= codes.size() || formats[i] == nullptr || formats[i]->specials != specials::ieee) continue;
            if (!formats[i]->is_nan(codes[i]) || (signaling_only && !is_signaling(codes[i], *formats[i]))) continue;
            return static_cast<std::int64_t>(i);
        }
        return -1;
    };
    std::int64_t found = rule == nan_rule::arm ? propagated(true) : -1;
    // Arm: 0 × ∞ beside a quiet NaN is the default NaN (FPMulAdd).
    if (found < 0 && rule == nan_rule::arm && op == operation::fma && codes.size() == 3 && formats[0] != nullptr &&
        formats[1] != nullptr) {
        const operand a = operand_of_code(codes[0], *formats[0]);
        const operand b = operand_of_code(codes[1], *formats[1]);
        if ((a.is_zero() && b.is_infinite()) || (a.is_infinite() && b.is_zero())) return to.nan_code();
    }
    if (found < 0) found = propagated(false);
    if (found >= 0) {
        const auto i = static_cast<std::size_t>(found);
        return quiet_nan_as(codes[i], *formats[i], to);
    }
    return rule == nan_rule::x86 ? to.nan_code() | to.sign_mask() : to.nan_code();
}

}  // namespace halfulp
