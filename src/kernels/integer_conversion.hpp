// One call of round or encode for integers and fixed point, by vector kernels where a backend has them: conversion.hpp's way with
// other kernels.
#pragma once

#include <limits>

#include "conversion.hpp"
#include "halfulp/formats/fixed_format.hpp"
#include "simd/integerplanner.hpp"

namespace halfulp::detail {

struct integer_conversions {
    using format = fixed_format;
    template <class Lane>
    using plan = simd::integer_conversion_plan<Lane>;

    template <class Lane, class Out>
    static std::optional<plan<Lane>> make(const format& f, const projection& how, bool random_is_given) {
        constexpr bool codes = !std::is_same_v<Lane, Out>;
        auto made = simd::plan_integers<Lane>(f, how, codes, random_is_given);
        if constexpr (codes && sizeof(Out) < sizeof(Lane)) {
            if (made) made->plan.code_mask = std::numeric_limits<Out>::max();
        }
        return made;
    }
    static const simd::integer_kernels* active() { return simd::active_integers(); }
    /// Two's complement; numbers without a sign are below 2^31.
    static std::uint64_t widened(std::uint32_t code) noexcept {
        return static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(code)));
    }
};

template <carrier T, class Out>
using integer_conversion = conversion<T, Out, integer_conversions>;

}  // namespace halfulp::detail
