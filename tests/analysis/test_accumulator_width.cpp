// Extents of formats and of sums of products against every code, in rational numbers of Boost; the published closed
// forms.
#include "halfulp/analysis/accumulator_width.hpp"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <catch2/catch_test_macros.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "halfulp/analysis/format_extent.hpp"
#include "halfulp/arithmetic/operand.hpp"
#include "halfulp/formats/catalog.hpp"

using namespace halfulp;
using boost::multiprecision::cpp_int;

namespace {

/// integer × 2^exponent.
struct exact {
    cpp_int integer;
    int exponent;
};

cpp_int in_quanta(const exact& x, int quantum) { return x.integer << (x.exponent - quantum); }

/// Every finite member of a format of at most 16 bits.
std::vector<exact> members_of(const format& f) {
    std::vector<exact> out;
    for (std::uint64_t code = 0; code <= f.max_code(); ++code) {
        const operand x = operand_of_code(code, f);
        if (x.kind != number_class::finite) continue;
        // The code that a symmetric format never produces is no member.
        const fixed_format* fixed = f.as_fixed();
        if (fixed != nullptr && fixed->symmetric && code == fixed->sign_mask()) continue;
        const cpp_int integer = x.significand;
        out.push_back({x.negative ? cpp_int(-integer) : integer, x.exponent});
    }
    return out;
}

struct definition {
    cpp_int least;
    cpp_int greatest;
    int quantum;
    int significand_bits;
};

/// What the header says, from the members one by one.
definition define(const std::vector<exact>& members) {
    int lowest = 1 << 20;
    for (const exact& x : members) lowest = std::min(lowest, x.exponent);
    definition out{0, 0, 1 << 20, 0};
    bool first = true;
    for (const exact& x : members) {
        const cpp_int whole = in_quanta(x, lowest);
        if (first || whole < out.least) out.least = whole;
        if (first || whole > out.greatest) out.greatest = whole;
        first = false;
        if (whole == 0) continue;
        const cpp_int size = abs(whole);
        const int zeros = static_cast<int>(lsb(size));
        out.quantum = std::min(out.quantum, lowest + zeros);
        out.significand_bits = std::max(out.significand_bits, static_cast<int>(msb(size)) - zeros + 1);
    }
    out.least >>= out.quantum - lowest;
    out.greatest >>= out.quantum - lowest;
    return out;
}

cpp_int whole_of(const dyadic& x, int quantum) {
    if (x.significand == 0) return 0;
    const int shift = x.exponent - quantum;
    const cpp_int size = shift >= 0 ? cpp_int(x.significand) << shift : cpp_int(x.significand) >> -shift;
    return x.negative ? cpp_int(-size) : size;
}

cpp_int whole_of(const wide_dyadic& x, int quantum) {
    cpp_int size = 0;
    for (std::size_t word = 3; word-- > 0;) size = (size << 64) + x.significand[word];
    if (size == 0) return 0;
    const int shift = x.exponent - quantum;
    size = shift >= 0 ? cpp_int(size << shift) : cpp_int(size >> -shift);
    return x.negative ? cpp_int(-size) : size;
}

/// The fewest bits by trying one after the other.
int width_by_trial(const cpp_int& least, const cpp_int& greatest) {
    for (int bits = 1;; ++bits) {
        const cpp_int half = cpp_int(1) << (bits - 1);
        const bool fits = least < 0 ? least >= -half && greatest < half : greatest < 2 * half;
        if (fits) return bits;
    }
}

/// The registry's formats of at most `bits` bits, and shapes that are unlike any of them.
std::vector<format> formats_up_to(int bits) {
    std::vector<format> out;
    for (const catalog_row& row : catalog()) out.push_back(row.is);
    for (const char* name : {"e1m1b1f",     "e1m0f",       "e2m1_nosub",  "e3m2u",    "Binary3p1se",   "Binary3p2se",
                             "Binary4p3uf", "Binary3p2ue", "Binary4p4ue", "e2m3",     "e3m2",          "e3m3",
                             "e3m3f",       "int1",        "int2s",       "uint1",    "q2.3",          "q3.2s",
                             "posit2_0",    "posit3_2",    "posit5_1",    "posit8_4", "pot4",          "apot5",
                             "sqrt2pot3",   "dynamic4",    "nf3",         "hif8",     "microexponent", "e8m0fnu"}) {
        out.push_back(parse_format(name));
    }
    std::erase_if(out, [&](const format& f) { return f.bits() > bits; });
    return out;
}

}  // namespace

TEST_CASE("A format's extent is that of its members") {
    for (const format& f : formats_up_to(12)) {
        INFO(to_string(f));
        const definition expected = define(members_of(f));
        const format_extent found = extent_of(f);
        REQUIRE(found.quantum == expected.quantum);
        REQUIRE(whole_of(found.least, found.quantum) == expected.least);
        REQUIRE(whole_of(found.greatest, found.quantum) == expected.greatest);
        REQUIRE(found.significand_bits == expected.significand_bits);
        REQUIRE(fixed_point_bits(found) == width_by_trial(expected.least, expected.greatest));
        const cpp_int size = std::max(cpp_int(abs(expected.least)), cpp_int(abs(expected.greatest)));
        // The last place is that where a significand of all its bits reaches the largest magnitude.
        const int last = static_cast<int>(msb(size)) - found.significand_bits + 1;
        REQUIRE(found.positions == std::max(last, 0) + 1);
    }
}

TEST_CASE("A sum's extent is that of all products, n times") {
    const auto formats = formats_up_to(6);
    for (const format& a : formats) {
        const auto members_a = members_of(a);
        for (const format& b : formats) {
            std::vector<exact> products;
            for (const exact& x : members_a) {
                for (const exact& y : members_of(b))
                    products.push_back({x.integer * y.integer, x.exponent + y.exponent});
            }
            const definition one = define(products);
            for (const std::uint64_t n : {1u, 2u, 3u, 7u, 8u, 4608u}) {
                INFO(to_string(a) << " x " << to_string(b) << ", n = " << n);
                const sum_extent found = extent_of_sum(a, b, n);
                REQUIRE(found.quantum == one.quantum);
                REQUIRE(whole_of(found.least, found.quantum) == one.least * n);
                REQUIRE(whole_of(found.greatest, found.quantum) == one.greatest * n);
                REQUIRE(found.is_signed == (one.least < 0));
                REQUIRE(found.bits == width_by_trial(one.least * n, one.greatest * n));
            }
        }
    }
}

TEST_CASE("Sums of small formats, added up one by one") {
    // All sums of three products of e2m1fn and int2: the ends are reached, and no finer quantum is needed.
    const auto a = members_of(parse_format("e2m1fn"));
    const auto b = members_of(parse_format("int2"));
    std::vector<exact> sums{{0, 0}};
    for (int term = 0; term < 3; ++term) {
        std::vector<cpp_int> next;
        for (const exact& sum : sums) {
            for (const exact& x : a) {
                for (const exact& y : b) {
                    next.push_back(in_quanta(sum, -1) +
                                   in_quanta({x.integer * y.integer, x.exponent + y.exponent}, -1));
                }
            }
        }
        std::sort(next.begin(), next.end());
        next.erase(std::unique(next.begin(), next.end()), next.end());
        sums.clear();
        for (const cpp_int& s : next) sums.push_back({s, -1});
    }
    const sum_extent found = extent_of_sum(parse_format("e2m1fn"), parse_format("int2"), 3);
    REQUIRE(found.quantum == -1);
    REQUIRE(whole_of(found.least, -1) == sums.front().integer);
    REQUIRE(whole_of(found.greatest, -1) == sums.back().integer);
    REQUIRE(sums.back().integer == 3 * 2 * 12);
    REQUIRE(found.bits == 8);
}

TEST_CASE("Wide formats: ends of binary64 and 64-bit posits") {
    // 2^1024 (1 - 2^-53) squared over quanta of 2^-2148: 2048 + 2148 bits, three terms two more, and a sign.
    REQUIRE(extent_of_sum(parse_format("binary64"), parse_format("binary64"), 3).bits == 2048 + 2148 + 2 + 1);
    // maxpos^2 = 2^(2 · 248), quantum 2^-496: the quire of posit64 sums 2^31 - 1 products with 992 + 1 + 31 bits (the
    // standard's is 1024).
    REQUIRE(extent_of_sum(parse_format("posit64_2"), parse_format("posit64_2"), (std::uint64_t{1} << 31) - 1).bits ==
            992 + 31 + 1);
    // The largest n: three words hold the sum.
    REQUIRE(extent_of_sum(parse_format("int64"), parse_format("int64"), ~std::uint64_t{0}).bits == 126 + 64 + 1);
}

TEST_CASE("The published closed forms") {
    // arXiv 2311.12359: n = 4608 in ResNet-18.
    REQUIRE(ceil_log2(4608) == 13);
    REQUIRE(published_minifloat_width(2, 3, 2, 3, 4608) == 26);
    REQUIRE(published_minifloat_width(3, 2, 3, 2, 4608) == 32);
    REQUIRE(published_minifloat_width(3, 3, 3, 3, 4608) == 34);
    REQUIRE(published_integer_width(8, 8, 4608) == 30);
    // From the codes: with every code a number, and with the top exponent kept for infinity and NaN.
    const auto bits = [](const char* name) { return extent_of_sum(parse_format(name), parse_format(name), 4608).bits; };
    REQUIRE(bits("e2m3f") == 25);
    REQUIRE(bits("e3m2f") == 31);
    REQUIRE(bits("e3m3f") == 33);
    REQUIRE(bits("e2m3") == 23);
    REQUIRE(bits("e3m2") == 29);
    REQUIRE(bits("e3m3") == 31);
    REQUIRE(bits("int8") == 28);
}

TEST_CASE("The closed forms are never too narrow") {
    for (int ea = 1; ea <= 5; ++ea) {
        for (int ma = 0; ma <= 4; ++ma) {
            for (const std::uint64_t n : {1u, 2u, 5u, 4608u}) {
                const format f = parse_format("e" + std::to_string(ea) + "m" + std::to_string(ma) + "f");
                const format g = parse_format("e3m1f");
                INFO(to_string(f) << ", n = " << n);
                const int exact_bits = extent_of_sum(f, g, n).bits;
                REQUIRE(exact_bits <= published_minifloat_width(ea, ma, 3, 1, n));
            }
        }
    }
    for (int ra = 1; ra <= 12; ++ra) {
        for (const std::uint64_t n : {1u, 2u, 5u, 4608u}) {
            const format f = parse_format("int" + std::to_string(ra));
            const int exact_bits = extent_of_sum(f, parse_format("int4"), n).bits;
            REQUIRE(exact_bits <= published_integer_width(ra, 4, n));
        }
    }
}

TEST_CASE("Wrong numbers of terms and of bits are refused") {
    const auto message = [](const auto& call) -> std::string {
        try {
            static_cast<void>(call());
        } catch (const std::invalid_argument& error) {
            return error.what();
        }
        return "no error";
    };
    const format f = parse_format("int8");
    REQUIRE(message([&] { return extent_of_sum(f, f, 0); }) == "n is 0, allowed: 1 or more");
    REQUIRE(message([&] { return published_integer_width(0, 8, 4); }) == "bits_a is 0, allowed: 1 to 64");
    REQUIRE(message([&] { return published_minifloat_width(2, 3, 20, 3, 4); }) == "exponent_b is 20, allowed: 1 to 19");
}
