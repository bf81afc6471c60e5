// Integers and fixed point against a definition in exact rationals: every mode, policy, width to 6 bits and random integer of 3 bits; wide
// formats, ends of the carriers.
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "codecs/support/carrier.hpp"
#include "codecs/support/report.hpp"
#include "codecs/support/translate.hpp"
#include "halfulp/codecs/fixed_codec.hpp"
#include "halfulp/formats/fixed_name.hpp"
#include "oracle/rounding.hpp"

using namespace oracle;
using halfulp::fixed_format;

namespace {

constexpr auto overflow_policies = {halfulp::overflow_policy::native,        halfulp::overflow_policy::sat_finite,
                                    halfulp::overflow_policy::sat_propagate, halfulp::overflow_policy::sat_none,
                                    halfulp::overflow_policy::to_nan,        halfulp::overflow_policy::wrap,
                                    halfulp::overflow_policy::unbounded};

/// k of a result, unbounded; or that a NaN or an infinity is left.
struct stored {
    integer k = 0;
    bool nan = false;
    bool infinity = false;
};

/// Two's complement of W bits, by arithmetic modulo 2^W.
std::uint64_t code_of(const integer& k, const fixed_format& f) {
    const integer modulus = integer(1) << f.width;
    integer rest = k % modulus;
    if (rest < 0) rest += modulus;
    return static_cast<std::uint64_t>(rest);
}

integer largest_of(const fixed_format& f) { return (integer(1) << (f.width - (f.is_signed ? 1 : 0))) - 1; }
integer smallest_of(const fixed_format& f) {
    return !f.is_signed ? integer(0) : f.symmetric ? integer(-largest_of(f)) : integer(-largest_of(f) - 1);
}

/// Section 2 of the contract on the grid of multiples of 2^-F.
stored project(const number& x, const fixed_format& f, const projection& how, std::uint32_t r) {
    const auto nan = [&]() -> stored {
        const bool zero = how.nan == nan_policy::to_zero || how.nan == nan_policy::negated_zero;
        return {zero ? integer(0) : largest_of(f), true};
    };
    if (x.is_nan()) return nan();
    const bool negative = x.negative && !(how.magnitude_if_unsigned && !f.is_signed);
    const integer end = negative ? smallest_of(f) : largest_of(f);
    const bool becomes_nan = how.overflow == overflow_policy::to_nan;
    // Section 2.6: what a negative number that is not zero becomes where there are none.
    const auto of_negative = [&](bool infinite) -> stored {
        const bool toward_it = how.rounding == mode::toward_zero || how.rounding == mode::toward_positive;
        if (becomes_nan || (how.overflow == overflow_policy::sat_none && (infinite || !toward_it))) return nan();
        return {0};
    };
    const bool refused = negative && !f.is_signed && how.overflow != overflow_policy::wrap;
    if (!x.is_finite()) {
        if (refused) return of_negative(true);
        if (how.overflow == overflow_policy::unbounded) return {negative ? -1 : 1, false, true};
        return becomes_nan || how.overflow == overflow_policy::wrap ? nan() : stored{end};
    }
    const rational units = scaled(x.magnitude, f.fraction_bits);
    const integer below = floor(units);
    gap where;
    where.lower_even = (below & 1) == 0;
    where.f = {integer(units.num - below * units.den), units.den};
    const bool away = !is_zero(where.f) && goes_away(how.rounding, negative, where, r, how.random_bits);
    integer k = below + (away ? 1 : 0);
    if (negative) k = -k;
    if (refused && k != 0) return of_negative(false);
    if ((k >= smallest_of(f) && k <= largest_of(f)) || how.overflow == overflow_policy::unbounded) return {k};
    if (becomes_nan) return nan();
    if (how.overflow != overflow_policy::wrap) return {end};
    const integer modulus = integer(1) << f.width;
    integer wrapped = k % modulus;
    if (wrapped < 0) wrapped += modulus;
    return {wrapped > largest_of(f) ? integer(wrapped - modulus) : wrapped};
}

/// The carrier's bits of k 2^-F, rounded to nearest even: only where few bits make that exact.
template <class T>
std::uint64_t value_of(const stored& s, const fixed_format& f) {
    using c = carrier<T>;
    if (s.infinity) return (s.k < 0 ? c::sign : 0) | c::infinity;
    const bool negative = s.k < 0;
    const rational magnitude = scaled({negative ? integer(-s.k) : s.k, 1}, -f.fraction_bits);
    if (is_zero(magnitude)) return 0;
    const std::uint64_t bits = c::floor_bits(magnitude);
    return (negative ? c::sign : 0) | bits;
}

std::string describe(const fixed_format& f, const halfulp::projection& how, std::uint64_t bits, std::uint32_t r) {
    return halfulp::to_string(f) + " " + oracle::describe(how) + " bits " + hex(bits) + " R=" + std::to_string(r);
}

template <class T>
void compare(const fixed_format& f, const halfulp::projection& p, std::uint64_t bits, std::uint32_t r, report& out) {
    using c = carrier<T>;
    const paired how(p);
    const T x = carrier_traits<T>::from(bits);
    const number exact = c::exact(bits);
    const bool refused = f.symmetric && p.overflow == halfulp::overflow_policy::wrap;
    projection reference = how.reference;
    if (refused) reference.overflow = overflow_policy::sat_finite;
    const stored rounded = project(exact, f, reference, r);
    if (reference.overflow == overflow_policy::unbounded) reference.overflow = overflow_policy::sat_finite;
    const std::uint64_t code = code_of(project(exact, f, reference, r).k, f);
    const std::uint64_t got = halfulp::encode(x, f, p, r);
    out.check(got == code,
              [&] { return "encode " + describe(f, p, bits, r) + ": " + hex(got) + ", the oracle says " + hex(code); });
    const bool keeps = rounded.nan && p.nan == halfulp::nan_policy::keep;
    const std::uint64_t value = keeps ? c::quiet_nan : value_of<T>(rounded, f);
    const std::uint64_t rounded_bits = carrier_traits<T>::to(halfulp::round(x, f, p, r));
    out.check(rounded_bits == value, [&] {
        return "round " + describe(f, p, bits, r) + ": " + hex(rounded_bits) + ", the oracle says " + hex(value);
    });
}

std::vector<fixed_format> small_formats() {
    std::vector<fixed_format> all;
    for (int width = 1; width <= 6; ++width) {
        for (const int fraction : {0, 1, 3, width}) {
            for (const bool is_signed : {false, true}) {
                for (const bool symmetric : {false, true}) {
                    if (fraction > width - (is_signed ? 1 : 0) || (symmetric && (!is_signed || width < 2))) continue;
                    all.push_back(
                        {static_cast<std::uint8_t>(width), static_cast<std::uint8_t>(fraction), is_signed, symmetric});
                }
            }
        }
    }
    return all;
}

}  // namespace

TEST_CASE("integers and fixed point of up to 6 bits round as defined: every eighth of a quantum, mode, policy and R") {
    report out;
    for (const fixed_format& f : small_formats()) {
        std::vector<float> inputs{std::numeric_limits<float>::infinity(),
                                  std::numeric_limits<float>::quiet_NaN(),
                                  0x1p-149f,
                                  0x1p-60f,
                                  0x1.8p62f,
                                  0x1.fffffep63f,
                                  0x1p64f,
                                  0x1.000002p80f,
                                  0x1p127f};
        const float quantum = std::ldexp(1.0f, -f.fraction_bits);
        for (int eighths = 0; eighths <= 8 * (2 + (1 << f.width)); ++eighths)
            inputs.push_back(static_cast<float>(eighths) * quantum / 8);
        for (const auto& row : halfulp::rounding_modes) {
            const bool stochastic = halfulp::is_stochastic(row.mode);
            for (const auto overflow : overflow_policies) {
                const bool with_nans = row.mode == halfulp::rounding_mode::nearest_ties_to_even;
                for (const auto nan : {halfulp::nan_policy::to_max, halfulp::nan_policy::to_zero,
                                       halfulp::nan_policy::keep, halfulp::nan_policy::raise}) {
                    if (nan != halfulp::nan_policy::to_max && !with_nans) continue;
                    const halfulp::projection how{
                        .rounding = row.mode, .overflow = overflow, .nan = nan, .random_bits = 3};
                    for (const float x : inputs) {
                        for (const float signed_x : {x, -x}) {
                            const std::uint64_t bits = carrier_traits<float>::to(signed_x);
                            for (std::uint32_t r = 0; r < (stochastic ? 8u : 1u); ++r)
                                compare<float>(f, how, bits, r, out);
                        }
                    }
                }
            }
        }
    }
    out.conclude();
}

TEST_CASE("wide fixed point rounds as defined, at its ends and at those of binary64") {
    report out;
    for (const char* name :
         {"int8", "uint8", "int16", "int16s", "int53", "uint53", "int32", "q16.16", "q1.31", "q40.13"}) {
        const fixed_format f = *halfulp::parse_fixed_format(name);
        std::vector<double> inputs{0x1p-1074, 0x1p-200, 0x1p63, 0x1.8p64, 0x1p65, 0x1.fffffffffffffp1023, 0x1.8p70};
        const double quantum = std::ldexp(1.0, -f.fraction_bits);
        for (const double k : {std::ldexp(1.0, f.width - 2), std::ldexp(1.0, f.width - 1), std::ldexp(1.0, f.width)}) {
            for (const double more : {-2.0, -1.5, -1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0, 1.5})
                inputs.push_back((k + more) * quantum);
        }
        for (const auto& row : halfulp::rounding_modes) {
            for (const auto overflow : overflow_policies) {
                if (overflow == halfulp::overflow_policy::unbounded) continue;  // results that binary64 does not hold
                for (const bool drops_sign : {false, true}) {
                    const halfulp::projection how{
                        .rounding = row.mode, .overflow = overflow, .magnitude_if_unsigned = drops_sign};
                    for (const double x : inputs) {
                        for (const double signed_x : {x, -x})
                            compare<double>(f, how, carrier_traits<double>::to(signed_x), 0x9E3779B9u, out);
                    }
                }
            }
        }
    }
    out.conclude();
}

TEST_CASE("64-bit integers: codes at the ends, modulo 2^64, and values that no carrier holds") {
    const fixed_format int64 = *halfulp::parse_fixed_format("int64");
    const fixed_format uint64 = *halfulp::parse_fixed_format("uint64");
    const halfulp::projection wrap{.overflow = halfulp::overflow_policy::wrap};
    CHECK(halfulp::encode(-0x1p63, int64) == std::uint64_t{1} << 63);
    CHECK(halfulp::encode(0x1p63, int64) == (std::uint64_t{1} << 63) - 1);
    CHECK(halfulp::encode(0x1p63, int64, wrap) == std::uint64_t{1} << 63);
    CHECK(halfulp::encode(0x1.8p64, uint64, wrap) == std::uint64_t{1} << 63);
    CHECK(halfulp::encode(0x1.0000000000001p115, uint64, wrap) == std::uint64_t{1}
                                                                      << 63);  // its last bit alone is left
    CHECK(halfulp::encode(0x1.0000000000001p116, uint64, wrap) == 0);
    CHECK(halfulp::encode(-1.0, uint64, wrap) == ~std::uint64_t{0});
    CHECK(halfulp::encode(0x1p64, uint64) == ~std::uint64_t{0});
    CHECK(halfulp::decode<double>(~std::uint64_t{0}, uint64) == 0x1p64);  // to nearest
    CHECK(halfulp::decode<double>(~std::uint64_t{0}, int64) == -1.0);
    const halfulp::projection unbounded{.overflow = halfulp::overflow_policy::unbounded};
    CHECK(halfulp::round(0x1.23456789p900, int64, unbounded) == 0x1.23456789p900);
    CHECK(halfulp::round(2.5, int64, unbounded) == 2.0);
    constexpr fixed_format int8{};
    static_assert(halfulp::encode(-3.5f, int8) == 0xFC);  // ties to even
    static_assert(halfulp::decode<float>(0x80, int8) == -128.0f);
    static_assert(halfulp::round(200.0f, int8) == 127.0f);
}

TEST_CASE(
    "names of integers and fixed point give their fields, print back, and are refused where no format is like that") {
    const auto same = [](const char* text, const fixed_format& f, const char* printed) {
        INFO(text);
        const auto parsed = halfulp::parse_fixed_format(text);
        REQUIRE(parsed);
        CHECK(*parsed == f);
        CHECK(halfulp::to_string(f) == printed);
        CHECK(*halfulp::parse_fixed_format(printed) == f);
    };
    same("int8", {8, 0, true, false}, "int8");
    same("int4s", {4, 0, true, true}, "int4s");
    same("uint16", {16, 0, false, false}, "uint16");
    same("q4.4", {8, 4, true, false}, "q4.4");
    same("q2.6s", {8, 6, true, true}, "q2.6s");
    same("q8.0", {8, 0, true, false}, "int8");
    same("q1.63", {64, 63, true, false}, "q1.63");
    for (const char* text : {"int", "int08", "int8u", "uint4s", "q4", "q4.", "q.4", "q4.4u", "Int8", "int8 ", "mxint8"})
        CHECK_FALSE(halfulp::parse_fixed_format(text));
    for (const char* text : {"int0", "int65", "uint65", "int1s", "q0.8", "q40.40", "q1.0s"})
        CHECK_THROWS_AS(halfulp::parse_fixed_format(text), std::invalid_argument);
    CHECK(holds(halfulp::binary32_format, {25, 0, true, false}));
    CHECK_FALSE(holds(halfulp::binary32_format, {26, 0, true, false}));
    CHECK(holds(halfulp::binary16_format, {12, 0, true, false}));
    CHECK_FALSE(holds(halfulp::binary16_format, {13, 0, true, false}));
}
