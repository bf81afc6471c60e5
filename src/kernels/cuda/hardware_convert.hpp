// The conversions of cvt_forms.hpp: the instruction where the architecture that is compiled for has it, else its portable twin.
// The host always runs the twin, so host tests say nothing of the instructions: only a run on a device does (halfulp validate-gpu).
//
// Guards: PTX ISA 9.1, cvt, "Target ISA Notes". FP8: sm_89. FP6, FP4, E8M0: the arch-specific targets sm_100a, sm_103a, sm_110a, sm_120a.
// Stochastic forms: sm_100a and sm_103a alone; ptxas 13.0 refuses them for sm_120a.
#pragma once

#include <cstdint>

#include "cvt_forms.hpp"
#include "portable_convert.hpp"
#include "thread_context.hpp"

#if defined(__CUDA_ARCH__)
#define HALFULP_CVT_16 1
#if __CUDA_ARCH__ >= 890
#define HALFULP_CVT_FP8 1
#endif
#if defined(__CUDA_ARCH_FEAT_SM100_ALL) || defined(__CUDA_ARCH_FEAT_SM103_ALL) || \
    defined(__CUDA_ARCH_FEAT_SM110_ALL) || defined(__CUDA_ARCH_FEAT_SM120_ALL)
#define HALFULP_CVT_NARROW 1
#endif
#if defined(__CUDA_ARCH_FEAT_SM100_ALL) || defined(__CUDA_ARCH_FEAT_SM103_ALL)
#define HALFULP_CVT_RS 1
#endif
#endif

namespace halfulp::cuda {

/// Is `form` an instruction in the code that is being compiled?
template <cvt_form Form>
HALFULP_HOST_DEVICE constexpr bool is_instruction() noexcept {
#if defined(HALFULP_CVT_NARROW)
    return true;
#elif defined(HALFULP_CVT_FP8)
    return Form <= cvt_form::rn_e5m2x2;
#elif defined(HALFULP_CVT_16)
    return Form <= cvt_form::rz_bf16x2;
#else
    return false;
#endif
}

template <rs_form Form>
HALFULP_HOST_DEVICE constexpr bool is_instruction() noexcept {
#if defined(HALFULP_CVT_RS)
    return true;
#else
    return false;
#endif
}

template <decode_form Form>
HALFULP_HOST_DEVICE constexpr bool is_instruction() noexcept {
#if defined(HALFULP_CVT_NARROW)
    return true;
#elif defined(HALFULP_CVT_FP8)
    return Form <= decode_form::e5m2x2;
#else
    return false;
#endif
}

/// Two float32 into two codes, d = {a, b}.
template <cvt_form Form>
HALFULP_HOST_DEVICE std::uint32_t cvt(float a, float b) noexcept {
#if defined(HALFULP_CVT_16)
    if constexpr (Form == cvt_form::rn_f16x2) {
        std::uint32_t d;
        asm("cvt.rn.satfinite.f16x2.f32 %0, %1, %2;" : "=r"(d) : "f"(a), "f"(b));
        return d;
    } else if constexpr (Form == cvt_form::rz_f16x2) {
        std::uint32_t d;
        asm("cvt.rz.satfinite.f16x2.f32 %0, %1, %2;" : "=r"(d) : "f"(a), "f"(b));
        return d;
    } else if constexpr (Form == cvt_form::rn_bf16x2) {
        std::uint32_t d;
        asm("cvt.rn.satfinite.bf16x2.f32 %0, %1, %2;" : "=r"(d) : "f"(a), "f"(b));
        return d;
    } else if constexpr (Form == cvt_form::rz_bf16x2) {
        std::uint32_t d;
        asm("cvt.rz.satfinite.bf16x2.f32 %0, %1, %2;" : "=r"(d) : "f"(a), "f"(b));
        return d;
    }
#endif
#if defined(HALFULP_CVT_FP8)
    if constexpr (Form == cvt_form::rn_e4m3x2) {
        std::uint16_t d;
        asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(d) : "f"(a), "f"(b));
        return d;
    } else if constexpr (Form == cvt_form::rn_e5m2x2) {
        std::uint16_t d;
        asm("cvt.rn.satfinite.e5m2x2.f32 %0, %1, %2;" : "=h"(d) : "f"(a), "f"(b));
        return d;
    }
#endif
#if defined(HALFULP_CVT_NARROW)
    if constexpr (Form == cvt_form::rn_e2m3x2) {
        std::uint16_t d;
        asm("cvt.rn.satfinite.e2m3x2.f32 %0, %1, %2;" : "=h"(d) : "f"(a), "f"(b));
        return d;
    } else if constexpr (Form == cvt_form::rn_e3m2x2) {
        std::uint16_t d;
        asm("cvt.rn.satfinite.e3m2x2.f32 %0, %1, %2;" : "=h"(d) : "f"(a), "f"(b));
        return d;
    } else if constexpr (Form == cvt_form::rn_e2m1x2) {
        std::uint16_t d;  // asm has no 8-bit operand: the byte is widened on the way
        asm("{\n.reg .b8 byte;\ncvt.rn.satfinite.e2m1x2.f32 byte, %1, %2;\ncvt.u16.u8 %0, byte;\n}"
            : "=h"(d)
            : "f"(a), "f"(b));
        return d;
    } else if constexpr (Form == cvt_form::rz_ue8m0x2) {
        std::uint16_t d;
        asm("cvt.rz.satfinite.ue8m0x2.f32 %0, %1, %2;" : "=h"(d) : "f"(a), "f"(b));
        return d;
    } else if constexpr (Form == cvt_form::rp_ue8m0x2) {
        std::uint16_t d;
        asm("cvt.rp.satfinite.ue8m0x2.f32 %0, %1, %2;" : "=h"(d) : "f"(a), "f"(b));
        return d;
    }
#endif
    return portable_cvt<Form>(a, b);
}

/// Two or four float32 into codes, with the random bits of one operand.
template <rs_form Form>
HALFULP_HOST_DEVICE std::uint32_t cvt_rs(const rs_operands& x, std::uint32_t rbits) noexcept {
#if defined(HALFULP_CVT_RS)
    if constexpr (Form == rs_form::f16x2) {
        std::uint32_t d;
        asm("cvt.rs.satfinite.f16x2.f32 %0, %1, %2, %3;" : "=r"(d) : "f"(x.lane[1]), "f"(x.lane[0]), "r"(rbits));
        return d;
    } else if constexpr (Form == rs_form::bf16x2) {
        std::uint32_t d;
        asm("cvt.rs.satfinite.bf16x2.f32 %0, %1, %2, %3;" : "=r"(d) : "f"(x.lane[1]), "f"(x.lane[0]), "r"(rbits));
        return d;
    } else if constexpr (Form == rs_form::e4m3x4) {
        std::uint32_t d;
        asm("cvt.rs.satfinite.e4m3x4.f32 %0, {%1, %2, %3, %4}, %5;"
            : "=r"(d)
            : "f"(x.lane[3]), "f"(x.lane[2]), "f"(x.lane[1]), "f"(x.lane[0]), "r"(rbits));
        return d;
    } else if constexpr (Form == rs_form::e5m2x4) {
        std::uint32_t d;
        asm("cvt.rs.satfinite.e5m2x4.f32 %0, {%1, %2, %3, %4}, %5;"
            : "=r"(d)
            : "f"(x.lane[3]), "f"(x.lane[2]), "f"(x.lane[1]), "f"(x.lane[0]), "r"(rbits));
        return d;
    } else if constexpr (Form == rs_form::e2m3x4) {
        std::uint32_t d;
        asm("cvt.rs.satfinite.e2m3x4.f32 %0, {%1, %2, %3, %4}, %5;"
            : "=r"(d)
            : "f"(x.lane[3]), "f"(x.lane[2]), "f"(x.lane[1]), "f"(x.lane[0]), "r"(rbits));
        return d;
    } else if constexpr (Form == rs_form::e3m2x4) {
        std::uint32_t d;
        asm("cvt.rs.satfinite.e3m2x4.f32 %0, {%1, %2, %3, %4}, %5;"
            : "=r"(d)
            : "f"(x.lane[3]), "f"(x.lane[2]), "f"(x.lane[1]), "f"(x.lane[0]), "r"(rbits));
        return d;
    } else if constexpr (Form == rs_form::e2m1x4) {
        std::uint16_t d;
        asm("cvt.rs.satfinite.e2m1x4.f32 %0, {%1, %2, %3, %4}, %5;"
            : "=h"(d)
            : "f"(x.lane[3]), "f"(x.lane[2]), "f"(x.lane[1]), "f"(x.lane[0]), "r"(rbits));
        return d;
    }
#endif
    return portable_cvt_rs<Form>(x, rbits);
}

/// Two codes into two 16-bit floats.
template <decode_form Form>
HALFULP_HOST_DEVICE std::uint32_t cvt_decode(std::uint32_t codes) noexcept {
#if defined(HALFULP_CVT_FP8)
    if constexpr (Form == decode_form::e4m3x2) {
        std::uint32_t d;
        asm("cvt.rn.f16x2.e4m3x2 %0, %1;" : "=r"(d) : "h"(static_cast<std::uint16_t>(codes)));
        return d;
    } else if constexpr (Form == decode_form::e5m2x2) {
        std::uint32_t d;
        asm("cvt.rn.f16x2.e5m2x2 %0, %1;" : "=r"(d) : "h"(static_cast<std::uint16_t>(codes)));
        return d;
    }
#endif
#if defined(HALFULP_CVT_NARROW)
    if constexpr (Form == decode_form::e2m3x2) {
        std::uint32_t d;
        asm("cvt.rn.f16x2.e2m3x2 %0, %1;" : "=r"(d) : "h"(static_cast<std::uint16_t>(codes)));
        return d;
    } else if constexpr (Form == decode_form::e3m2x2) {
        std::uint32_t d;
        asm("cvt.rn.f16x2.e3m2x2 %0, %1;" : "=r"(d) : "h"(static_cast<std::uint16_t>(codes)));
        return d;
    } else if constexpr (Form == decode_form::e2m1x2) {
        std::uint32_t d;
        asm("{\n.reg .b8 byte;\ncvt.u8.u16 byte, %1;\ncvt.rn.f16x2.e2m1x2 %0, byte;\n}"
            : "=r"(d)
            : "h"(static_cast<std::uint16_t>(codes)));
        return d;
    } else if constexpr (Form == decode_form::ue8m0x2) {
        std::uint32_t d;
        asm("cvt.rn.bf16x2.ue8m0x2 %0, %1;" : "=r"(d) : "h"(static_cast<std::uint16_t>(codes)));
        return d;
    }
#endif
    return portable_cvt_decode<Form>(codes);
}

}  // namespace halfulp::cuda

#undef HALFULP_CVT_16
#undef HALFULP_CVT_FP8
#undef HALFULP_CVT_NARROW
#undef HALFULP_CVT_RS
