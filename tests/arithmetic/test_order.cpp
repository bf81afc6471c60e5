// Comparisons, the total order and the minimum and maximum families: all pairs of codes.
#include <algorithm>

#include "arithmetic/support/judge.hpp"
#include "codecs/support/shapes.hpp"

using namespace oracle;

namespace {

constexpr std::array extremum_operations{
    halfulp::operation::minimum,
    halfulp::operation::maximum,
    halfulp::operation::minimum_number,
    halfulp::operation::maximum_number,
    halfulp::operation::minimum_magnitude,
    halfulp::operation::maximum_magnitude,
    halfulp::operation::minimum_magnitude_number,
    halfulp::operation::maximum_magnitude_number,
    halfulp::operation::copysign,
};

constexpr const char* names[] = {"e4m3",        "e4m3fnuz",    "e8m0fnu",  "e2m1fn", "e3m2fn", "e3m3", "Binary6p3se",
                                 "Binary5p2ue", "Binary5p2sf", "posit6_1", "int5",   "uint5",  "q2.3s"};

}  // namespace

TEST_CASE("minimum, maximum, their kin and copysign of every pair") {
    report out;
    for (const char* name : names) {
        const either_format f(name);
        judge judging(f, out);
        const std::vector<way> ways{{{}, halfulp::tininess::after, f.library}};
        const std::vector<either_operand> codes = all_codes(f);
        std::vector<either_operand> pair(2);
        for (const either_operand& a : codes) {
            pair[0] = a;
            for (const either_operand& b : codes) {
                pair[1] = b;
                for (const halfulp::operation op : extremum_operations) judging.check(op, pair, ways);
            }
        }
    }
    out.conclude();
}

TEST_CASE("what is chosen out of one format is rounded into another") {
    report out;
    const either_format from("e5m2");
    for (const char* name : {"e2m1fn", "uint4", "e4m3fnuz", "posit8_2"}) {
        const either_format to(name);
        judge judging(to, out);
        const std::vector<way> ways = every_mode(to.library);
        const std::vector<either_operand> codes = all_codes(from);
        std::vector<either_operand> pair(2);
        for (std::size_t i = 0; i < codes.size(); i += 3) {
            pair[0] = codes[i];
            for (std::size_t j = 0; j < codes.size(); j += 5) {
                pair[1] = codes[j];
                for (const halfulp::operation op : extremum_operations) judging.check(op, pair, ways);
            }
        }
    }
    out.conclude();
}

TEST_CASE("compare and the total order agree with real numbers, within a format and between formats") {
    report out;
    std::vector<either_operand> all;
    for (const char* name : names) {
        const either_format f(name);
        const std::vector<either_operand> codes = all_codes(f);
        const std::size_t step = f.reference.width() == 8 ? 3 : 1;
        for (std::size_t i = 0; i < codes.size(); i += step) all.push_back(codes[i]);
        all.push_back(codes.back());
    }
    for (const either_operand& a : all) {
        for (const either_operand& b : all) {
            const auto text = [&] { return a.text + " and " + b.text; };
            out.check(static_cast<int>(halfulp::compare(a.library, b.library)) ==
                          oracle::compare(a.reference.x, b.reference.x),
                      text);
            out.check(static_cast<int>(halfulp::compare_total(a.library, b.library)) ==
                          compare_total(a.reference, b.reference),
                      [&] { return "total: " + text(); });
        }
    }
    out.conclude();
}

TEST_CASE("the total order of an IEEE-like format is that of its bits") {
    // IEEE 754-2019, 5.10 d: as sign and magnitude, NaNs by payload, which are not told apart here beyond quiet and signaling.
    const either_format f("e4m3");
    const auto position = [](int code) { return code < 128 ? code : 127 - code; };
    const auto one_nan = [](int code) {
        const int magnitude = code & 127;
        if (magnitude <= 0x78) return code;
        return (code & 128) | (magnitude < 0x7C ? 0x79 : 0x7C);
    };
    for (int a = 0; a < 256; ++a) {
        for (int b = 0; b < 256; ++b) {
            const int x = position(one_nan(a));
            const int y = position(one_nan(b));
            const auto found =
                halfulp::compare_total(halfulp::operand_of_code(static_cast<std::uint64_t>(a), f.library),
                                       halfulp::operand_of_code(static_cast<std::uint64_t>(b), f.library));
            INFO("codes " << a << " and " << b);
            REQUIRE(static_cast<int>(found) == (x < y ? -1 : x == y ? 0 : 1));
        }
    }
}
