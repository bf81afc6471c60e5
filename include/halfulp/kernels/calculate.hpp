// Arithmetic on arrays: the bits of the scalar definition (arithmetic/calculate.hpp) for every element, over threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "halfulp/arithmetic/calculate.hpp"
#include "halfulp/arithmetic/nan_rule.hpp"
#include "halfulp/kernels/convert.hpp"

namespace halfulp {

/// What an array of numbers is made of.
enum class element_kind : std::uint8_t { binary16, bfloat16, binary32, binary64, code8, code16, code32, code64, int64 };

/// An operand's array: values of a carrier, codes of a format, or the integers of scalb. One element stands for as many as are needed.
struct operand_array {
    const void* data = nullptr;
    std::size_t size = 0;
    element_kind kind = element_kind::binary32;
    const format* of = nullptr;  ///< the format of codes

    template <carrier T>
    static operand_array values(std::span<const T> x) noexcept {
        constexpr auto kind = std::same_as<T, float16>    ? element_kind::binary16
                              : std::same_as<T, bfloat16> ? element_kind::bfloat16
                              : std::same_as<T, float>    ? element_kind::binary32
                                                          : element_kind::binary64;
        return {x.data(), x.size(), kind, nullptr};
    }
    template <code_type C>
    static operand_array codes(std::span<const C> x, const format& f) noexcept {
        constexpr auto kind = sizeof(C) == 1   ? element_kind::code8
                              : sizeof(C) == 2 ? element_kind::code16
                              : sizeof(C) == 4 ? element_kind::code32
                                               : element_kind::code64;
        return {x.data(), x.size(), kind, &f};
    }
    static operand_array integers(std::span<const std::int64_t> n) noexcept {
        return {n.data(), n.size(), element_kind::int64, nullptr};
    }
};

/// Where results go: values of a carrier that holds the format, or codes of it. May be an operand's own memory where elements have one width.
struct result_array {
    void* data = nullptr;
    std::size_t size = 0;
    element_kind kind = element_kind::binary32;

    template <carrier T>
    static result_array values(std::span<T> out) noexcept {
        return {out.data(), out.size(), operand_array::values(std::span<const T>(out)).kind};
    }
    template <code_type C>
    static result_array codes(std::span<C> out) noexcept {
        constexpr auto kind = sizeof(C) == 1   ? element_kind::code8
                              : sizeof(C) == 2 ? element_kind::code16
                              : sizeof(C) == 4 ? element_kind::code32
                                               : element_kind::code64;
        return {out.data(), out.size(), kind};
    }
};

struct array_arithmetic_options : arithmetic_options {
    nan_rule nans = nan_rule::canonical;  ///< of codes
    int threads = 1;
};

/// out[i] = the exact result of the operation on the i-th operands, projected once into `f`; flags[i], where `flags` is not empty, says what happened
/// on the way. Throws std::invalid_argument where sizes differ, an operation gets another number of operands than it has, a carrier cannot hold the
/// format's values, a code is not one of its format's, random bits are missing or superfluous, or a NaN meets nan_policy::raise in a format without
/// NaN (then `out` is unspecified).
void calculate(operation op, std::span<const operand_array> operands, result_array out, const format& f,
               const projection& how = {}, const array_arithmetic_options& options = {}, const randomness& random = {},
               std::span<std::uint8_t> flags = {});

/// How a[i] and b[i] compare; `total` is the order of all members (compare_total), else NaN is unordered. flags[i] is invalid for signaling NaNs, and
/// for every NaN where `signaling` (IEEE 754-2019, 5.6.1).
void compare(const operand_array& a, const operand_array& b, std::span<ordering> out, bool total = false,
             bool signaling = false, std::span<std::uint8_t> flags = {}, int threads = 1);

}  // namespace halfulp
