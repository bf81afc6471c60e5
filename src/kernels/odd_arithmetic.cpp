#include "odd_arithmetic.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "array_elements.hpp"
#include "checks.hpp"
#include "float_environment.hpp"
#include "halfulp/kernels/convert.hpp"
#include "parallel.hpp"
#include "project_each.hpp"

namespace halfulp::detail {
namespace {

constexpr std::size_t block_size = 1024;
using block = std::array<double, block_size>;

/// A number to nearest even and the sign of what is missing, as the number rounded to odd: inexact ones end in a set bit. With 53 bits and a
/// format of at most 53 - 2 this rounds as the exact number does (Boldo and Melquiond, 2008); with 53 - 34 random bits lose nothing either.
inline double to_odd(double nearest, double error) noexcept {
    const auto bits = std::bit_cast<std::int64_t>(nearest);
    const bool inexact = error > 0 || error < 0;  // false beside NaN and infinity
    const bool even = (bits & 1) == 0;
    const std::int64_t step = std::signbit(error) == std::signbit(nearest) ? 1 : -1;
    return std::bit_cast<double>(inexact && even ? bits + step : bits);
}

/// a + b for numbers of 48 bits and exponents far inside binary64's (Knuth's TwoSum).
inline double add(double a, double b) noexcept {
    const double s = a + b;
    const double part = s - a;
    return to_odd(s, (a - (s - part)) + (b - part));
}

/// The remainders of quotients and roots of 24-bit numbers are binary64 numbers, so the fused operation gives them exactly; those of infinities are NaN.
inline double divide(double a, double b) noexcept {
    const double q = a / b;
    const double rest = std::fma(-q, b, a);
    return to_odd(q, std::signbit(b) ? -rest : rest);
}
inline double root(double a) noexcept {
    const double s = std::sqrt(a);
    return to_odd(s, std::fma(-s, s, a));
}

// read, compute and write are calls, so that nothing of them moves out of the scope of the caller's float_environment.

/// One operation for every element of a block.
template <class F>
void each(block& out, std::size_t size, const F& f) {
    for (std::size_t i = 0; i < size; ++i) out[i] = f(i);
}
[[gnu::noinline]] void compute(operation op, const std::array<block, 3>& x, block& out, std::size_t size) {
    switch (op) {
        case operation::add: return each(out, size, [&](std::size_t i) { return add(x[0][i], x[1][i]); });
        case operation::sub: return each(out, size, [&](std::size_t i) { return add(x[0][i], -x[1][i]); });
        case operation::mul: return each(out, size, [&](std::size_t i) { return x[0][i] * x[1][i]; });
        case operation::div: return each(out, size, [&](std::size_t i) { return divide(x[0][i], x[1][i]); });
        case operation::fma: return each(out, size, [&](std::size_t i) { return add(x[0][i] * x[1][i], x[2][i]); });
        case operation::sqrt: return each(out, size, [&](std::size_t i) { return root(x[0][i]); });
        default: return each(out, size, [&](std::size_t i) { return divide(1.0, x[0][i]); });
    }
}

bool covers(operation op) {
    switch (op) {
        case operation::add:
        case operation::sub:
        case operation::mul:
        case operation::div:
        case operation::fma:
        case operation::sqrt:
        case operation::recip: return true;
        default: return false;
    }
}

bool divides(operation op) { return op == operation::div || op == operation::recip; }
bool sums(operation op) { return op == operation::add || op == operation::sub || op == operation::fma; }

/// An operand's elements `begin` to `end`.
[[gnu::noinline]] void read(const operand_array& from, std::size_t begin, std::size_t end, block& out) {
    const std::size_t size = end - begin;
    const bool one = from.size == 1;
    std::array<float, block_size> values;
    with_element(from.kind, [&](auto t) {
        using T = decltype(t);
        const T* const first = static_cast<const T*>(from.data) + (one ? 0 : begin);
        const std::size_t count = one ? 1 : size;
        const std::span<float> to = std::span(values).first(count);
        if constexpr (code_type<T>) {
            decode(std::span(first, count), to, *from.of);
        } else if constexpr (std::same_as<T, float16> || std::same_as<T, bfloat16>) {
            std::array<std::uint16_t, block_size> bits;
            for (std::size_t i = 0; i < count; ++i) bits[i] = first[i].bits;
            decode(std::span<const std::uint16_t>(bits).first(count), to, carrier_traits<T>::format);
        } else if constexpr (std::same_as<T, float>) {
            std::copy_n(first, count, values.begin());
        }
    });
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<double>(values[one ? 0 : i]);
}

bool readable(const operand_array& x) {
    if (x.of != nullptr) return x.of->bits() <= 32 && holds(binary32_format, *x.of);
    return x.kind == element_kind::binary16 || x.kind == element_kind::bfloat16 || x.kind == element_kind::binary32;
}

/// Writes the rounded block, elements `begin` and on.
[[gnu::noinline]] void write(const block& x, std::size_t begin, std::size_t size, const result_array& out,
                             const float_format& f, const projection& how, const randomness& random) {
    const std::span<const double> from = std::span(x).first(size);
    with_element(out.kind, [&](auto t) {
        using T = decltype(t);
        T* const to = static_cast<T*>(out.data) + begin;
        if constexpr (code_type<T>) {
            encode(from, std::span(to, size), f, how, random);
        } else if constexpr (carrier<T>) {
            block members;
            const std::span<double> kept = std::span(members).first(size);
            round(from, kept, f, how, random);
            if constexpr (std::same_as<T, float16> || std::same_as<T, bfloat16>) {
                std::array<std::uint16_t, block_size> bits;
                encode(std::span<const double>(kept), std::span(bits).first(size), carrier_traits<T>::format);
                for (std::size_t i = 0; i < size; ++i) to[i].bits = bits[i];
            } else {
                for (std::size_t i = 0; i < size; ++i) to[i] = static_cast<T>(kept[i]);
            }
        }
    });
}

/// The random integers of the elements from `begin` on.
randomness part_of(const randomness& random, std::size_t begin, std::size_t size) {
    if (random.from == randomness::kind::given) return randomness(random.given.subspan(begin, size));
    randomness out = random;
    out.source.offset += begin;
    return out;
}

}  // namespace

bool calculate_by_odd(operation op, std::span<const operand_array> operands, const result_array& out, const format& f,
                      const projection& how, const array_arithmetic_options& options, const randomness& random) {
    const float_format* is = f.as_float();
    if (is == nullptr || !covers(op) || options.daz || how.through_binary32) return false;
    if (is_codes(out.kind) && options.nans != nan_rule::canonical) return false;
    if (is->precision() > (is_stochastic(how.rounding) ? 53 - 34 : 53 - 2)) return false;
    if (!std::ranges::all_of(operands, readable)) return false;
    const bool pole_is_nan = is->is_p3109() && divides(op);
    const bool negative_zeros = how.rounding == rounding_mode::toward_negative && sums(op);
    parallel_for(out.size, options.threads, thread_grain, [&](std::size_t first, std::size_t last) {
        const float_environment nearest;
        std::array<block, 3> x;
        block found;
        for (std::size_t begin = first; begin < last; begin += block_size) {
            const std::size_t size = std::min(last - begin, block_size);
            for (std::size_t k = 0; k < operands.size(); ++k) read(operands[k], begin, begin + size, x[k]);
            compute(op, x, found, size);
            if (negative_zeros) {  // an exact zero sum of operands of opposite signs
                const auto opposite = [&](std::size_t i) {
                    const double a = op == operation::fma ? x[0][i] * x[1][i] : x[0][i];
                    const double b = op == operation::fma ? x[2][i] : op == operation::sub ? -x[1][i] : x[1][i];
                    return std::signbit(a) != std::signbit(b);
                };
                for (std::size_t i = 0; i < size; ++i) {
                    if (found[i] == 0 && opposite(i)) found[i] = -0.0;
                }
            }
            if (pole_is_nan) {
                const block& divisor = x[op == operation::div ? 1 : 0];
                for (std::size_t i = 0; i < size; ++i) {
                    if (divisor[i] == 0) found[i] = std::numeric_limits<double>::quiet_NaN();
                }
            }
            try {
                write(found, begin, size, out, *is, how, part_of(random, begin, size));
            } catch (const missing_nan& error) {
                throw_missing_nan(begin + error.index, f);
            }
        }
    });
    return true;
}

}  // namespace halfulp::detail
