// Argument checks that the array functions share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>

#include <type_traits>

#include "halfulp/formats/format.hpp"
#include "halfulp/kernels/randomness.hpp"
#include "halfulp/rounding/projection.hpp"

namespace halfulp::detail {

/// The two arrays of an element-wise function have the same size.
void check_sizes(std::size_t x, std::size_t out);

/// The carrier holds every value of the format; the error names those that do.
void check_holds(const float_format& carrier_format, const format& f);

/// N is 1 to 32 and, where the mode is stochastic, there are random bits, as many as elements, each below 2^N.
void check_random(rounding_mode mode, int random_bits, const randomness& random, std::size_t size);

/// The indices of `size` elements, counted from the offset, have 64 bits.
void check_offset(std::uint64_t offset, std::size_t size);

/// Codes of the format fit `digits` bits.
void check_code_width(int digits, const format& f);

/// A kept NaN has no code: `function` refuses nan_policy::keep.
void check_not_kept(nan_policy nan, const std::string& function);

/// Threads are at least 1.
void check_threads(int threads);

/// A NaN for which the format has no code, at a place that whoever rearranged the array can put right.
struct missing_nan : std::invalid_argument {
    std::size_t index;
    missing_nan(std::size_t i, const std::string& what) : std::invalid_argument(what), index(i) {}
};
[[noreturn]] void throw_missing_nan(std::size_t index, const format& f);

/// A code has bits above its format's width.
[[noreturn]] void throw_code_range(const std::string& argument, std::size_t index, std::uint64_t code, const format& f);

/// A code as it stands in an array of C: integers with a sign as two's complement numbers of C's width.
template <class C>
constexpr C stored_code(std::uint64_t code, int width, bool is_signed) noexcept {
    const std::uint64_t sign = is_signed ? std::uint64_t{1} << (width - 1) : 0;
    return static_cast<C>((code ^ sign) - sign);
}

/// Has the format this code, stored so?
template <class C>
bool has_code(C code, const format& f) {
    if (!f.has_signed_codes()) return code <= f.max_code();
    const auto number = static_cast<std::int64_t>(static_cast<std::make_signed_t<C>>(code));
    const int above = f.bits() - 1;
    return number >> above == 0 || number >> above == -1;
}

/// Is every code one of the format's?
template <class C>
bool has_codes(std::span<const C> codes, const format& f) {
    if (f.bits() == std::numeric_limits<C>::digits && f.max_code() == std::numeric_limits<C>::max()) return true;
    if (f.has_signed_codes()) {
        const auto half = static_cast<C>(C{1} << (f.bits() - 1));
        C beyond = 0;
        for (const C code : codes) beyond = static_cast<C>(beyond | static_cast<C>(code + half));
        return (beyond & ~low_ones(f.bits())) == 0;
    }
    C largest = 0;
    for (const C code : codes) largest = std::max(largest, code);
    return largest <= f.max_code();
}

/// Every code is one of the format's; the error names the first that is not.
template <class C>
void check_codes(const std::string& argument, std::span<const C> codes, const format& f) {
    if (has_codes(codes, f)) return;
    for (std::size_t i = 0; i < codes.size(); ++i) {
        if (!has_code(codes[i], f)) throw_code_range(argument, i, codes[i], f);
    }
}

}  // namespace halfulp::detail
