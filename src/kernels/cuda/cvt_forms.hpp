// The forms of PTX cvt that this project wraps: float32 into two or four narrow codes, and narrow codes back into f16x2 or bf16x2.
//
// Facts: PTX ISA 9.1, "Data Movement and Conversion Instructions: cvt" (operands, order of the results, saturation, targets).
// In d = {a, b} and d = {a, b, e, f} the first operand lands in the most significant place. Here lanes count from the least
// significant place: lane 0 is b, or f.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "halfulp/formats/registry.hpp"
#include "halfulp/rounding/mode.hpp"

namespace halfulp::cuda {

// ---- two float32 into two codes, the rounding named

enum class cvt_form : std::uint8_t {
    rn_f16x2,
    rz_f16x2,
    rn_bf16x2,
    rz_bf16x2,
    rn_e4m3x2,
    rn_e5m2x2,
    rn_e2m3x2,
    rn_e3m2x2,
    rn_e2m1x2,
    rz_ue8m0x2,
    rp_ue8m0x2,
};

struct cvt_row {
    std::string_view ptx;
    std::string_view needs;  ///< the architectures that have it
    float_format to;
    rounding_mode rounding;
    int lane_bits;  ///< distance of the codes in the result; FP6 codes have a byte each, two top bits zero
};

inline constexpr std::array<cvt_row, 11> cvt_rows{{
    {"cvt.rn.satfinite.f16x2.f32", "sm_80", named("binary16"), rounding_mode::nearest_ties_to_even, 16},
    {"cvt.rz.satfinite.f16x2.f32", "sm_80", named("binary16"), rounding_mode::toward_zero, 16},
    {"cvt.rn.satfinite.bf16x2.f32", "sm_80", named("bfloat16"), rounding_mode::nearest_ties_to_even, 16},
    {"cvt.rz.satfinite.bf16x2.f32", "sm_80", named("bfloat16"), rounding_mode::toward_zero, 16},
    {"cvt.rn.satfinite.e4m3x2.f32", "sm_89", named("e4m3fn"), rounding_mode::nearest_ties_to_even, 8},
    {"cvt.rn.satfinite.e5m2x2.f32", "sm_89", named("e5m2"), rounding_mode::nearest_ties_to_even, 8},
    {"cvt.rn.satfinite.e2m3x2.f32", "sm_100a, sm_120a", named("e2m3fn"), rounding_mode::nearest_ties_to_even, 8},
    {"cvt.rn.satfinite.e3m2x2.f32", "sm_100a, sm_120a", named("e3m2fn"), rounding_mode::nearest_ties_to_even, 8},
    {"cvt.rn.satfinite.e2m1x2.f32", "sm_100a, sm_120a", named("e2m1fn"), rounding_mode::nearest_ties_to_even, 4},
    {"cvt.rz.satfinite.ue8m0x2.f32", "sm_100a, sm_120a", named("e8m0fnu"), rounding_mode::toward_zero, 8},
    {"cvt.rp.satfinite.ue8m0x2.f32", "sm_100a, sm_120a", named("e8m0fnu"), rounding_mode::toward_positive, 8},
}};

constexpr const cvt_row& row_of(cvt_form form) noexcept { return cvt_rows[static_cast<std::size_t>(form)]; }

// ---- stochastic rounding: random bits out of one 32-bit operand

enum class rs_form : std::uint8_t { f16x2, bf16x2, e4m3x4, e5m2x4, e2m3x4, e3m2x4, e2m1x4 };

/// Which bits of the operand rbits are R of one lane: bit `from[0]` is R's most significant one. R has `count` bits, and x goes away
/// from zero when floor(f 2^count) + R >= 2^count (stochastic_a).
struct random_lane {
    std::uint8_t count = 0;
    std::array<std::uint8_t, 16> from{};
    friend constexpr bool operator==(const random_lane&, const random_lane&) = default;
};

/// `count` bits of rbits from `top` downward.
constexpr random_lane bits_down_from(int top, int count) noexcept {
    random_lane lane{static_cast<std::uint8_t>(count), {}};
    for (int i = 0; i < count; ++i) lane.from[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(top - i);
    return lane;
}

/// The same bits, the least significant one first.
constexpr random_lane reversed(random_lane lane) noexcept {
    random_lane out{lane.count, {}};
    for (std::size_t i = 0; i < lane.count; ++i) out.from[i] = lane.from[lane.count - 1 - i];
    return out;
}

/// How well the place of the random bits is known.
enum class certainty : std::uint8_t {
    documented,  ///< PTX ISA 9.1, figures "Random bits layout for .rs rounding"
    measured,  ///< and measured on an sm_100a by FlashInfer (flashinfer/mamba/conversion.cuh, 2026)
    inferred,  ///< the figures name the bits; whose they are and in which order is inferred (docs/cuda.md)
};

struct rs_row {
    std::string_view ptx;
    float_format to;
    int lanes;
    int lane_bits;
    std::array<random_lane, 4> random;  ///< by lane; those beyond `lanes` are empty
    certainty known;
};

/// f16 and bf16: each lane has its own half, 13 and 16 bits of it. FP8 and FP6: a pair of lanes shares 16 bits, the even lane takes
/// them as they stand, the odd one reversed. E2M1: each lane has a byte of its own; a and b those at the top of the two halves.
inline constexpr std::array<random_lane, 4> pairs_of_halves{bits_down_from(15, 16), reversed(bits_down_from(15, 16)),
                                                            bits_down_from(31, 16), reversed(bits_down_from(31, 16))};
inline constexpr std::array<random_lane, 4> own_bytes{bits_down_from(7, 8), bits_down_from(23, 8),
                                                      bits_down_from(15, 8), bits_down_from(31, 8)};

inline constexpr std::array<rs_row, 7> rs_rows{{
    {"cvt.rs.satfinite.f16x2.f32",
     named("binary16"),
     2,
     16,
     {bits_down_from(12, 13), bits_down_from(28, 13)},
     certainty::documented},
    {"cvt.rs.satfinite.bf16x2.f32",
     named("bfloat16"),
     2,
     16,
     {bits_down_from(15, 16), bits_down_from(31, 16)},
     certainty::documented},
    {"cvt.rs.satfinite.e4m3x4.f32", named("e4m3fn"), 4, 8, pairs_of_halves, certainty::measured},
    {"cvt.rs.satfinite.e5m2x4.f32", named("e5m2"), 4, 8, pairs_of_halves, certainty::inferred},
    {"cvt.rs.satfinite.e2m3x4.f32", named("e2m3fn"), 4, 8, pairs_of_halves, certainty::inferred},
    {"cvt.rs.satfinite.e3m2x4.f32", named("e3m2fn"), 4, 8, pairs_of_halves, certainty::inferred},
    {"cvt.rs.satfinite.e2m1x4.f32", named("e2m1fn"), 4, 4, own_bytes, certainty::inferred},
}};

constexpr const rs_row& row_of(rs_form form) noexcept { return rs_rows[static_cast<std::size_t>(form)]; }

/// R of one lane.
constexpr std::uint32_t random_bits_of(const random_lane& lane, std::uint32_t rbits) noexcept {
    std::uint32_t r = 0;
    for (std::size_t i = 0; i < lane.count; ++i) r = r << 1 | (rbits >> lane.from[i] & 1);
    return r;
}

// ---- two codes into two 16-bit floats, exact but for NaN

enum class decode_form : std::uint8_t { e4m3x2, e5m2x2, e2m3x2, e3m2x2, e2m1x2, ue8m0x2 };

struct decode_row {
    std::string_view ptx;
    std::string_view needs;
    float_format from;
    float_format to;
    int lane_bits;
};

inline constexpr std::array<decode_row, 6> decode_rows{{
    {"cvt.rn.f16x2.e4m3x2", "sm_89", named("e4m3fn"), named("binary16"), 8},
    {"cvt.rn.f16x2.e5m2x2", "sm_89", named("e5m2"), named("binary16"), 8},
    {"cvt.rn.f16x2.e2m3x2", "sm_100a, sm_120a", named("e2m3fn"), named("binary16"), 8},
    {"cvt.rn.f16x2.e3m2x2", "sm_100a, sm_120a", named("e3m2fn"), named("binary16"), 8},
    {"cvt.rn.f16x2.e2m1x2", "sm_100a, sm_120a", named("e2m1fn"), named("binary16"), 4},
    {"cvt.rn.bf16x2.ue8m0x2", "sm_100a, sm_120a", named("e8m0fnu"), named("bfloat16"), 8},
}};

constexpr const decode_row& row_of(decode_form form) noexcept { return decode_rows[static_cast<std::size_t>(form)]; }

/// The bits that two codes may have set in the operand.
constexpr std::uint32_t decode_mask(decode_form form) noexcept {
    const auto lane = static_cast<std::uint32_t>(row_of(form).from.code_mask());
    return lane | lane << row_of(form).lane_bits;
}

}  // namespace halfulp::cuda
