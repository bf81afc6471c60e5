// round, encode and decode for formats of any kind: floats go on to convert.cpp, everything else takes the scalar definition,
// vector kernels of its own kind or, where the format is a short table, its steps.
#include <limits>
#include <stdexcept>
#include <string>

#include "checks.hpp"
#include "decoding.hpp"
#include "halfulp/codecs/any_projector.hpp"
#include "halfulp/kernels/convert.hpp"
#include "halfulp/rounding/name.hpp"
#include "integer_conversion.hpp"
#include "parallel.hpp"
#include "posit_conversion.hpp"
#include "project_each.hpp"
#include "step_conversion.hpp"

namespace halfulp {
namespace {

/// What a format that is no float cannot do with a projection.
void check_projection(const format& f, const projection& how, bool codes) {
    const auto refuse = [&](const char* allowed) {
        throw std::invalid_argument("overflow is '" + std::string(to_string(how.overflow)) + "', allowed for " +
                                    to_string(f) + (codes ? " in encode" : "") + ": " + allowed);
    };
    constexpr const char* plain = "sat_finite, sat_propagate, sat_none, to_nan";
    const fixed_format* fixed = f.as_fixed();
    const bool wraps = fixed != nullptr && !fixed->symmetric;
    if (how.overflow == overflow_policy::wrap && !wraps) refuse(plain);
    if (how.overflow == overflow_policy::unbounded && (codes || fixed == nullptr))
        refuse(wraps ? "sat_finite, sat_propagate, sat_none, to_nan, wrap" : plain);
    if (how.ftz != ftz_policy::none) {
        throw std::invalid_argument("ftz is '" + std::string(to_string(how.ftz)) + "', allowed for " + to_string(f) +
                                    ": None (flushing is for float formats)");
    }
}

/// By vector kernels, with the definition for what these leave over. False, and nothing done, where they do not cover the call.
template <carrier T, class Out, class Vectors, class Define>
bool convert_by(const Vectors& vectors, std::span<const T> x, std::span<Out> out, int threads, const Define& define) {
    if (!vectors.covers()) return false;
    const bool stream = vectors.may_stream() && detail::should_stream(x.data(), out.data(), x.size());
    detail::parallel_for(x.size(), threads, detail::thread_grain, [&](std::size_t begin, std::size_t end) {
        vectors.run(x.data(), out.data(), begin, end - begin, stream, define);
    });
    return true;
}

/// Vector kernels where there are some for the call, by_steps(steps, first element, how many) where the format is a short table, else the
/// definition, which hands every projected number to sink(index, number).
template <carrier T, class Out, class BySteps, class Sink>
void project_array(std::span<const T> x, std::span<Out> out, const format& f, const projection& how,
                   const randomness& random, int threads, const BySteps& by_steps, const Sink& sink) {
    const any_projector to(f, how);
    const auto define = [&](std::size_t begin, std::size_t end, const T* at) {
        if (is_stochastic(how.rounding)) {
            detail::project_each<rounding_mode::stochastic_a>(at, begin, end, to, f, how, random, sink);
        } else {
            detail::project_each<rounding_mode::toward_zero>(at, begin, end, to, f, how, random, sink);
        }
    };
    if (const fixed_format* is = f.as_fixed()) {
        if (convert_by(detail::integer_conversion<T, Out>(*is, how, random), x, out, threads, define)) return;
    } else if (const posit_format* posit = f.as_posit()) {
        if (convert_by(detail::posit_conversion<T, Out>(*posit, how, random), x, out, threads, define)) return;
    }
    const detail::step_conversion<T> steps(f, how, x.size());
    detail::parallel_for(x.size(), threads, detail::thread_grain, [&](std::size_t begin, std::size_t end) {
        if (steps.covers()) {
            by_steps(steps, begin, end - begin);
        } else {
            define(begin, end, x.data() + begin);
        }
    });
}

}  // namespace

template <carrier T>
void round(std::span<const T> x, std::span<T> out, const format& f, const projection& how, const randomness& random,
           int threads) {
    if (const float_format* is = f.as_float()) return round(x, out, *is, how, random, threads);
    detail::check_sizes(x.size(), out.size());
    detail::check_holds(carrier_traits<T>::format, f);
    check_projection(f, how, false);
    detail::check_threads(threads);
    detail::check_random(how.rounding, how.random_bits, random, x.size());
    const auto by_steps = [&](const auto& steps, std::size_t first, std::size_t size) {
        steps.round(x.data(), out.data(), first, size, false);
    };
    project_array(x, out, f, how, random, threads, by_steps, [&](std::size_t i, const projected& number) {
        out[i] = number.missing_nan && how.nan == nan_policy::keep ? from_bits<T>(carrier_traits<T>::format.nan_code())
                                                                   : to_nearest_value<T>(number);
    });
}

template <carrier T, code_type C>
void encode(std::span<const T> x, std::span<C> codes, const format& f, const projection& how, const randomness& random,
            int threads) {
    if (const float_format* is = f.as_float()) return encode(x, codes, *is, how, random, threads);
    detail::check_sizes(x.size(), codes.size());
    check_projection(f, how, true);
    detail::check_threads(threads);
    detail::check_random(how.rounding, how.random_bits, random, x.size());
    detail::check_code_width(std::numeric_limits<C>::digits, f);
    detail::check_not_kept(how.nan, "encode");
    const auto by_steps = [&](const auto& steps, std::size_t first, std::size_t size) {
        steps.encode(x.data(), codes.data(), first, size);
    };
    const int width = f.bits();
    const bool is_signed = f.has_signed_codes();
    project_array(x, codes, f, how, random, threads, by_steps, [&](std::size_t i, const projected& number) {
        codes[i] = detail::stored_code<C>(to_code(number, f), width, is_signed);
    });
}

template <carrier T, code_type C>
void decode(std::span<const C> codes, std::span<T> out, const format& f, int threads) {
    if (const float_format* is = f.as_float()) return decode(codes, out, *is, threads);
    detail::check_sizes(codes.size(), out.size());
    detail::check_holds(carrier_traits<T>::format, f);
    detail::check_threads(threads);
    detail::check_code_width(std::numeric_limits<C>::digits, f);
    const detail::decoding<T, C> vectors(f);
    if (!vectors.checks_codes()) detail::check_codes("codes", codes, f);
    const bool stream =
        vectors.covers() && vectors.may_stream() && detail::should_stream(codes.data(), out.data(), codes.size());
    const std::uint64_t mask = low_ones(f.bits());
    detail::parallel_for(codes.size(), threads, detail::thread_grain, [&](std::size_t begin, std::size_t end) {
        if (vectors.covers()) {
            if (!vectors.run(codes.data(), out.data(), begin, end - begin, stream))
                detail::check_codes("codes", codes, f);
            return;
        }
        for (std::size_t i = begin; i < end; ++i) out[i] = decode<T>(codes[i] & mask, f);
    });
}

template <carrier T>
void probability_away(std::span<const T> x, std::span<double> out, const format& f, rounding_mode mode, int random_bits,
                      int threads) {
    detail::check_sizes(x.size(), out.size());
    detail::check_threads(threads);
    detail::check_random(rounding_mode::toward_zero, random_bits, {}, x.size());
    detail::parallel_for(x.size(), threads, detail::thread_grain, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
            constexpr float_format from = carrier_traits<T>::format;
            const std::uint64_t magnitude = to_bits(x[i]) & from.magnitude_mask();
            // A count below or equal to 2^32 over a power of two: exact in binary64. Signed, as compilers convert unsigned 64-bit
            // numbers by a difference, which is -0 for 0 where the caller rounds downward.
            const auto count = static_cast<std::int64_t>(count_away(x[i], f, mode, random_bits));
            out[i] = magnitude > from.infinity_magnitude()
                         ? std::numeric_limits<double>::quiet_NaN()
                         : static_cast<double>(count) / static_cast<double>(std::int64_t{1} << random_bits);
        }
    });
}

#define HALFULP_CARRIER(T)                                                                                            \
    template void round<T>(std::span<const T>, std::span<T>, const format&, const projection&, const randomness&,     \
                           int);                                                                                      \
    template void probability_away<T>(std::span<const T>, std::span<double>, const format&, rounding_mode, int, int); \
    HALFULP_CODES(T, std::uint8_t)                                                                                    \
    HALFULP_CODES(T, std::uint16_t)                                                                                   \
    HALFULP_CODES(T, std::uint32_t)                                                                                   \
    HALFULP_CODES(T, std::uint64_t)
#define HALFULP_CODES(T, C)                                                                                           \
    template void encode<T, C>(std::span<const T>, std::span<C>, const format&, const projection&, const randomness&, \
                               int);                                                                                  \
    template void decode<T, C>(std::span<const C>, std::span<T>, const format&, int);
HALFULP_CARRIER(float16)
HALFULP_CARRIER(bfloat16)
HALFULP_CARRIER(float)
HALFULP_CARRIER(double)

}  // namespace halfulp
