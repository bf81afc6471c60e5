// The oracle itself: against the host's IEEE hardware, against published facts, and its two searches and two ways of
// counting against each other. Nothing here calls the library.
#include <catch2/catch_test_macros.hpp>
#include <cfenv>
#include <random>

#include "codecs/support/probes.hpp"
#include "codecs/support/shapes.hpp"

using namespace oracle;
using halfulp::specials;

namespace {

/// The code that an exact number rounds to.
std::uint64_t code(const number& x, const halfulp::float_format& f, const projection& how, std::uint32_t random = 0) {
    const format target(f);
    return code_of(project(x, target, how, random, purpose::encode), target);
}
std::uint64_t code(double x, const halfulp::float_format& f, const projection& how = {}, std::uint32_t random = 0) {
    return code(carrier<double>::exact(std::bit_cast<std::uint64_t>(x)), f, how, random);
}

float narrowed_by_hardware(double x, int direction) {
    std::fesetround(direction);
    volatile double in = x;
    volatile float out = static_cast<float>(in);
    std::fesetround(FE_TONEAREST);
    return out;
}

const halfulp::float_format e4m3fn = shape(4, 3, 7, specials::fn);
const halfulp::float_format e2m1fn = shape(2, 1, 1, specials::finite);

}  // namespace

TEST_CASE("the oracle decodes binary32 as the hardware widens it to binary64") {
    std::mt19937_64 random(1);
    report out;
    for (int i = 0; i < 20000; ++i) {
        const auto bits = static_cast<std::uint32_t>(random());
        const float x = std::bit_cast<float>(bits);
        const number wide = carrier<double>::exact(std::bit_cast<std::uint64_t>(static_cast<double>(x)));
        out.check(same(carrier<float>::exact(bits), wide), [&] { return hex(bits); });
    }
    out.conclude();
}

TEST_CASE("the oracle rounds binary64 to binary32 as the hardware does, in four directions") {
    std::mt19937_64 random(2);
    report out;
    const format target(ieee_like(8, 23));
    for (int i = 0; i < 40000; ++i) {
        // Exponents from below half the smallest subnormal to beyond the largest; few bits now and then, for ties.
        std::uint64_t bits = random();
        const std::uint64_t exponent = 1023 - 152 + random() % 284;
        const int cleared = static_cast<int>(random() % 3) * 14;
        bits = (bits & carrier<double>::sign) | (exponent << 52) |
               ((bits & ((std::uint64_t{1} << 52) - 1)) >> cleared << cleared);
        const double x = std::bit_cast<double>(bits);
        const std::pair<mode, int> directions[] = {{mode::nearest_ties_to_even, FE_TONEAREST},
                                                   {mode::toward_zero, FE_TOWARDZERO},
                                                   {mode::toward_positive, FE_UPWARD},
                                                   {mode::toward_negative, FE_DOWNWARD}};
        for (const auto& pair : directions) {
            const std::uint64_t want = std::bit_cast<std::uint32_t>(narrowed_by_hardware(x, pair.second));
            const outcome got =
                project(carrier<double>::exact(bits), target, {.rounding = pair.first}, 0, purpose::encode);
            out.check(code_of(got, target) == want,
                      [&] { return describe<double>(bits) + " direction " + std::to_string(pair.second); });
        }
    }
    out.conclude();
}

TEST_CASE("the table of members and the formula find the same neighbours") {
    report out;
    std::vector<named_format> all = registered(1, 8);
    for (const auto& f : small_shapes()) all.push_back(f);
    for (int k = 3; k <= 7; ++k)
        for (const auto& f : p3109_family(k)) all.push_back(f);
    for (const auto& f : all) {
        const format target(f.data);
        REQUIRE(target.has_table());
        for (const std::uint64_t bits : edges<double>(target, 0, target.largest())) {
            const rational x = carrier<double>::exact(bits).magnitude;
            if (is_zero(x)) continue;
            const gap a = target.locate(x), b = target.locate_by_formula(x);
            const bool equal =
                a.below_all == b.below_all && (a.below_all || (a.lower == b.lower && a.upper == b.upper &&
                                                               a.lower_even == b.lower_even && compare(a.f, b.f) == 0));
            out.check(equal, [&] { return f.name + " " + describe<double>(bits); });
        }
    }
    out.conclude();
}

TEST_CASE("the closed forms of the probability of going away equal counting over R") {
    report out;
    const mode stochastic[] = {mode::stochastic_a, mode::stochastic_b, mode::stochastic_c, mode::stochastic_equal};
    for (int denominator : {1, 3, 5, 512, 513, 1000})
        for (int numerator = 0; numerator < denominator; numerator += 1 + denominator / 100)
            for (int bits = 1; bits <= 8; ++bits)
                for (const mode m : stochastic) {
                    gap where;
                    where.f = {numerator, denominator};
                    std::uint64_t counted = 0;
                    for (std::uint32_t r = 0; r < 1u << bits; ++r) counted += goes_away(m, false, where, r, bits);
                    out.check(counted == count_away(m, false, where, bits), [&] {
                        return std::to_string(numerator) + "/" + std::to_string(denominator) +
                               " N=" + std::to_string(bits);
                    });
                }
    out.conclude();
}

// formats.md 1.2, checked there against ml_dtypes.
TEST_CASE("overflow boundaries are the published ones") {
    CHECK(code(464.0, e4m3fn) == 0x7e);
    CHECK(code(0x1.d000000000001p8, e4m3fn) == 0x7f);
    CHECK(code(-465.0, e4m3fn) == 0x7f);
    const auto e5m2 = shape(5, 2, 15, specials::ieee);
    CHECK(code(0x1.dffffffffffffp15, e5m2) == 0x7b);
    CHECK(code(61440.0, e5m2) == 0x7c);
    CHECK(code(-61440.0, e5m2) == 0xfc);
    CHECK(code(0x1.effffffffffffp7, shape(4, 3, 7, specials::ieee)) == 0x77);
    CHECK(code(248.0, shape(4, 3, 7, specials::ieee)) == 0x78);
    CHECK(code(0x1.effffffffffffp7, shape(4, 3, 8, specials::fnuz)) == 0x7f);
    CHECK(code(248.0, shape(4, 3, 8, specials::fnuz)) == 0x80);
    CHECK(code(61440.0, shape(5, 2, 16, specials::fnuz)) == 0x80);
    CHECK(code(31.0, shape(4, 3, 11, specials::fnuz)) == 0x80);
    CHECK(code(15.75, shape(3, 4, 3, specials::ieee)) == 0x70);
    CHECK(code(1e30, e2m1fn) == 7);
    CHECK(code(65520.0, ieee_like(5, 10)) == 0x7c00);
    CHECK(code(65519.0, ieee_like(5, 10)) == 0x7bff);
    CHECK(code(8577351679.0, shape(6, 9, 31, specials::dlfloat, true, false)) == 0x7ffe);
    CHECK(code(8577351681.0, shape(6, 9, 31, specials::dlfloat, true, false)) == 0x7fff);
}

TEST_CASE("ties of FP4 are the published ones") {
    const double ties[] = {.25, .75, 1.25, 1.75, 2.5, 3.5, 5};
    const std::uint64_t even[] = {0, 2, 2, 4, 4, 6, 6};
    for (int i = 0; i < 7; ++i) {
        CHECK(code(ties[i], e2m1fn) == even[i]);
        CHECK(code(-ties[i], e2m1fn) == (even[i] | 8));
        CHECK(code(ties[i], e2m1fn, {.rounding = mode::nearest_ties_to_odd}) == 2 * std::uint64_t(i) + 1 - even[i]);
    }
}

TEST_CASE("E8M0 rounds by the parity of the exponent field and has no zero") {
    const auto e8m0 = shape(8, 0, 127, specials::fn, false);
    CHECK(code(1.5, e8m0) == 0x80);  // between fields 127 and 128
    CHECK(code(3.0, e8m0) == 0x80);  // between 128 and 129
    CHECK(code(0.75, e8m0) == 0x7e);
    CHECK(code(0.0, e8m0) == 0);
    CHECK(code(-0.0, e8m0) == 0);
    CHECK(code(1e-300, e8m0, {.rounding = mode::toward_zero}) == 0);
    CHECK(code(-1e-300, e8m0) == 0xff);
    CHECK(code(-4.0, e8m0, {.magnitude_if_unsigned = true}) == 0x81);
    CHECK(code(0.0, e8m0, {.zero_to_nan_if_absent = true}) == 0xff);
    CHECK(code(0x1.7ffffffffffffp127, e8m0) == 0xfe);
    CHECK(code(0x1.8p127, e8m0) == 0xfe);  // field 254 is even
    CHECK(code(0x1.8000000000001p127, e8m0) == 0xff);
    CHECK(code(-5.0, e8m0, {.overflow = overflow_policy::sat_finite}) == 0);
}

TEST_CASE("P3109's saturation and its to-odd are the report's") {
    const auto se = p3109(8, 4, true, true).data, ue = p3109(8, 4, false, true).data,
               uf = p3109(8, 4, false, false).data;
    CHECK(code(224.0, se) == 0x7e);
    CHECK(code(1e9, se) == 0x7f);
    CHECK(code(1e9, se, {.rounding = mode::to_odd}) == 0x7f);  // the largest is even: infinity
    CHECK(code(1e9, ue, {.rounding = mode::to_odd}) == 0xfd);  // unsigned extended: the largest is odd
    CHECK(code(1e9, uf) == 0xfe);
    CHECK(code(-1e9, se, {.rounding = mode::toward_positive}) == 0xfe);
    CHECK(code(-1e9, se, {.rounding = mode::toward_negative}) == 0xff);
    CHECK(code(-1.0, ue) == 0xff);
    CHECK(code(-1.0, ue, {.rounding = mode::toward_positive}) == 0);
    CHECK(code(1.0, se) == 0x40);
    CHECK(code(1.0, ue) == 0x80);
    const auto p1 = p3109(4, 1, true, true).data;  // members 2^-3 (field 1) to 2^2
    CHECK(code(0x1p-4, p1) == 0);                  // zero counts as even
    CHECK(code(0x1.8p-3, p1) == 2);
    CHECK(code(0x1.8p-2, p1) == 2);
}

TEST_CASE("flushing before and after rounding differ just under the smallest normal") {
    const projection before{.ftz = ftz_policy::before}, after{.ftz = ftz_policy::after};
    const auto e4m3 = shape(4, 3, 7, specials::fn);
    CHECK(code(0x1.fp-7, e4m3, before) == 0);
    CHECK(code(0x1.fp-7, e4m3, after) == 8);   // a tie of precision 4, to the even 2^-6
    CHECK(code(0x1.effffffffffffp-7, e4m3, after) == 0);
    CHECK(code(0x1.dp-7, e4m3) == 7);
    CHECK(code(0x1.ep-7, e4m3) == 8);          // gradual: a tie of the subnormal step
    CHECK(code(-0x1.ep-7, e4m3, after) == 0x80);
    CHECK(code(-0x1.ep-7, e4m3, before) == 0x80);
    CHECK(code(0x1p-6, e4m3, before) == 8);
}

TEST_CASE("DLFloat16 and formats without subnormals have one gap above zero") {
    const auto dl = shape(6, 9, 31, specials::dlfloat, true, false);
    CHECK(code(0x1.008p-32, dl) == 0);                                                // a tie: zero is even
    CHECK(code(0x1.008p-32, dl, {.rounding = mode::nearest_ties_to_odd}) == 1);
    CHECK(code(0x1.0080000000001p-32, dl) == 1);
    CHECK(code(-0x1p-40, dl) == 0);
    CHECK(code(-0x1p-40, dl, {.rounding = mode::away_from_zero}) == 0x8001);
    CHECK(same(format(dl).decode(0x8000), number::finite(false, {})));
    const auto nosub = shape(4, 3, 7, specials::fn, true, false);
    CHECK(code(0x1p-7, nosub) == 0);
    CHECK(code(0x1p-7, nosub, {.rounding = mode::to_odd}) == 8);
    CHECK(code(0x1.1p-6, nosub, {.rounding = mode::to_odd}) == 9);
    CHECK(same(format(nosub).decode(0x87), number::finite(true, {})));
    CHECK(same(format(shape(4, 3, 8, specials::fnuz, true, false)).decode(0x87), number::finite(false, {})));
}
