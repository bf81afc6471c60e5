// Named codebooks, their families and one's own tables, against tests/vectors/codes (made in exact arithmetic by
// tools/make_vectors/codebooks.py, which knows nothing of this code).
#include <algorithm>
#include <bit>
#include <cfenv>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <stdexcept>
#include <thread>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "formats/codebooks/binary32.hpp"
#include "formats/support/vector_tables.hpp"
#include "halfulp/formats/codebooks.hpp"

using namespace halfulp;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr auto files = {"nf",      "dynamic", "pot",     "sqrt2pot", "apot", "af4",
                        "fp4_bnb", "iq4_nl",  "ternary", "pm1",      "hif8"};

std::string_view text_of(even_rule rule) {
    switch (rule) {
        case even_rule::lower_value: return "lower_value";
        case even_rule::upper_value: return "upper_value";
        case even_rule::smaller_magnitude: return "smaller_magnitude";
        case even_rule::integer: return "integer";
        case even_rule::code: return "code";
    }
    return "";
}

double number_of(const dyadic& d) {
    const double magnitude = std::ldexp(static_cast<double>(d.significand), d.exponent);
    return d.negative ? -magnitude : magnitude;
}

bool same_bits(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }

std::string message_of(const auto& call) {
    try {
        call();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "no error";
}

}  // namespace

TEST_CASE("every named codebook and every member of a family is its vector file's, code by code") {
    for (const char* file : files) {
        for (const vectors::table& wanted : vectors::read_tables(file)) {
            INFO(wanted.name);
            const auto table = find_codebook(wanted.name);
            REQUIRE(table != nullptr);
            CHECK(table->name() == wanted.name);
            CHECK(text_of(table->even()) == wanted.remark);
            CHECK_FALSE(table->source().empty());
            REQUIRE(table->size() == wanted.values.size());
            CHECK(table->bits() == static_cast<int>(std::bit_width(wanted.values.size() - 1)));
            for (std::uint64_t code = 0; code < table->size(); ++code) {
                INFO(code);
                const std::string& text = wanted.values[code];
                const auto& specials = table->specials();
                if (text == "nan") {
                    CHECK((specials && specials->nan_code == code));
                } else if (text == "inf") {
                    CHECK((specials && specials->infinity_code == code));
                } else if (text == "-inf") {
                    CHECK((specials && specials->negative_infinity_code == code));
                } else {
                    CHECK(same_bits(number_of(table->value(code)), vectors::number(text)));
                }
            }
        }
    }
}

TEST_CASE("the vector files hold every codebook that has a name, and nothing else") {
    std::set<std::string> named;
    for (const named_codebook& row : named_codebooks()) named.emplace(row.name);
    for (const codebook_family& family : codebook_families()) {
        for (int bits = family.least; bits <= family.most; ++bits)
            named.insert(std::string(family.prefix) + std::to_string(bits) + std::string(family.suffix));
    }
    std::set<std::string> described;
    for (const char* file : files) {
        for (const vectors::table& table : vectors::read_tables(file)) described.insert(table.name);
    }
    CHECK(named == described);
}

TEST_CASE("a row of the list makes the table that its name finds, and says what and whose it is") {
    for (const named_codebook& row : named_codebooks()) {
        INFO(row.name);
        const codebook made = row.make();
        CHECK(made == *find_codebook(row.name));
        CHECK(made.source() == row.source);
        CHECK_FALSE(row.summary.empty());
        if (!row.aliases[0].empty()) CHECK(find_codebook(row.aliases[0]) == find_codebook(row.name));
    }
    CHECK(find_codebook("binary")->name() == "pm1");
}

TEST_CASE(
    "HiFloat8 overflows where the binade that ends at infinity's code would go on, and knows even codes from odd "
    "ones") {
    const auto table = find_codebook("hif8");
    REQUIRE(table->specials());
    CHECK(number_of(table->specials()->beyond) == 49152.0);
    const auto members = table->members();
    CHECK(members.size() == 253);
    for (std::size_t i = 0; i + 1 < members.size(); ++i) CHECK(((members[i].code ^ members[i + 1].code) & 1) == 1);
}

TEST_CASE("both constructions of normal floats are their vectors; QLoRA's at 4 bits is what bitsandbytes prints") {
    std::size_t tables = 0;
    for (const vectors::table& wanted : vectors::read_tables("nf_constructions")) {
        INFO(wanted.name);
        const bool qlora = wanted.name.starts_with("qlora");
        const auto values = normal_float_values(
            wanted.name.back() - '0', qlora ? normal_float_construction::qlora : normal_float_construction::lq_lora);
        REQUIRE(values.size() == wanted.values.size());
        for (std::size_t i = 0; i < values.size(); ++i) CHECK(same_bits(values[i], vectors::number(wanted.values[i])));
        ++tables;
    }
    CHECK(tables == 14);
    const auto qlora = normal_float_values(4, normal_float_construction::qlora);
    const auto nf4 = find_codebook("nf4");
    for (std::uint64_t code = 0; code < 16; ++code) CHECK(qlora[code] == number_of(nf4->value(code)));
}

TEST_CASE("tables are worked out without floating-point rounding: its direction changes nothing") {
    const auto everything = [] {
        std::vector<double> out;
        const auto add = [&out](const std::vector<double>& values) {
            out.insert(out.end(), values.begin(), values.end());
        };
        for (int bits = 2; bits <= 8; ++bits) {
            add(normal_float_values(bits, normal_float_construction::qlora));
            add(normal_float_values(bits, normal_float_construction::lq_lora));
            add(dynamic_values(bits, true));
            add(dynamic_values(bits, false));
            if (bits > 2) add(additive_power_values(bits));
            add(power_values(power_base::square_root_of_two, 100, 0, true));
        }
        return out;
    };
    const std::vector<double> nearest = everything();
    for (const int direction : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
        std::fesetround(direction);
        const std::vector<double> other = everything();
        std::fesetround(FE_TONEAREST);
        CHECK(other == nearest);
    }
}

TEST_CASE("nearest_binary32 is the quotient that binary32 division gives, ties included") {
    // Both operands are binary32 numbers, so the division rounds once.
    std::mt19937_64 random(5);
    for (int i = 0; i < 100000; ++i) {
        const std::uint64_t n = random() >> (40 + random() % 23);
        const std::uint64_t d = (random() >> (40 + random() % 23)) + 1;
        if (d > 1u << 24) continue;
        const float quotient = static_cast<float>(n) / static_cast<float>(d);
        REQUIRE(detail::nearest_binary32(false, n, d, 0) == quotient);
        REQUIRE(detail::nearest_binary32(true, n, d, 3) == -8 * quotient);
    }
    // 2^24 + 1 and 2^24 + 3 lie midway between even and odd; a little more than a tie goes up.
    CHECK(detail::nearest_binary32(false, (1u << 24) + 1, 1, 0) == 0x1p24);
    CHECK(detail::nearest_binary32(false, (1u << 24) + 3, 1, 0) == 0x1.000004p24);
    const std::uint64_t tie = (std::uint64_t{1} << 40) + (std::uint64_t{1} << 16);
    CHECK(detail::nearest_binary32(false, tie, 1, 0) == 0x1p40);
    CHECK(detail::nearest_binary32(false, tie + 1, 1, 0) == 0x1.000002p40);
    CHECK(detail::nearest_binary32(false, tie - 1, 1, 0) == 0x1p40);
}

TEST_CASE("a name finds one table, made once") {
    CHECK(find_codebook("nf4") == find_codebook("nf4"));
    CHECK(find_codebook("pm1") == find_codebook("binary"));
    for (const char* name : {"", "nf", "NF4", "nf4 ", " nf4", "nf04", "nf4u", "nf4_64", "nf99999999999", "dynamic",
                             "dynamicu", "dynamic8x", "af4_64", "table", "e4m3fn", "ternary4"}) {
        INFO(name);
        CHECK(find_codebook(name) == nullptr);
    }
    std::vector<std::shared_ptr<const codebook>> found(8);
    std::vector<std::thread> threads;
    for (auto& out : found) threads.emplace_back([&out] { out = find_codebook("apot7"); });
    for (auto& thread : threads) thread.join();
    for (const auto& table : found) CHECK(table == found[0]);
}

TEST_CASE("a member that a family does not have is an error that says which it has") {
    for (const auto& wanted : {std::pair{"nf1", "bits is 1, allowed for nf<bits>: 2 to 8"},
                               {"nf9", "bits is 9, allowed for nf<bits>: 2 to 8"},
                               {"dynamic1", "bits is 1, allowed for dynamic<bits>: 2 to 8"},
                               {"dynamic9u", "bits is 9, allowed for dynamic<bits>u: 2 to 8"},
                               {"pot1", "bits is 1, allowed for pot<bits>: 2 to 8"},
                               {"apot2", "bits is 2, allowed for apot<bits>: 3 to 8"},
                               {"apot9", "bits is 9, allowed for apot<bits>: 3 to 8"},
                               {"sqrt2pot0", "bits is 0, allowed for sqrt2pot<bits>: 2 to 8"}}) {
        CHECK(message_of([&] { find_codebook(wanted.first); }) == wanted.second);
    }
    CHECK_THROWS_AS(normal_float_values(9, normal_float_construction::qlora), std::invalid_argument);
    CHECK_THROWS_AS(dynamic_values(1, true), std::invalid_argument);
    CHECK_THROWS_AS(additive_power_values(2), std::invalid_argument);
}

TEST_CASE("one's own table keeps the order of its codes and is found by the hash of its bits") {
    const std::vector<double> values{-1, 0, 0.5, 2};
    const auto table = make_codebook(values, "mine");
    // FNV-1a of the 33 bytes, worked out elsewhere.
    CHECK(table->name() == "table:17770193fe93f5af");
    CHECK(table->source() == "mine");
    CHECK(table->even() == even_rule::lower_value);
    CHECK(find_codebook(table->name()) == table);
    CHECK(make_codebook(values, "again") == table);
    const auto other_rule = make_codebook(values, "mine", even_rule::smaller_magnitude);
    CHECK(other_rule->name() == "table:17770393fe93f915");
    CHECK(other_rule->even() == even_rule::smaller_magnitude);
    CHECK(find_codebook(table->name()) == table);
    const std::vector<double> unsorted{2, -0.0, 0.5, 0, -1};
    const auto mixed = make_codebook(unsorted, "");
    for (std::uint64_t code = 0; code < unsorted.size(); ++code)
        CHECK(same_bits(number_of(mixed->value(code)), unsorted[code]));
}

TEST_CASE("a table that cannot be is an error that names its entry") {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    const auto message = [](std::vector<double> values) { return message_of([&] { make_codebook(values, ""); }); };
    CHECK_THAT(message({1, 2, 1}), ContainsSubstring("values[2]") && ContainsSubstring("values[0]"));
    CHECK_THAT(message({1, infinity}), ContainsSubstring("values[1]") && ContainsSubstring("finite"));
    CHECK_THAT(message({nan, 1}), ContainsSubstring("values[0]"));
    CHECK_THAT(message({1}), ContainsSubstring("1 entries, allowed: 2 to 65536"));
    CHECK_THAT(message({}), ContainsSubstring("0 entries, allowed: 2 to 65536"));
    CHECK_THAT(message(std::vector<double>(65537, 1.0)), ContainsSubstring("65537 entries, allowed: 2 to 65536"));
    const std::vector<double> fine{0, 1};
    CHECK_THAT(message_of([&] { make_codebook(fine, "", even_rule::code); }),
               ContainsSubstring("allowed: lower_value"));
    CHECK_THAT(message_of([] { find_codebook("table:0123456789abcdef"); }), ContainsSubstring("allowed"));
    CHECK_THAT(message_of([] { find_codebook("table:"); }), ContainsSubstring("allowed"));
}

TEST_CASE("powers take their exponents, number and zero as parameters") {
    const auto post = power_values(power_base::square_root_of_two, 1 << 3, 0, true);  // POST's own set for 4 bits
    CHECK(post.size() == 17);
    CHECK(post.front() == -1);
    CHECK(post[7] == -static_cast<double>(0x1.6a09e6p-4f));
    CHECK(power_values(power_base::two, 2, 1, false) == std::vector<double>{-0.5, -0.25, 0.25, 0.5});
    CHECK(power_values(power_base::two, 1, 126, true) == std::vector<double>{-0x1p-126, 0, 0x1p-126});
    CHECK(power_values(power_base::square_root_of_two, 1, 252, false).back() == 0x1p-126);
    CHECK(message_of([] { power_values(power_base::two, 1, -1, true); }) == "first is -1, allowed: 0 to 126");
    CHECK(message_of([] { power_values(power_base::two, 3, 125, true); }) == "magnitudes is 3, allowed: 1 to 2");
    CHECK(message_of([] { power_values(power_base::two, 0, 0, true); }) == "magnitudes is 0, allowed: 1 to 127");
    const auto table = power_codebook(power_base::square_root_of_two, 8, 0, true);
    CHECK(table->even() == even_rule::smaller_magnitude);
    CHECK(table->size() == 17);
    CHECK(table->source() == "powers of the square root of 2, exponents 0 to -7 and zero");
    CHECK(find_codebook(table->name()) == table);
}
