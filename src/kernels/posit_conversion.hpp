// One call of round or encode for posits, by vector kernels where a backend has them: conversion.hpp's way with other kernels.
#pragma once

#include "conversion.hpp"

namespace halfulp::detail {

struct posit_conversions {
    using format = posit_format;
    template <class>
    using plan = simd::posit_conversion_plan;

    template <class Lane, class Out>
    static std::optional<simd::posit_conversion_plan> make(const format& f, const projection& how, bool) {
        if constexpr (std::is_same_v<Lane, double>) return std::nullopt;
        return simd::plan_posits(f, how, !std::is_same_v<Lane, Out>);
    }
    static const simd::posit_kernels* active() { return simd::active_posits(); }
    static std::uint64_t widened(std::uint32_t code) noexcept { return code; }
};

template <carrier T, class Out>
using posit_conversion = conversion<T, Out, posit_conversions>;

}  // namespace halfulp::detail
