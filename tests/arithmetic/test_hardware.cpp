// binary32 and binary64 against the host's floating-point unit: results and exceptions in IEEE's four directions. Compiled with
// -frounding-math; operands are volatile, so that nothing is worked out beforehand.
#include <algorithm>
#include <bit>
#include <cfenv>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "codecs/support/report.hpp"
#include "halfulp/arithmetic/calculate.hpp"
#include "halfulp/formats/registry.hpp"

using namespace oracle;
using halfulp::operation;

namespace {

struct direction {
    int host;
    halfulp::rounding_mode mode;
};
constexpr std::array directions{direction{FE_TONEAREST, halfulp::rounding_mode::nearest_ties_to_even},
                                direction{FE_TOWARDZERO, halfulp::rounding_mode::toward_zero},
                                direction{FE_UPWARD, halfulp::rounding_mode::toward_positive},
                                direction{FE_DOWNWARD, halfulp::rounding_mode::toward_negative}};

#if defined(__x86_64__) || defined(__riscv)
constexpr auto host_tininess = halfulp::tininess::after;
#else
constexpr auto host_tininess = halfulp::tininess::before;
#endif
#if defined(__x86_64__)
constexpr bool invalid_product_beside_nan = false;
#else
constexpr bool invalid_product_beside_nan = true;
#endif

std::uint8_t raised() {
    const int found = std::fetestexcept(FE_ALL_EXCEPT);
    return static_cast<std::uint8_t>(((found & FE_INEXACT) != 0 ? halfulp::flag::inexact : 0) |
                                     ((found & FE_UNDERFLOW) != 0 ? halfulp::flag::underflow : 0) |
                                     ((found & FE_OVERFLOW) != 0 ? halfulp::flag::overflow : 0) |
                                     ((found & FE_DIVBYZERO) != 0 ? halfulp::flag::divide_by_zero : 0) |
                                     ((found & FE_INVALID) != 0 ? halfulp::flag::invalid : 0));
}

template <class T>
T on_host(operation op, T x, T y, T z) {
    volatile T a = x, b = y, c = z;
    volatile T out = 0;
    std::feclearexcept(FE_ALL_EXCEPT);
    switch (op) {
        case operation::add: out = a + b; break;
        case operation::sub: out = a - b; break;
        case operation::mul: out = a * b; break;
        case operation::div: out = a / b; break;
        case operation::sqrt: out = std::sqrt(a); break;
        default: out = std::fma(a, b, c); break;
    }
    return out;
}

constexpr std::array host_operations{operation::add, operation::sub,  operation::mul,
                                     operation::div, operation::sqrt, operation::fma};

template <class T>
class against_host {
    using bits_type = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    static constexpr halfulp::float_format own = halfulp::carrier_traits<T>::format;

  public:
    against_host() {
        const halfulp::arithmetic_options options{.tininess = host_tininess,
                                                  .invalid_product_beside_nan = invalid_product_beside_nan};
        for (const direction& d : directions)
            for (const operation op : host_operations)
                calculators_.emplace_back(op, own, halfulp::projection{.rounding = d.mode}, options);
    }

    void check(T a, T b, T c, report& out) const {
        std::size_t at = 0;
        for (const direction& d : directions) {
            for (const operation op : host_operations) {
                std::fesetround(d.host);
                const T want = on_host(op, a, b, c);
                const std::uint8_t want_flags = raised();
                std::fesetround(FE_TONEAREST);
                const halfulp::calculated got =
                    calculators_[at++]({halfulp::operand_of(a), halfulp::operand_of(b), halfulp::operand_of(c)});
                const auto code = static_cast<bits_type>(halfulp::to_code(got.number, halfulp::format(own)));
                const auto want_code = std::bit_cast<bits_type>(want);
                const bool both_nan = own.is_nan(code) && own.is_nan(want_code);
                out.check((code == want_code || both_nan) && got.flags == want_flags, [&] {
                    return std::string(halfulp::row_of(op).name) + " " + hex(std::bit_cast<bits_type>(a)) + " " +
                           hex(std::bit_cast<bits_type>(b)) + " " + hex(std::bit_cast<bits_type>(c)) + " direction " +
                           std::to_string(d.host) + ": " + hex(code) + " flags " + hex(got.flags) + ", the host has " +
                           hex(want_code) + " flags " + hex(want_flags);
                });
            }
        }
    }

    /// Zeros, subnormals, ends, ones, NaNs: both signs.
    static std::vector<T> edges() {
        using limits = std::numeric_limits<T>;
        const T one = 1, ulp = limits::epsilon();
        std::vector<T> all{0,
                           limits::denorm_min(),
                           3 * limits::denorm_min(),
                           limits::min() - limits::denorm_min(),
                           limits::min(),
                           limits::min() + limits::denorm_min(),
                           one - ulp / 2,
                           one,
                           one + ulp,
                           ulp,
                           ulp / 2,
                           one / 3,
                           T(1.5),
                           1 / ulp,
                           limits::max() / 2,
                           limits::max(),
                           limits::infinity(),
                           limits::quiet_NaN(),
                           limits::signaling_NaN()};
        const std::size_t count = all.size();
        for (std::size_t i = 0; i < count; ++i)
            all.push_back(std::bit_cast<T>(static_cast<bits_type>(std::bit_cast<bits_type>(all[i]) | own.sign_mask())));
        return all;
    }

    void check_edges(report& out) const {
        const std::vector<T> all = edges();
        std::size_t turn = 0;
        for (const T a : all)
            for (const T b : all)
                for (int i = 0; i < 4; ++i) check(a, b, all[turn++ % all.size()], out);
    }

    /// Exponents as they come, near each other, and such that products or quotients are subnormal.
    void check_random(int count, std::uint64_t seed, report& out) const {
        std::mt19937_64 random(seed);
        const auto one = [&](std::int64_t field) {
            field = std::clamp<std::int64_t>(field, 0, (std::int64_t{1} << own.exponent_bits) - 1);
            std::uint64_t fraction = random() & halfulp::low_ones(own.mantissa_bits);
            if (random() % 3 == 0) fraction &= ~std::uint64_t{0} << (random() % own.mantissa_bits);
            return std::bit_cast<T>(static_cast<bits_type>((random() % 2 == 0 ? own.sign_mask() : 0) | fraction |
                                                           static_cast<std::uint64_t>(field) << own.mantissa_bits));
        };
        const auto within = [&](int reach) {
            return static_cast<std::int64_t>(random() % static_cast<unsigned>(2 * reach + 1)) - reach;
        };
        for (int i = 0; i < count; ++i) {
            const auto field = static_cast<std::int64_t>(random() % (std::uint64_t{1} << own.exponent_bits));
            const int p = own.precision();
            check(one(field), one(field + within(p + 3)), one(field + within(2 * p + 5)), out);
            check(one(field), one(own.bias - field + 1 + within(p + 3)), one(within(2 * p) + p), out);  // tiny products
            check(one(field), one(field + own.bias + within(p + 3)), one(1), out);  // tiny quotients
            const T a = one(own.bias + within(20));
            const T b = one(own.bias + within(20));
            check(a, b, -(a * b), out);  // what rounding left out of a product
        }
    }

  private:
    std::vector<halfulp::calculator> calculators_;
};

template <class T>
void check_host(int count) {
    report out;
    const against_host<T> host;
    host.check_edges(out);
    host.check_random(count, 17, out);
    std::feclearexcept(FE_ALL_EXCEPT);
    out.conclude();
}

}  // namespace

TEST_CASE("binary32 is what the host's hardware computes, exceptions included") { check_host<float>(15000); }
TEST_CASE("binary64 is what the host's hardware computes, exceptions included") { check_host<double>(15000); }
TEST_CASE("binary32 is what the host's hardware computes: more random numbers", "[long]") {
    check_host<float>(1000000);
}
TEST_CASE("binary64 is what the host's hardware computes: more random numbers", "[long]") {
    check_host<double>(1000000);
}
