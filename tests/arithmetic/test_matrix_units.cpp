// Matrix units: every part of an aligned sum by a small example worked out by hand, rows and errors, and recorded outputs of devices
// (tests/vectors/ matrix_units; all rows against all of them: tests/python/test_matrix_units.py).
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cmath>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>
#include <vector>

#include "halfulp/arithmetic/matrix_units.hpp"
#include "halfulp/kernels/scaled_matmul.hpp"

using namespace halfulp;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

double power(int exponent) { return std::ldexp(1.0, exponent); }

projection by(rounding_mode mode) {
    projection out;
    out.rounding = mode;
    return out;
}

/// Aligned sums of all terms at once, partial sums in binary32.
accumulator aligned(std::int32_t bits, rounding_mode mode = rounding_mode::toward_zero) {
    accumulator out;
    out.inside = group_sum::aligned;
    out.group = 0;
    out.partial = {parse_format("binary32"), by(mode)};
    out.aligned.fraction_bits = bits;
    return out;
}

struct outcome {
    double value;
    std::uint8_t flags;
};

outcome flagged(const accumulator& how, const std::vector<double>& a, const std::vector<double>& b, double c = 0,
                std::int32_t emin = -1022, const block_scales& scales = {}) {
    validate(how);
    std::vector<operand> left;
    std::vector<operand> right;
    for (const double x : a) left.push_back(operand_of(x));
    for (const double x : b) right.push_back(operand_of(x));
    dot_product product(how, parse_format("binary64"), {}, emin, emin);
    const calculated out = product(left, right, operand_of(c), [](std::uint32_t, int) { return 0U; }, scales);
    return {to_nearest_value<double>(out.number), out.flags};
}
double sum(const accumulator& how, const std::vector<double>& a, const std::vector<double>& b, double c = 0,
           std::int32_t emin = -1022) {
    return flagged(how, a, b, c, emin).value;
}
std::vector<double> times_one(std::size_t n) { return std::vector<double>(n, 1.0); }

}  // namespace

TEST_CASE("terms are cut below the largest exponent: toward zero, down or to nearest") {
    accumulator how = aligned(2);
    CHECK(sum(how, {1, 0.375, -0.375}, times_one(3)) == 1.0);  // 1 + 1/4 - 1/4
    CHECK(sum(how, {1, -0.375}, times_one(2)) == 0.75);
    how.aligned.cut = alignment::floor;
    CHECK(sum(how, {1, -0.375}, times_one(2)) == 0.5);
    CHECK(sum(how, {1, 0.375}, times_one(2)) == 1.25);
    CHECK(sum(how, {1, -0.5}, times_one(2)) == 0.5);
    how.aligned.cut = alignment::nearest;
    CHECK(sum(how, {1, 0.375}, times_one(2)) == 1.5);  // a tie to even: 1.5 quarters to 2
    CHECK(sum(how, {1, 0.125}, times_one(2)) == 1.0);
    CHECK(sum(how, {1, 0.15625}, times_one(2)) == 1.25);
    CHECK(flagged(how, {1, 0.125}, times_one(2)).flags == flag::inexact);
    CHECK(flagged(how, {1, 0.25}, times_one(2)).flags == 0);
}

TEST_CASE("a product's exponent is the sum of its factors', not renormalised") {
    const accumulator how = aligned(2);
    // 1.5 * 1.5 = 2.25 has exponent 0 here, so quarters are kept; as 1.125 * 2^1 it would lose its quarter.
    CHECK(sum(how, {1.5, 0.25}, {1.5, 1}) == 2.5);
}

TEST_CASE("factors below the smallest normal keep its exponent") {
    const accumulator how = aligned(3);
    // 2^-6 with emin -2: exponents -2 and -4 of the products, so multiples of 2^-5 are kept.
    CHECK(sum(how, {power(-6), power(-4)}, {1, 1}, 0, -2) == power(-4));
    CHECK(sum(how, {power(-6), power(-4)}, {1, 1}) == power(-6) + power(-4));
    accumulator own = how;
    own.aligned.a_emin = -2;
    CHECK(sum(own, {power(-6), power(-4)}, {1, 1}) == power(-4));
    own.aligned.b_emin = 3;
    CHECK(sum(own, {power(-6), power(-4)}, {1, 1}) == 0);
}

TEST_CASE("the running sum takes part, by the exponent of its format") {
    const accumulator how = aligned(24);
    CHECK(sum(how, {power(-25)}, {1}, 1) == 1);
    CHECK(sum(how, {power(-24), power(-24)}, {1, 1}, 1) == 1 + power(-23));
    accumulator narrow = aligned(2);
    narrow.partial = {parse_format("binary16"), by(rounding_mode::toward_zero)};
    // 2^-17 is subnormal in binary16: exponent -14, so multiples of 2^-16 are kept, of the terms too.
    CHECK(sum(narrow, {power(-15), power(-17)}, {1, 1}, power(-17)) == power(-15));
    CHECK(sum(narrow, {power(-15), power(-17)}, {1, 1}) == power(-15) + power(-17));
    CHECK(sum(narrow, {power(-20)}, {1}) == power(-20));
}

TEST_CASE("exponents of zeros and the lowest one") {
    accumulator how = aligned(2);
    CHECK(sum(how, {power(-10), 0}, {1, 8}) == power(-10));
    CHECK(sum(how, {0.25, 0}, {1, 8}, 0, -2) == 0.25);  // with the zero's -2 + 3 it would be lost
    how.aligned.zero_factor_exponent = -8;  // beside 8: -5, so multiples of 2^-7 are kept
    CHECK(sum(how, {power(-10), 0}, {1, 8}) == 0);
    CHECK(sum(how, {power(-10), 0}, {1, 1}) == power(-10));
    how.aligned.zero_factor_exponent.reset();
    how.aligned.zero_addend_exponent = -7;
    CHECK(sum(how, {power(-10)}, {1}) == 0);
    CHECK(sum(how, {power(-10)}, {1}, power(-12)) == power(-10) + power(-12));
    how.aligned.zero_addend_exponent.reset();
    how.aligned.lowest_exponent = -7;
    CHECK(sum(how, {power(-10)}, {1}, power(-10)) == 0);
}

TEST_CASE("with the addend after, both are cut by floor below the larger exponent of terms and addend") {
    accumulator how = aligned(10, rounding_mode::nearest_ties_to_even);
    how.aligned.addend_inside = false;
    how.aligned.sum_bits = 3;
    how.aligned.addend_bits = 2;
    CHECK(sum(how, {-power(-4)}, {1}, 1) == 0.875);
    CHECK(sum(how, {power(-4)}, {1}, 1) == 1);
    CHECK(sum(how, {1}, {1}, -power(-4)) == 0.75);
    // The sum's exponent is that of its largest term, also where terms cancel: quarters of 4 are kept of the addend.
    CHECK(sum(how, {4, -4}, {1, 1}, 1.5) == 1);
    CHECK(sum(how, {4, -4}, {1, 1}, -1.5) == -2);
    how.aligned.addend_reach = 4;
    CHECK(sum(how, {1}, {1}, -power(-4)) == 0.75);
    CHECK(sum(how, {1}, {1}, -power(-5)) == 1);
    how.aligned.zero_addend_exponent = 5;
    CHECK(sum(how, {1.5}, {1}) == 0);  // multiples of 2^(5 - 3)
}

TEST_CASE("even and odd terms apart") {
    accumulator how = aligned(2, rounding_mode::nearest_ties_to_even);
    how.aligned.addend_inside = false;
    // Together 0.25 + 0.25 beside 4 are nothing. Apart the odd ones give 0.5, which floor then takes to 0 or -1.
    CHECK(sum(how, {4, 0.25, 0, 0.25}, times_one(4)) == 4);
    CHECK(sum(how, {4, -0.25, 0, -0.25}, times_one(4)) == 4);
    how.aligned.halves = true;
    CHECK(sum(how, {4, 0.25, 0, 0.25}, times_one(4)) == 4);
    CHECK(sum(how, {4, -0.25, 0, -0.25}, times_one(4)) == 3);
    CHECK(sum(how, {0.75}, {1}) == 0.75);
}

TEST_CASE("two passes: k mod 4 in {0, 1}, then the others, then the addend to nearest") {
    accumulator how = aligned(2);
    how.aligned.two_passes = true;
    // First 4 + 0.5 (lost), then 4 + 0.5 (lost) + 0.5 (lost); in the other order 0.5 + 0.5 count.
    CHECK(sum(how, {4, 0.5, 0.5, 0.5}, times_one(4)) == 4);
    CHECK(sum(how, {0.5, 0.5, 4, 0.5}, times_one(4)) == 5);
    CHECK(sum(how, {0, 0, 0.5, 0.5, 4}, times_one(5)) == 4);
    how = aligned(24);
    how.aligned.two_passes = true;
    const double addend = power(23);
    CHECK(sum(how, {1.5}, {1}, addend) == addend + 2);  // to nearest, although partial sums are cut off
}

TEST_CASE("products added exactly to one term, and block scales") {
    const std::vector<operand> scale_a{operand_of(4.0), operand_of(0.0)};
    const std::vector<operand> scale_b{operand_of(-0.5), operand_of(1.0)};
    const block_scales scales{scale_a, scale_b, 2, -10, -10};
    accumulator how = aligned(2);
    const std::vector<double> a{1, 0.375, 3, 5};
    // Each product cut to quarters of 4 * 1/2: -2 and -0.75 to -0.5; the zero scale's are nothing.
    CHECK(flagged(how, a, times_one(4), 0, -1022, scales).value == -2.5);
    how.aligned.exact_terms = 2;  // 1.375 * -2 = -2.75, by the scales' exponent 1 cut to halves
    CHECK(flagged(how, a, times_one(4), 0, -1022, scales).value == -2.5);
    how.aligned.fraction_bits = 3;
    CHECK(flagged(how, a, times_one(4), 0, -1022, scales).value == -2.75);
    how.unsigned_scales = true;
    CHECK(flagged(how, a, times_one(4), 0, -1022, scales).value == 2.75);
    // A sum of zero has the scales' exponent all the same.
    const std::vector<operand> large{operand_of(power(9)), operand_of(1.0)};
    const std::vector<operand> one{operand_of(1.0), operand_of(1.0)};
    const block_scales uneven{large, one, 2, -10, -10};
    CHECK(flagged(how, {1, -1, 0.5, 0.5}, times_one(4), 0, -1022, uneven).value == 0);
    CHECK(flagged(how, {1, -1, 0.5, 0.5}, times_one(4), 0, -1022, {one, one, 2, -10, -10}).value == 1);
    // Other sums: the factors' and scales' product, exact and rounded once.
    accumulator fma;
    fma.partial = {parse_format("binary32"), {}};
    CHECK(flagged(fma, a, times_one(4), 1, -1022, scales).value == 1 - 2 * 1.375);
}

TEST_CASE("overflow, zeros, flushing and large products") {
    accumulator how = aligned(24);
    const double largest = std::ldexp(2 - power(-23), 127);
    CHECK(sum(how, {largest, largest}, {1, 1}) == largest);
    how.overflow_to_infinity = true;
    CHECK(sum(how, {largest, largest}, {1, 1}) == infinity);
    CHECK(sum(how, {largest}, {1}) == largest);
    CHECK(sum(how, {-largest, -largest}, {1, 1}) == -infinity);

    CHECK(std::signbit(sum(how, {-0.0}, {1}, -0.0)));
    how.positive_zeros = true;
    CHECK(!std::signbit(sum(how, {-0.0}, {1}, -0.0)));

    accumulator flush;
    flush.partial = {parse_format("binary32"), by(rounding_mode::nearest_ties_to_even)};
    flush.aligned.a_emin = flush.aligned.b_emin = -14;
    CHECK(sum(flush, {power(-15)}, {1}, power(-127)) == power(-15));
    flush.flush_inputs = true;
    CHECK(sum(flush, {power(-15)}, {1}, power(-127)) == 0);
    CHECK(sum(flush, {power(-14)}, {1}, power(-126)) == power(-14));
    CHECK(!std::signbit(sum(flush, {}, {}, -0.0)));

    accumulator limited = aligned(24);
    limited.aligned.product_limit = 8;
    CHECK(sum(limited, {255}, {1}, 1) == 256);
    CHECK(sum(limited, {256}, {1}, 1) == infinity);
    CHECK(std::isnan(sum(limited, {256, -256}, {1, 1})));
    CHECK(sum(limited, {-256}, {1}, infinity) == infinity);
}

TEST_CASE("specials come before any alignment") {
    const accumulator how = aligned(24);
    CHECK(sum(how, {infinity, 1}, {1, 1}, 5) == infinity);
    CHECK(flagged(how, {infinity}, {0}).flags == flag::invalid);
    CHECK(std::isnan(sum(how, {infinity, 1}, {1, 1}, -infinity)));
    const double signaling = from_bits<double>(0x7ff0000000000001);
    std::vector<operand> none;
    dot_product product(how, parse_format("binary32"), {}, -126, -126);
    CHECK(product(none, none, operand_of(signaling), [](std::uint32_t, int) { return 0U; }).flags == flag::invalid);
}

TEST_CASE("rows") {
    std::set<std::string_view> names;
    for (const matrix_unit_row& row : matrix_unit_rows()) {
        INFO(row.name);
        CHECK(names.insert(row.name).second);
        const matrix_unit unit = find_matrix_unit(row.name);
        CHECK(unit.how.name == row.name);
        CHECK(!unit.inputs.empty());
        CHECK(unit.scales.empty() == unit.blocks.empty());
        CHECK(!row.source.empty());
        CHECK_NOTHROW(validate(unit.how));
        for (const std::uint32_t block : unit.blocks) CHECK(block % unit.how.aligned.exact_terms == 0);
    }
    CHECK(names.size() == 61);
    CHECK_THROWS_MATCHES(find_matrix_unit("h100"), std::invalid_argument,
                         MessageMatches(ContainsSubstring("unit is 'h100', allowed: v100_fp16, ")));
    CHECK(find_matrix_unit("h100_fp16").how.nan->code == 0x7fffffff);
    CHECK(find_matrix_unit("h100_fp16_fp16").how.nan->code == 0x7fff);
}

TEST_CASE("accumulators whose parts do not fit together are refused") {
    const auto refused = [](accumulator how, const char* said) {
        CHECK_THROWS_MATCHES(validate(how), std::invalid_argument, MessageMatches(ContainsSubstring(said)));
    };
    accumulator how = aligned(24);
    how.aligned.exact_terms = 0;
    refused(how, "exact_terms is 0, allowed: 1 or more");
    how.aligned.exact_terms = 4;
    how.group = 6;
    refused(how, "group is 6, allowed: a multiple of exact_terms (4)");
    how.inside = group_sum::exact;
    refused(how, "exact_terms is 4, allowed unless inside is 'aligned': 1");
    how = aligned(24);
    how.aligned.halves = true;
    refused(how, "halves is true, allowed: only with the addend after");
    how = aligned(24);
    how.aligned.two_passes = true;
    how.aligned.addend_inside = false;
    refused(how, "two_passes is true, allowed: only where inside is 'aligned'");
    how = aligned(24);
    how.aligned.addend_reach = -1;
    refused(how, "addend_reach is -1, allowed: 0 or more");
    how = aligned(24);
    how.aligned.lowest_exponent = std::numeric_limits<std::int32_t>::min();
    refused(how, "lowest_exponent is -2147483648, allowed: -2^24 to 2^24");
    how = aligned(24);
    how.partial->to = parse_format("e4m3fn");
    how.overflow_to_infinity = true;
    refused(how, "overflow_to_infinity is true, allowed: only where the format of partial sums has infinities");
    how = aligned(24);
    how.nan = nan_result{parse_format("binary32"), 0x7f800000};
    refused(how, "nan code is 2139095040, allowed: a NaN of binary32");
}

TEST_CASE("block-scaled matrix products: shapes and widths") {
    const std::vector<float> a(4, 1.5F);
    const std::vector<float> scales{2, 4};
    std::vector<float> out(1);
    const float zero = 0;
    const auto array = [](const std::vector<float>& x) {
        return operand_array{x.data(), x.size(), element_kind::binary32, nullptr};
    };
    const operand_array c{&zero, 1, element_kind::binary32, nullptr};
    const result_array to{out.data(), 1, element_kind::binary32};
    accumulator how;
    how.group = 0;
    const format f = parse_format("binary32");
    scaled_matmul(array(a), array(a), c, {array(scales), array(scales), 3}, to, {1, 4, 1}, how, f);
    CHECK(out[0] == 2.25F * (3 * 4 + 16));
    CHECK_THROWS_MATCHES(scaled_matmul(array(a), array(a), c, {array(scales), array(scales), 0}, to, {1, 4, 1}, how, f),
                         std::invalid_argument,
                         MessageMatches(ContainsSubstring("block is 0, allowed: a multiple of")));
    CHECK_THROWS_MATCHES(scaled_matmul(array(a), array(a), c, {array(scales), array(scales), 1}, to, {1, 4, 1}, how, f),
                         std::invalid_argument,
                         MessageMatches(ContainsSubstring("scale_a has 2 elements, allowed: 4")));
    const std::vector<double> wide(4, 1 + power(-52));
    const operand_array doubles{wide.data(), 4, element_kind::binary64, nullptr};
    CHECK_THROWS_MATCHES(scaled_matmul(doubles, doubles, c, {doubles, doubles, 1}, to, {1, 4, 1}, how, f),
                         std::invalid_argument, MessageMatches(ContainsSubstring("products have up to 212 bits")));
}

TEST_CASE("recorded outputs of the H100's binary16 and 8-bit units") {
    const auto check = [](const char* file, const char* factors, const char* column, const char* unit, bool addend) {
        INFO(file << ' ' << column);
        std::ifstream in(std::string(HALFULP_TESTS_DIR) + "/vectors/matrix_units/" + file);
        REQUIRE(in);
        const format of = parse_format(factors);
        const auto digits = static_cast<std::size_t>((of.bits() + 3) / 4);
        const matrix_unit found = find_matrix_unit(unit);
        dot_product product(found.how, found.output, {}, of.as_float()->emin(), of.as_float()->emin());
        std::vector<std::string> names;
        std::size_t rows = 0;
        for (std::string line; std::getline(in, line);) {
            std::istringstream words(line);
            std::vector<std::string> row;
            for (std::string word; words >> word;) row.push_back(word);
            if (line.starts_with('#') || row[0] == "format" || row[0] == "k") continue;
            if (row[0] == "columns") {
                names.assign(row.begin() + 1, row.end());
                continue;
            }
            const auto at = [&](const std::string& name) {
                return row.at(static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin()));
            };
            std::vector<operand> a;
            std::vector<operand> b;
            for (std::size_t i = 0; i < row[0].size(); i += digits) {
                a.push_back(operand_of_code(std::stoull(row[0].substr(i, digits), nullptr, 16), of));
                b.push_back(operand_of_code(std::stoull(row[1].substr(i, digits), nullptr, 16), of));
            }
            const std::uint64_t c = addend ? std::stoull(at("H100.c"), nullptr, 16) : 0;
            const calculated d =
                product(a, b, operand_of_code(c, parse_format("binary32")), [](std::uint32_t, int) { return 0U; });
            CHECK(to_code(d.number, found.output) == std::stoull(at(column), nullptr, 16));
            ++rows;
        }
        CHECK(rows == 250);
    };
    check("device_binary16_k16.txt", "binary16", "H100.binary32", "h100_fp16", true);
    check("device_bfloat16_k16.txt", "bfloat16", "H100.binary32", "h100_bf16", true);
    check("device_e4m3fn_k32.txt", "e4m3fn", "H100.binary32", "h100_fp8", false);
}
