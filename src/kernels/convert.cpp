#include "halfulp/kernels/convert.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>
#include <string>

#include "checks.hpp"
#include "conversion.hpp"
#include "decoding.hpp"
#include "dispatch_mode.hpp"
#include "halfulp/codecs/codec.hpp"
#include "halfulp/formats/name.hpp"
#include "parallel.hpp"
#include "project_each.hpp"

namespace halfulp {
namespace {

/// What a float format cannot do with a projection.
void check_projection(const projection& how) {
    if (how.overflow == overflow_policy::wrap) {
        throw std::invalid_argument(
            "overflow is 'wrap', allowed for float formats: sat_finite, sat_propagate, sat_none, to_nan, and "
            "'unbounded' in round (wrap belongs to integers and fixed point)");
    }
}

/// The whole array over threads: vector kernels where they cover the call, and the definition.
template <carrier T, class Out, class Sink>
void convert_array(std::span<const T> x, std::span<Out> out, const float_format& format, const projection& how,
                   const randomness& random, int threads, const Sink& sink) {
    const detail::conversion<T, Out> vectors(format, how, random);
    const bool stream =
        vectors.covers() && vectors.may_stream() && detail::should_stream(x.data(), out.data(), x.size());
    detail::parallel_for(x.size(), threads, detail::thread_grain, [&](std::size_t begin, std::size_t end) {
        const auto define = [&](std::size_t from, std::size_t to, const T* at) {
            detail::with_mode(how.rounding, [&]<rounding_mode Mode>() {
                projector fixed_mode(format, how);
                fixed_mode.spec.mode = Mode;
                detail::project_each<Mode>(at, from, to, fixed_mode, format, how, random, sink);
            });
        };
        if (vectors.covers()) {
            vectors.run(x.data(), out.data(), begin, end - begin, stream, define);
        } else {
            define(begin, end, x.data() + begin);
        }
    });
}

}  // namespace

template <carrier T>
void round(std::span<const T> x, std::span<T> out, const float_format& format, const projection& how,
           const randomness& random, int threads) {
    detail::check_sizes(x.size(), out.size());
    detail::check_holds(carrier_traits<T>::format, format);
    check_projection(how);
    detail::check_threads(threads);
    detail::check_random(how.rounding, how.random_bits, random, x.size());
    convert_array(x, out, format, how, random, threads, [&](std::size_t i, const projected& number) {
        out[i] = number.missing_nan && how.nan == nan_policy::keep ? from_bits<T>(carrier_traits<T>::format.nan_code())
                                                                   : to_value<T>(number);
    });
}

template <carrier T, code_type C>
void encode(std::span<const T> x, std::span<C> codes, const float_format& format, const projection& how,
            const randomness& random, int threads) {
    detail::check_sizes(x.size(), codes.size());
    check_projection(how);
    detail::check_threads(threads);
    detail::check_random(how.rounding, how.random_bits, random, x.size());
    detail::check_code_width(std::numeric_limits<C>::digits, format);
    if (how.overflow == overflow_policy::unbounded) {
        throw std::invalid_argument(
            "overflow is 'unbounded', allowed in encode: sat_finite, sat_propagate, sat_none, to_nan (numbers beyond "
            "the format have no code)");
    }
    detail::check_not_kept(how.nan, "encode");
    const float_grid grid(format);
    convert_array(x, codes, format, how, random, threads,
                  [&](std::size_t i, const projected& number) { codes[i] = static_cast<C>(to_code(number, grid)); });
}

template <carrier T, code_type C>
void decode(std::span<const C> codes, std::span<T> out, const float_format& format, int threads) {
    detail::check_sizes(codes.size(), out.size());
    detail::check_holds(carrier_traits<T>::format, format);
    detail::check_threads(threads);
    const detail::decoding<T, C> vectors(format);
    const bool stream =
        vectors.covers() && vectors.may_stream() && detail::should_stream(codes.data(), out.data(), codes.size());
    // Up to 8 bits the table is no larger than a few cache lines; building it costs less than it saves beyond a few codes.
    std::array<T, 256> table;
    const bool tabulated = !vectors.covers() && format.bits() <= 8 && codes.size() > 256;
    for (std::uint64_t code = 0; tabulated && code <= format.code_mask(); ++code) table[code] = decode<T>(code, format);
    detail::parallel_for(codes.size(), threads, detail::thread_grain, [&](std::size_t begin, std::size_t end) {
        if (vectors.covers()) {
            if (!vectors.run(codes.data(), out.data(), begin, end - begin, stream))
                detail::check_codes("codes", codes, format);
            return;
        }
        for (std::size_t i = begin; i < end; ++i) {
            const std::uint64_t code = codes[i];
            if (code > format.code_mask()) detail::throw_code_range("codes", i, code, format);
            out[i] = tabulated ? table[code] : decode<T>(code, format);
        }
    });
}

template <carrier T>
void probability_away(std::span<const T> x, std::span<double> out, const float_format& format, rounding_mode mode,
                      int random_bits, int threads) {
    probability_away(x, out, halfulp::format(format), mode, random_bits, threads);
}

#define HALFULP_CARRIER(T)                                                                                            \
    template void round<T>(std::span<const T>, std::span<T>, const float_format&, const projection&,                  \
                           const randomness&, int);                                                                   \
    template void probability_away<T>(std::span<const T>, std::span<double>, const float_format&, rounding_mode, int, \
                                      int);                                                                           \
    HALFULP_CODES(T, std::uint8_t)                                                                                    \
    HALFULP_CODES(T, std::uint16_t)                                                                                   \
    HALFULP_CODES(T, std::uint32_t)                                                                                   \
    HALFULP_CODES(T, std::uint64_t)
#define HALFULP_CODES(T, C)                                                                              \
    template void encode<T, C>(std::span<const T>, std::span<C>, const float_format&, const projection&, \
                               const randomness&, int);                                                  \
    template void decode<T, C>(std::span<const C>, std::span<T>, const float_format&, int);
HALFULP_CARRIER(float16)
HALFULP_CARRIER(bfloat16)
HALFULP_CARRIER(float)
HALFULP_CARRIER(double)

}  // namespace halfulp
