// Operations of one operand on every code of small formats, and on every code of binary16 and bfloat16.
#include "arithmetic/support/judge.hpp"
#include "codecs/support/shapes.hpp"

using namespace oracle;

namespace {

void check_codes(const either_format& from, const either_format& to, const std::vector<way>& ways, report& out,
                 std::uint64_t step = 1) {
    judge judging(to, out);
    for (std::uint64_t code = 0; code < std::uint64_t{1} << from.reference.width(); code += step) {
        const std::vector<either_operand> x{from_code(code, from)};
        for (const halfulp::operation op : one_operand_operations) judging.check(op, x, ways);
    }
}

}  // namespace

TEST_CASE("square roots, reciprocals, integers and signs of every code of formats of up to 8 bits: all modes") {
    report out;
    std::vector<std::string> names;
    for (const named_format& f : registered(1, 8)) names.push_back(f.name);
    for (int k = 3; k <= 6; ++k)
        for (const named_format& f : p3109_family(k)) names.push_back(f.name);
    for (const char* name :
         {"Binary8p1se", "Binary8p4se", "Binary8p7uf", "e4m3fn_nosub", "e3m2_nosub", "e4m3b20fn", "e3m0f", "e1m5f",
          "posit6_0", "posit7_1", "posit8_2", "int8", "uint8", "int5s", "q4.4", "q1.7", "uint1"})
        names.emplace_back(name);
    for (const std::string& name : names) {
        const either_format f(name);
        check_codes(f, f, every_mode(f.library, {}, true), out);
    }
    out.conclude();
}

TEST_CASE("square roots, reciprocals, integers and signs of every code of 16-bit formats", "[long]") {
    report out;
    for (const char* name : {"binary16", "bfloat16", "dlfloat16", "posit16_1", "posit16_2", "q8.8"}) {
        const either_format f(name);
        check_codes(f, f, every_mode(f.library), out);
    }
    out.conclude();
}

TEST_CASE("square roots, reciprocals, integers and signs of every 97th code of 16-bit formats") {
    report out;
    for (const char* name : {"binary16", "bfloat16", "dlfloat16", "posit16_2", "q8.8"}) {
        const either_format f(name);
        check_codes(f, f, every_mode(f.library), out, 97);
    }
    out.conclude();
}

TEST_CASE("every code times every power of two, far beyond both ends") {
    report out;
    for (const char* name :
         {"e4m3fn", "e5m2", "e2m1fn", "Binary6p3se", "e8m0fnu", "posit6_2", "int6", "q2.4", "uint6"}) {
        const either_format f(name);
        judge judging(f, out);
        const std::vector<way> ways = every_mode(f.library);
        for (const either_operand& x : all_codes(f)) {
            for (const int n :
                 {-1000, -300, -66, -33, -9, -7, -5, -3, -2, -1, 0, 1, 2, 4, 6, 8, 31, 64, 130, 290, 1000}) {
                const std::vector<either_operand> operands{x, from_integer(n)};
                judging.check(halfulp::operation::scalb, operands, ways);
            }
        }
    }
    out.conclude();
}

TEST_CASE("scaling by any int64 ends at zero or at an overflow") {
    using halfulp::operation;
    const halfulp::format wide = halfulp::parse_format("e19m3");
    const halfulp::calculator scale(operation::scalb, wide, {});
    const halfulp::operand one = halfulp::operand_of(1.0);
    for (const std::int64_t n : {std::int64_t{600000}, std::int64_t{5000000}, std::int64_t{1} << 31,
                                 std::int64_t{1} << 32, (std::int64_t{1} << 62) + 1, INT64_MAX}) {
        INFO("n = " << n);
        const halfulp::calculated up = scale({one, halfulp::operand_of_integer(n), {}});
        CHECK(up.number.kind == halfulp::number_class::infinity);
        CHECK(up.flags == (halfulp::flag::overflow | halfulp::flag::inexact));
        const halfulp::calculated down = scale({one, halfulp::operand_of_integer(-n), {}});
        CHECK(down.number.kind == halfulp::number_class::finite);
        CHECK(down.number.significand == 0);
        CHECK(down.flags == (halfulp::flag::underflow | halfulp::flag::inexact));
    }
    CHECK(scale({one, halfulp::operand_of_integer(INT64_MIN), {}}).number.significand == 0);
}
