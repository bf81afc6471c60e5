// Argument checks that the array functions share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

#include "halfulp/kernels/randomness.hpp"
#include "halfulp/rounding/projection.hpp"

namespace halfulp::detail {

/// The two arrays of an element-wise function have the same size.
void check_sizes(std::size_t x, std::size_t out);

/// The carrier holds every value of the format; the error names those that do.
void check_holds(const float_format& carrier_format, const float_format& format);

/// N is 1 to 32 and, where the mode is stochastic, there are random bits, as many as elements, each below 2^N.
void check_random(rounding_mode mode, int random_bits, const randomness& random, std::size_t size);

/// The indices of `size` elements, counted from the offset, have 64 bits.
void check_offset(std::uint64_t offset, std::size_t size);

/// Codes of the format fit `digits` bits.
void check_code_width(int digits, const float_format& format);

/// A kept NaN has no code: `function` refuses nan_policy::keep.
void check_not_kept(nan_policy nan, const std::string& function);

/// Threads are at least 1.
void check_threads(int threads);

/// A NaN for which the format has no code, at a place that whoever rearranged the array can put right.
struct missing_nan : std::invalid_argument {
    std::size_t index;
    missing_nan(std::size_t i, const std::string& what) : std::invalid_argument(what), index(i) {}
};
[[noreturn]] void throw_missing_nan(std::size_t index, const float_format& format);

/// A code has bits above its format's width.
[[noreturn]] void throw_code_range(const std::string& argument, std::size_t index, std::uint64_t code,
                                   const float_format& format);

/// No code has bits above its format's width. Looks at all of them before anything is written.
template <class C>
void check_codes(const std::string& argument, std::span<const C> codes, const float_format& format) {
    std::uint64_t all = 0;
    for (const C code : codes) all |= code;
    if ((all & ~format.code_mask()) == 0) return;
    for (std::size_t i = 0; i < codes.size(); ++i) {
        if ((codes[i] & ~format.code_mask()) != 0) throw_code_range(argument, i, codes[i], format);
    }
}

}  // namespace halfulp::detail
