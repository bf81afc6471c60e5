// Which NaN: tables written from the rules of the contract's section 2.7, and the same rules said again over all triples of NaN codes.
#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "halfulp/arithmetic/calculate.hpp"
#include "halfulp/arithmetic/nan_rule.hpp"
#include "halfulp/formats/format.hpp"

using halfulp::nan_rule;
using halfulp::operation;

namespace {

halfulp::float_format named(std::string_view name) { return *halfulp::parse_format(name).as_float(); }

struct row {
    operation op;
    std::vector<std::uint64_t> codes;
    std::uint64_t canonical, x86, arm;
};

// binary16: 7E00 canonical, FE00 with the sign set; 7E01, FE02 quiet; 7D01, FC03 signaling; 0000 zero, 7C00 ∞, 3C00 one.
const std::vector<row> binary16_rows{
    // op                 operands                    canonical x86    arm
    {operation::add, {0x7C00, 0xFC00}, 0x7E00, 0xFE00, 0x7E00},  // ∞ - ∞: made by the operation
    {operation::add, {0x7E01, 0x3C00}, 0x7E00, 0x7E01, 0x7E01},
    {operation::add, {0x3C00, 0xFE02}, 0x7E00, 0xFE02, 0xFE02},
    {operation::add, {0x7E01, 0xFE02}, 0x7E00, 0x7E01, 0x7E01},  // the first of two quiet ones
    {operation::sub, {0x3C00, 0x7D01}, 0x7E00, 0x7F01, 0x7F01},  // made quiet
    {operation::mul, {0x7E01, 0xFC03}, 0x7E00, 0x7E01, 0xFE03},  // Arm: a signaling one goes before
    {operation::mul, {0xFC03, 0x7D01}, 0x7E00, 0xFE03, 0xFE03},  // the first of two signaling ones
    {operation::div, {0x0000, 0x0000}, 0x7E00, 0xFE00, 0x7E00},
    {operation::sqrt, {0xBC00}, 0x7E00, 0xFE00, 0x7E00},
    {operation::sqrt, {0xFC03}, 0x7E00, 0xFE03, 0xFE03},
    {operation::remainder, {0x7C00, 0x3C00}, 0x7E00, 0xFE00, 0x7E00},
    {operation::minimum, {0x3C00, 0x7E01}, 0x7E00, 0x7E01, 0x7E01},
    {operation::faa, {0x7E01, 0x3C00, 0xFE02}, 0x7E00, 0x7E01, 0x7E01},  // in order, also for Arm
    {operation::faa, {0x7E01, 0x3C00, 0xFC03}, 0x7E00, 0x7E01, 0xFE03},
    {operation::fma, {0x7E01, 0x3C00, 0xFE02}, 0x7E00, 0x7E01, 0xFE02},  // Arm: c first
    {operation::fma, {0x7E01, 0xFE02, 0x3C00}, 0x7E00, 0x7E01, 0x7E01},
    {operation::fma, {0x7D01, 0x3C00, 0xFE02}, 0x7E00, 0x7F01, 0x7F01},  // a signaling one before c
    {operation::fma, {0x7D01, 0x3C00, 0xFC03}, 0x7E00, 0x7F01, 0xFE03},  // c first of two signaling ones
    {operation::fma, {0x0000, 0x7C00, 0x3C00}, 0x7E00, 0xFE00, 0x7E00},
    {operation::fma, {0x0000, 0x7C00, 0x7E01}, 0x7E00, 0x7E01, 0x7E00},  // 0 × ∞ beside a quiet c
    {operation::fma, {0xFC00, 0x8000, 0xFE02}, 0x7E00, 0xFE02, 0x7E00},
    {operation::fma, {0x0000, 0x7C00, 0xFC03}, 0x7E00, 0xFE03, 0xFE03},  // and beside a signaling one
};

std::uint64_t result(nan_rule rule, operation op, const std::vector<std::uint64_t>& codes,
                     const std::vector<halfulp::float_format>& from, const halfulp::float_format& to) {
    std::vector<const halfulp::float_format*> formats;
    for (const auto& f : from) formats.push_back(&f);
    return halfulp::nan_result_code(rule, op, codes, formats, to);
}

}  // namespace

TEST_CASE("the NaNs of binary16 are those of the table") {
    const halfulp::float_format f = named("binary16");
    for (const row& r : binary16_rows) {
        INFO(halfulp::row_of(r.op).name << " " << std::hex << r.codes[0] << " " << (r.codes.size() > 1 ? r.codes[1] : 0)
                                        << " " << (r.codes.size() > 2 ? r.codes[2] : 0));
        const std::vector<halfulp::float_format> from(r.codes.size(), f);
        CHECK(result(nan_rule::canonical, r.op, r.codes, from, f) == r.canonical);
        CHECK(result(nan_rule::x86, r.op, r.codes, from, f) == r.x86);
        CHECK(result(nan_rule::arm, r.op, r.codes, from, f) == r.arm);
    }
}

TEST_CASE("abs, negate and copysign change a NaN's sign bit alone, where a rule keeps NaNs") {
    const halfulp::float_format f = named("binary16"), single = named("binary32");
    for (const nan_rule rule : {nan_rule::x86, nan_rule::arm}) {
        CHECK(result(rule, operation::abs, {0xFE02}, {f}, f) == 0x7E02);
        CHECK(result(rule, operation::abs, {0xFC03}, {f}, f) == 0x7C03);  // signaling still
        CHECK(result(rule, operation::negate, {0x7E01}, {f}, f) == 0xFE01);
        CHECK(result(rule, operation::negate, {0xFC03}, {f}, f) == 0x7C03);
        CHECK(result(rule, operation::copysign, {0x7D01, 0xBC00}, {f, f}, f) == 0xFD01);
        CHECK(result(rule, operation::copysign, {0xFE02, 0x7D01}, {f, f}, f) == 0x7E02);
        CHECK(result(rule, operation::copysign, {0x7E01, 0xFC03}, {f, f}, f) == 0xFE01);
        CHECK(result(rule, operation::abs, {0xFC01}, {f}, single) == 0x7FC02000);  // quiet on the way
    }
    CHECK(result(nan_rule::canonical, operation::negate, {0x7E01}, {f}, f) == 0x7E00);
}

TEST_CASE("the NaN of every fma of e5m2 with a NaN in it") {
    const halfulp::float_format f = named("e5m2");
    // E5M2: 7C infinity, 7D signaling, 7E and 7F quiet; bit 1 is the quiet bit, bit 7 the sign.
    const auto is_nan = [](std::uint64_t code) { return (code & 0x7F) > 0x7C; };
    const auto is_signaling = [](std::uint64_t code) { return (code & 0x7F) == 0x7D; };
    const auto is_zero = [](std::uint64_t code) { return (code & 0x7F) == 0; };
    const auto is_infinite = [](std::uint64_t code) { return (code & 0x7F) == 0x7C; };
    const std::vector<std::uint64_t> some{0x00, 0x80, 0x3C, 0xBD, 0x7C, 0xFC, 0x7D, 0xFD, 0x7E, 0xFE, 0x7F, 0xFF};
    for (const std::uint64_t a : some) {
        for (const std::uint64_t b : some) {
            for (const std::uint64_t c : some) {
                if (!is_nan(a) && !is_nan(b) && !is_nan(c)) continue;
                std::optional<std::uint64_t> x86, arm;
                for (const std::uint64_t code : {a, b, c})
                    if (is_nan(code) && !x86) x86 = code | 2;
                for (const std::uint64_t code : {c, a, b})
                    if (is_signaling(code) && !arm) arm = code | 2;
                const bool invalid_product = (is_zero(a) && is_infinite(b)) || (is_infinite(a) && is_zero(b));
                if (!arm && invalid_product) arm = 0x7E;
                for (const std::uint64_t code : {c, a, b})
                    if (is_nan(code) && !arm) arm = code | 2;
                INFO(std::hex << a << " " << b << " " << c);
                REQUIRE(result(nan_rule::x86, operation::fma, {a, b, c}, {f, f, f}, f) == x86);
                REQUIRE(result(nan_rule::arm, operation::fma, {a, b, c}, {f, f, f}, f) == arm);
                REQUIRE(result(nan_rule::canonical, operation::fma, {a, b, c}, {f, f, f}, f) == 0x7E);
            }
        }
    }
}

TEST_CASE("payloads keep their leading bits between formats, and a signaling NaN becomes quiet") {
    const halfulp::float_format half = named("binary16"), brain = named("bfloat16"), single = named("binary32"),
                                narrow = named("e5m2"), twice = named("binary64");
    const auto as = [](std::uint64_t code, const halfulp::float_format& from, const halfulp::float_format& to) {
        return result(nan_rule::x86, operation::convert, {code}, {from}, to);
    };
    CHECK(as(0x7E01, half, single) == 0x7FC02000);
    CHECK(as(0xFC01, half, single) == 0xFFC02000);
    CHECK(as(0x7FC02000, single, half) == 0x7E01);
    CHECK(as(0x7F801FFF, single, half) == 0x7E00);  // all that is left is the quiet bit
    CHECK(as(0xFFBFFFFF, single, half) == 0xFFFF);
    CHECK(as(0x7FB5, brain, single) == 0x7FF50000);
    CHECK(as(0x7E01, half, narrow) == 0x7E);
    CHECK(as(0x7F00, half, narrow) == 0x7F);
    CHECK(as(0x7D00, half, narrow) == 0x7F);
    CHECK(as(0x7D, narrow, twice) == 0x7FFC000000000000);
    CHECK(as(0xFFF0000000000001, twice, single) == 0xFFC00000);
}

TEST_CASE("formats that are not IEEE-like have their one NaN, and pass none on") {
    const halfulp::float_format fn = named("e4m3fn"), p3109 = named("Binary8p3se"), half = named("binary16");
    for (const nan_rule rule : {nan_rule::canonical, nan_rule::x86, nan_rule::arm}) {
        CHECK(result(rule, operation::add, {0xFC03, 0x3C00}, {half, half}, fn) == 0x7F);
        CHECK(result(rule, operation::add, {0xFC03, 0x3C00}, {half, half}, p3109) == 0x80);
    }
    CHECK(result(nan_rule::arm, operation::add, {0xFF, 0xFE02}, {fn, half}, half) == 0xFE02);
    CHECK(result(nan_rule::x86, operation::add, {0xFF, 0xFE02}, {fn, half}, half) == 0xFE02);
}

TEST_CASE("0 × ∞ beside a NaN is invalid, but where a quiet NaN hides it") {
    const halfulp::float_format f = named("binary16");
    const auto flags = [&](std::uint64_t a, std::uint64_t b, std::uint64_t c, bool counts) {
        const halfulp::calculator fma(operation::fma, f, {}, {.invalid_product_beside_nan = counts});
        const auto of = [&](std::uint64_t code) { return halfulp::operand_of_code(code, f); };
        return fma({of(a), of(b), of(c)}).flags;
    };
    for (const bool counts : {false, true}) {
        CHECK(flags(0x0000, 0x7C00, 0x3C00, counts) == halfulp::flag::invalid);
        CHECK(flags(0x0000, 0x7C00, 0x7D01, counts) == halfulp::flag::invalid);  // signaling
        CHECK(flags(0x0000, 0x7C00, 0x7E01, counts) == (counts ? halfulp::flag::invalid : 0));
        CHECK(flags(0xFC00, 0x8000, 0xFE02, counts) == (counts ? halfulp::flag::invalid : 0));
        CHECK(flags(0x3C00, 0x7C00, 0x7E01, counts) == 0);
        CHECK(flags(0x7D01, 0x7C00, 0x7E01, counts) == halfulp::flag::invalid);
        CHECK(flags(0x7E01, 0x0000, 0x7C00, counts) == 0);
    }
}
