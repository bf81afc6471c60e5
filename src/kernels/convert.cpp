#include "halfulp/kernels/convert.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>
#include <string>

#include "checks.hpp"
#include "dispatch_mode.hpp"
#include "halfulp/codecs/codec.hpp"
#include "halfulp/formats/name.hpp"
#include "parallel.hpp"

namespace halfulp {
namespace {

constexpr std::size_t block_size = 1024;  // elements between two fillings of the random words: a few kilobytes of stack

/// What a float format cannot do with a projection.
void check_projection(const projection& how) {
    if (how.overflow == overflow_policy::wrap) {
        throw std::invalid_argument(
            "overflow is 'wrap', allowed for float formats: sat_finite, sat_propagate, sat_none, to_nan, and "
            "'unbounded' in round (wrap belongs to integers and fixed point)");
    }
}

/// Projects x block by block and hands every projected number to sink(index, number).
template <carrier T, class Sink>
void for_each_projected(std::span<const T> x, const float_format& format, const projection& how,
                        const randomness& random, int threads, const Sink& sink) {
    detail::with_mode(how.rounding, [&]<rounding_mode Mode>() {
        detail::parallel_for(x.size(), threads, block_size, [&](std::size_t begin, std::size_t end) {
            projector to(format, how);
            to.spec.mode = Mode;
            std::array<std::uint32_t, block_size> words;
            for (std::size_t start = begin; start < end; start += block_size) {
                const std::size_t stop = std::min(end, start + block_size);
                if constexpr (is_stochastic(Mode)) {
                    if (random.from == randomness::kind::drawn) {
                        fill_words(random.source, start, 0, std::span(words).first(stop - start));
                        for (std::uint32_t& word : words) word >>= 32 - how.random_bits;
                    } else {
                        std::copy(random.given.begin() + static_cast<std::ptrdiff_t>(start),
                                  random.given.begin() + static_cast<std::ptrdiff_t>(stop), words.begin());
                    }
                }
                for (std::size_t i = start; i < stop; ++i) {
                    const projected number = project(x[i], to, is_stochastic(Mode) ? words[i - start] : 0);
                    if (number.missing_nan && how.nan == nan_policy::raise) detail::throw_missing_nan(i, format);
                    sink(i, number);
                }
            }
        });
    });
}

/// A code array of any width, so that the loops over modes are compiled once per carrier and not once per width.
struct code_array {
    void* data;
    std::size_t width;

    void store(std::size_t i, std::uint64_t code) const noexcept {
        switch (width) {
            case 1: static_cast<std::uint8_t*>(data)[i] = static_cast<std::uint8_t>(code); break;
            case 2: static_cast<std::uint16_t*>(data)[i] = static_cast<std::uint16_t>(code); break;
            case 4: static_cast<std::uint32_t*>(data)[i] = static_cast<std::uint32_t>(code); break;
            default: static_cast<std::uint64_t*>(data)[i] = code; break;
        }
    }
};

template <carrier T>
void encode_any(std::span<const T> x, code_array codes, const float_format& format, const projection& how,
                const randomness& random, int threads) {
    const float_grid grid(format);
    for_each_projected(x, format, how, random, threads,
                       [&](std::size_t i, const projected& number) { codes.store(i, to_code(number, grid)); });
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
    for_each_projected(x, format, how, random, threads, [&](std::size_t i, const projected& number) {
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
    encode_any(x, code_array{codes.data(), sizeof(C)}, format, how, random, threads);
}

template <carrier T, code_type C>
void decode(std::span<const C> codes, std::span<T> out, const float_format& format, int threads) {
    detail::check_sizes(codes.size(), out.size());
    detail::check_holds(carrier_traits<T>::format, format);
    detail::check_threads(threads);
    detail::check_codes("codes", codes, format);
    // Up to 8 bits the table is no larger than a few cache lines; building it costs less than it saves beyond a few codes.
    std::array<T, 256> table;
    const bool tabulated = format.bits() <= 8 && codes.size() > 256;
    for (std::uint64_t code = 0; tabulated && code <= format.code_mask(); ++code) table[code] = decode<T>(code, format);
    detail::parallel_for(codes.size(), threads, block_size, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
            const std::uint64_t code = codes[i];
            out[i] = tabulated ? table[code] : decode<T>(code, format);
        }
    });
}

template <carrier T>
void probability_away(std::span<const T> x, std::span<double> out, const float_format& format, rounding_mode mode,
                      int random_bits, int threads) {
    detail::check_sizes(x.size(), out.size());
    detail::check_threads(threads);
    detail::check_random(rounding_mode::toward_zero, random_bits, {}, x.size());
    detail::parallel_for(x.size(), threads, block_size, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
            const std::uint64_t magnitude = to_bits(x[i]) & carrier_traits<T>::format.magnitude_mask();
            const bool nan = magnitude > carrier_traits<T>::format.infinity_magnitude();
            // A count below or equal to 2^32 over a power of two: exact in binary64.
            const auto count = static_cast<double>(count_away(x[i], format, mode, random_bits));
            out[i] = nan ? std::numeric_limits<double>::quiet_NaN()
                         : count / static_cast<double>(std::uint64_t{1} << random_bits);
        }
    });
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
