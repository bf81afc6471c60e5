// The text grammar: what parses prints back to itself, what cannot be says why.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <random>
#include <set>
#include <stdexcept>

#include "halfulp/formats/name.hpp"
#include "halfulp/formats/registry.hpp"
#include "halfulp/formats/shape.hpp"

using namespace halfulp;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

TEST_CASE("every registered name and alias gives its row, names are unique, and the name prints back") {
    std::set<std::string_view> seen;
    for (const registered_format& row : registry) {
        INFO(row.name);
        CHECK(seen.insert(row.name).second);
        CHECK(parse_float_format(row.name) == row.format);
        CHECK(to_string(row.format) == row.name);
        CHECK_NOTHROW(validate(row.format));
        CHECK(normalized(row.format) == row.format);
        CHECK_FALSE(row.source.empty());
        for (const std::string_view alias : row.aliases) {
            if (alias.empty()) continue;
            CHECK(seen.insert(alias).second);
            CHECK(parse_float_format(alias) == row.format);
        }
    }
}

TEST_CASE("a format at compile time equals the same format at run time") {
    constexpr float_format f = named("e4m3fn");
    STATIC_REQUIRE(f.max_magnitude() == 0x7E);
    CHECK(f == parse_float_format("e4m3fn"));
    CHECK(f.max_magnitude() == parse_float_format("e4m3fn").max_magnitude());
}

TEST_CASE("parse(to_string(x)) == x for every shape that exists") {
    std::mt19937 random(1);
    int made = 0;
    for (int trial = 0; trial < 200000; ++trial) {
        const auto pick = [&](int most) { return static_cast<int>(random() % static_cast<unsigned>(most + 1)); };
        const int exponent_bits = pick(20);
        const int mantissa_bits = pick(trial % 2 == 0 ? 5 : 64);
        const auto kind = static_cast<specials>(pick(3));
        const std::int32_t bias =
            pick(3) != 0 && exponent_bits >= 1 ? default_bias(exponent_bits, kind) : pick(2000000) - 1000000;
        float_format f;
        try {
            f = make_float_format(exponent_bits, mantissa_bits, bias, kind, pick(1) != 0, pick(1) != 0);
        } catch (const std::invalid_argument&) {
            continue;
        }
        ++made;
        const std::string text = to_string(f);
        INFO(text);
        REQUIRE(parse_float_format(text) == f);
    }
    CHECK(made > 20000);
}

TEST_CASE("every P3109 format with K from 3 to 16 is reached by its name") {
    int count = 0;
    for (int width = 3; width <= 16; ++width) {
        for (int precision = 1; precision <= width; ++precision) {
            for (const char sign : {'s', 'u'}) {
                for (const char domain : {'e', 'f'}) {
                    if (sign == 's' && precision == width) continue;
                    const std::string name =
                        "Binary" + std::to_string(width) + "p" + std::to_string(precision) + sign + domain;
                    INFO(name);
                    const float_format f = parse_float_format(name);
                    CHECK(to_string(f) == name);
                    CHECK(f.bits() == width);
                    CHECK(f.precision() == precision);
                    // 1.0 has the code 2^(K-2) or 2^(K-1) (P3109 v4.0), where the format reaches it.
                    const std::uint64_t one = std::uint64_t{1} << (sign == 's' ? width - 2 : width - 1);
                    if (one <= f.max_magnitude()) {
                        const dyadic value = f.magnitude_value(one);
                        CHECK(value.significand == std::uint64_t{1} << -value.exponent);
                    }
                    ++count;
                }
            }
        }
    }
    CHECK(count == 504);
}

TEST_CASE("published names come first: e2m1fn has no NaN, and the shape with one prints its bias") {
    CHECK_FALSE(parse_float_format("e2m1fn").has_nan());
    CHECK(parse_float_format("e2m1f") == parse_float_format("e2m1fn"));
    const float_format with_nan = make_float_format(2, 1, 1, specials::fn, true, true);
    CHECK(with_nan.has_nan());
    CHECK(to_string(with_nan) == "e2m1b1fn");
    CHECK(parse_float_format("e8m0fnu").low() == low_binade::normals_no_zero);
    CHECK(parse_float_format("e8m0fu").has_zero());
    CHECK(parse_float_format("e3m0f_nosub") == parse_float_format("e3m0f"));
}

TEST_CASE("what cannot be is refused with the limit, what is misspelled with the near name") {
    const auto refuses = [](const char* text, const char* part) {
        INFO(text);
        CHECK_THROWS_MATCHES(parse_float_format(text), std::invalid_argument, MessageMatches(ContainsSubstring(part)));
    };
    refuses("E4M3", "e4m3fn");
    refuses("E4M3", "IEEE-like");
    refuses("e4m3fm", "did you mean 'e4m3fn'");
    refuses("bflaot16", "did you mean 'bfloat16'");
    refuses("e0m3", "exponent_bits is 0, allowed: 1 to 19");
    refuses("e20m3", "exponent_bits is 20, allowed: 1 to 19");
    refuses("e8m56", "width is 65, allowed: at most 64");
    refuses("e4m3b524288", "|bias| < 2^19");
    refuses("e1m3", "exponent_bits is 1, allowed: 2 or more");
    refuses("e4m0", "mantissa_bits is 0, allowed: 1 or more");
    refuses("e4m3fnuzu", "negative zero");
    refuses("e1m0fn", "no finite member but zero");
    refuses("Binary2p1se", "3 to 64");
    refuses("Binary8p8se", "1 to 7");
    refuses("posit8", "not a known name");
    refuses("q4", "not a known name");
    refuses("mxint8", "this is a scheme");
    refuses("mxfp4", "this is a scheme");
    refuses("mx6", "this is a scheme");
    refuses("msfp16", "this is a scheme");
    refuses("e8m0", "E8M0 is e8m0fnu");
    refuses("", "not a known name");
    refuses("e4m3fn ", "did you mean 'e4m3fn'");
    refuses("e04m3", "not a known name");
    refuses("e4m3f\xC3\xA9", "not a known name");
    // A long text is cut between characters: 79 bytes and a two-byte character end in the ellipsis, not in half of it.
    refuses((std::string(79, 'x') + "\xC3\xA9y").c_str(), "x…'");
}

TEST_CASE("describe() names the facts") {
    const std::string text = describe(named("e4m3fn"));
    for (const char* part : {"name: e4m3fn", "bits: 8", "bias: 7", "max: 0x1.cp+8", "min_subnormal: 0x1p-9",
                             "nan: 0x7F", "infinity: none"}) {
        CHECK_THAT(text, ContainsSubstring(part));
    }
    CHECK_THAT(describe(parse_float_format("e19m3f")), ContainsSubstring("max: 0x1.ep+262144"));
}
