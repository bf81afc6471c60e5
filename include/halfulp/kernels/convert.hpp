// round, encode and decode on arrays: the bits of the scalar definition (codecs/codec.hpp) for every element, by the active backend
// (backend.hpp), over threads. Results depend on neither.
#pragma once

#include <cstdint>
#include <span>

#include "halfulp/codecs/any_projector.hpp"
#include "halfulp/kernels/randomness.hpp"
#include "halfulp/rounding/projection.hpp"

namespace halfulp {

/// A code array's element: the smallest unsigned type that holds the format's codes, or any wider one.
template <class C>
concept code_type = std::same_as<C, std::uint8_t> || std::same_as<C, std::uint16_t> || std::same_as<C, std::uint32_t> ||
                    std::same_as<C, std::uint64_t>;

/// Rounds every x to a member of the format. `out` may be x itself. Throws std::invalid_argument where sizes differ, where the
/// carrier cannot hold the format's values, where a stochastic mode has no random bits, where R does not fit N bits, or where
/// a NaN meets nan_policy::raise in a format without NaN (then `out` is unspecified).
template <carrier T>
void round(std::span<const T> x, std::span<T> out, const float_format& format, const projection& how = {},
           const randomness& random = {}, int threads = 1);

/// Encodes every x. Errors as in round; overflow_policy::unbounded and nan_policy::keep are refused, since they have no codes.
template <carrier T, code_type C>
void encode(std::span<const T> x, std::span<C> codes, const float_format& format, const projection& how = {},
            const randomness& random = {}, int threads = 1);

/// Decodes every code. Throws std::invalid_argument where sizes differ, where the carrier cannot hold the format's values, or where
/// a code has bits above the format's width (then `out` is unspecified).
template <carrier T, code_type C>
void decode(std::span<const C> codes, std::span<T> out, const float_format& format, int threads = 1);

/// The exact probability that each x goes to its neighbour away from zero, N = random_bits; NaN for NaN.
template <carrier T>
void probability_away(std::span<const T> x, std::span<double> out, const float_format& format, rounding_mode mode,
                      int random_bits, int threads = 1);

// The same for any format. Codes of integers and fixed point with a sign stand as two's complement numbers of C's whole width. Only integers
// and fixed point take overflow_policy::wrap and, in round, unbounded; flushing is for floats.
template <carrier T>
void round(std::span<const T> x, std::span<T> out, const format& f, const projection& how = {},
           const randomness& random = {}, int threads = 1);
template <carrier T, code_type C>
void encode(std::span<const T> x, std::span<C> codes, const format& f, const projection& how = {},
            const randomness& random = {}, int threads = 1);
template <carrier T, code_type C>
void decode(std::span<const C> codes, std::span<T> out, const format& f, int threads = 1);
template <carrier T>
void probability_away(std::span<const T> x, std::span<double> out, const format& f, rounding_mode mode, int random_bits,
                      int threads = 1);

}  // namespace halfulp
