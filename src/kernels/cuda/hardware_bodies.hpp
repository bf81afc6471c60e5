// Bodies that put the conversions of hardware_convert.hpp side by side with their portable twins, or hand their results out.
// On the host both sides are the twin: what a host run shows is that the comparison itself works.
#pragma once

#include <cstdint>

#include "atomics.hpp"
#include "hardware_cases.hpp"
#include "hardware_convert.hpp"
#include "hardware_on.hpp"

namespace halfulp::cuda {

/// Counts a comparison's difference.
HALFULP_HOST_DEVICE inline void note(sweep_result* result, bool same, std::uint64_t index) noexcept {
    if (same) return;
    atomic_add(&result->differences, 1);
    atomic_min(&result->first, index);
}

/// Every index from `begin` to `end` (at most 2^32) is one pair of operands.
template <cvt_form Form>
struct cvt_sweep_body {
    HALFULP_HOST_DEVICE void operator()(thread_context at, std::uint64_t begin, std::uint64_t end,
                                        sweep_result* result) const {
        if (at.index() == 0) result->instructions = is_instruction<Form>() ? 1 : 0;
        for (std::uint64_t i = begin + at.index(); i < end; i += at.count()) {
            const auto bits = static_cast<std::uint32_t>(i);
            const float a = from_bits<float>(bits);
            const float b = from_bits<float>(second_pattern(bits));
            note(result, cvt<Form>(a, b) == portable_cvt<Form>(a, b), i);
        }
    }
};

template <rs_form Form>
struct rs_sweep_body {
    HALFULP_HOST_DEVICE void operator()(thread_context at, std::uint64_t begin, std::uint64_t end,
                                        sweep_result* result) const {
        if (at.index() == 0) result->instructions = is_instruction<Form>() ? 1 : 0;
        for (std::uint64_t i = begin + at.index(); i < end; i += at.count()) {
            const rs_case c = rs_case_at(i);
            note(result, cvt_rs<Form>(c.x, c.rbits) == portable_cvt_rs<Form>(c.x, c.rbits), i);
        }
    }
};

/// Every index is a pair of codes; where bits beside the codes are set (FP6 has two in each byte) PTX does not say what happens, so
/// nothing is compared. NaNs count by their bits too.
template <decode_form Form>
struct decode_sweep_body {
    HALFULP_HOST_DEVICE void operator()(thread_context at, std::uint64_t begin, std::uint64_t end,
                                        sweep_result* result) const {
        constexpr std::uint32_t mask = decode_mask(Form);
        if (at.index() == 0) result->instructions = is_instruction<Form>() ? 1 : 0;
        for (std::uint64_t i = begin + at.index(); i < end; i += at.count()) {
            const auto codes = static_cast<std::uint32_t>(i);
            if ((codes & ~mask) != 0) continue;
            note(result, cvt_decode<Form>(codes) == portable_cvt_decode<Form>(codes), i);
        }
    }
};

/// Results for the host to look at: out[i] from operands x[2i + 1] and x[2i].
template <cvt_form Form>
struct cvt_array_body {
    HALFULP_HOST_DEVICE void operator()(thread_context at, const float* x, std::uint32_t* out,
                                        std::uint64_t size) const {
        for (std::uint64_t i = at.index(); i < size; i += at.count()) out[i] = cvt<Form>(x[2 * i + 1], x[2 * i]);
    }
};

template <rs_form Form>
struct rs_array_body {
    HALFULP_HOST_DEVICE void operator()(thread_context at, const rs_case* cases, std::uint32_t* out,
                                        std::uint64_t size) const {
        for (std::uint64_t i = at.index(); i < size; i += at.count()) out[i] = cvt_rs<Form>(cases[i].x, cases[i].rbits);
    }
};

template <decode_form Form>
struct decode_array_body {
    HALFULP_HOST_DEVICE void operator()(thread_context at, const std::uint32_t* codes, std::uint32_t* out,
                                        std::uint64_t size) const {
        for (std::uint64_t i = at.index(); i < size; i += at.count()) out[i] = cvt_decode<Form>(codes[i]);
    }
};

}  // namespace halfulp::cuda
