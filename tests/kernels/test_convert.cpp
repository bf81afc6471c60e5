// Array round, encode and decode give the scalar definition's bits, whatever the threads, starts, lengths and caller's settings.
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <stdexcept>

#include "halfulp/formats/name.hpp"
#include "halfulp/formats/registry.hpp"
#include "halfulp/kernels/convert.hpp"
#include "hostile_environment.hpp"
#include "samples.hpp"

using namespace halfulp;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

TEMPLATE_TEST_CASE("array conversions equal the scalar definition for every registered format and mode", "", float16,
                   bfloat16, float, double) {
    for (const registered_format& row : registry) {
        const std::vector<TestType> x = tests::samples<TestType>(row.format, 3000, true, 1);
        for (const rounding_mode_row& mode : rounding_modes) {
            for (const int threads : {1, 3}) {
                INFO(row.name << " " << mode.name << " threads " << threads);
                const projection how{.rounding = mode.mode, .random_bits = 11};
                const random_source source{99, 3, 17};
                std::vector<std::uint64_t> codes(x.size());
                encode(std::span<const TestType>(x), std::span(codes), row.format, how, source, threads);
                bool same = true;
                for (std::size_t i = 0; i < x.size(); ++i)
                    same = same && codes[i] == encode(x[i], row.format, how, source.word(i) >> 21);
                CHECK(same);
                if (!holds(carrier_traits<TestType>::format, row.format)) continue;
                std::vector<TestType> y(x.size());
                round(std::span<const TestType>(x), std::span(y), row.format, how, source, threads);
                std::vector<TestType> decoded(x.size());
                decode(std::span<const std::uint64_t>(codes), std::span(decoded), row.format, threads);
                for (std::size_t i = 0; i < x.size(); ++i) {
                    same = same && to_bits(y[i]) == to_bits(round(x[i], row.format, how, source.word(i) >> 21));
                    same = same && to_bits(decoded[i]) == to_bits(y[i]);
                }
                CHECK(same);
            }
        }
    }
}

TEST_CASE("lengths, unaligned starts, working in place and R itself change nothing") {
    const float_format f = named("e4m3fn");
    const std::vector<float> x = tests::samples<float>(f, 5000, true, 2);
    const projection how{.rounding = rounding_mode::stochastic_b, .random_bits = 32};
    std::vector<std::uint32_t> r(x.size());
    fill_words(random_source{5}, 0, 0, r);
    std::vector<float> whole(x.size());
    round(std::span<const float>(x), std::span(whole), f, how, random_source{5});
    for (const std::size_t start : {0u, 1u, 3u, 1023u}) {
        for (const std::size_t length : {0u, 1u, 7u, 1023u, 1024u, 1025u, 3000u}) {
            INFO(start << " " << length);
            std::vector<float> part(x.begin() + static_cast<std::ptrdiff_t>(start),
                                    x.begin() + static_cast<std::ptrdiff_t>(start + length));
            std::vector<float> given = part;
            round(std::span<const float>(part), std::span(part), f, how, random_source{5, 0, start});
            round(std::span<const float>(given), std::span(given), f, how,
                  randomness(std::span<const std::uint32_t>(r).subspan(start, length)));
            for (std::size_t i = 0; i < length; ++i) {
                REQUIRE(to_bits(part[i]) == to_bits(whole[start + i]));
                REQUIRE(to_bits(given[i]) == to_bits(whole[start + i]));
            }
        }
    }
}

TEST_CASE("the caller's rounding mode, FTZ and DAZ neither matter nor change") {
    for (const char* name : {"bfloat16", "e4m3fn", "e8m0fnu", "dlfloat16"}) {
        const float_format f = parse_float_format(name);
        const std::vector<float> x = tests::samples<float>(f, 4000, true, 3);
        std::vector<float> calm(x.size()), hostile(x.size());
        round(std::span<const float>(x), std::span(calm), f);
        bool still_set = false;
        {
            const tests::hostile_environment environment;
            round(std::span<const float>(x), std::span(hostile), f, {}, {}, 2);
            still_set = environment.still_set();
        }
        CHECK(still_set);
        bool same = true;
        for (std::size_t i = 0; i < x.size(); ++i) same = same && to_bits(calm[i]) == to_bits(hostile[i]);
        CHECK(same);
    }
}

TEST_CASE("bad arguments are refused by name before anything is written") {
    const float_format e4m3fn = named("e4m3fn");
    const float_format e2m1fn = named("e2m1fn");
    const std::vector<float> x{1.0f, std::bit_cast<float>(0x7FC00000u)};
    std::vector<float> y{7.0f, 7.0f};
    const std::span<const float> in(x);
    const auto refuses = [&](const char* part, auto&& call) {
        INFO(part);
        CHECK_THROWS_MATCHES(call(), std::invalid_argument, MessageMatches(ContainsSubstring(part)));
        CHECK(y == std::vector<float>{7.0f, 7.0f});
    };
    refuses("out has 1 elements", [&] { round(in, std::span(y).first(1), e4m3fn); });
    refuses("does not hold every value of binary64", [&] { round(in, std::span(y), named("binary64")); });
    refuses("no random bits are given",
            [&] { round(in, std::span(y), e4m3fn, {.rounding = rounding_mode::stochastic_a}); });
    refuses("random_bits is 0", [&] { round(in, std::span(y), e4m3fn, {.random_bits = 0}); });
    refuses("random_bits is 33", [&] { round(in, std::span(y), e4m3fn, {.random_bits = 33}); });
    refuses("threads is 0", [&] { round(in, std::span(y), e4m3fn, {}, {}, 0); });
    refuses("overflow is 'wrap'", [&] { round(in, std::span(y), e4m3fn, {.overflow = overflow_policy::wrap}); });
    refuses("random has 0 elements", [&] {
        round(in, std::span(y), e4m3fn, {.rounding = rounding_mode::stochastic_a},
              randomness(std::span<const std::uint32_t>{}));
    });
    const std::vector<std::uint32_t> r{0, 256};
    refuses("random[1] is 256", [&] {
        round(in, std::span(y), e4m3fn, {.rounding = rounding_mode::stochastic_a, .random_bits = 8},
              randomness(std::span(r)));
    });
    refuses("random has 1 elements", [&] {
        round(in, std::span(y), e4m3fn, {.rounding = rounding_mode::stochastic_a}, randomness(std::span(r).first(1)));
    });
    std::vector<std::uint8_t> codes(2);
    CHECK_THROWS_MATCHES(encode(in, std::span(codes), named("binary16")), std::invalid_argument,
                         MessageMatches(ContainsSubstring("at least 16")));
    CHECK_THROWS_MATCHES(encode(in, std::span(codes), e2m1fn, {.nan = nan_policy::raise}), std::invalid_argument,
                         MessageMatches(ContainsSubstring("x[1] (counted in C order) becomes NaN")));
    CHECK_THROWS_MATCHES(encode(in, std::span(codes), e2m1fn, {.nan = nan_policy::keep}), std::invalid_argument,
                         MessageMatches(ContainsSubstring("'keep'")));
    CHECK_THROWS_MATCHES(encode(in, std::span(codes), e2m1fn, {.overflow = overflow_policy::unbounded}),
                         std::invalid_argument, MessageMatches(ContainsSubstring("'unbounded'")));
    codes = {3, 16};
    CHECK_THROWS_MATCHES(decode(std::span<const std::uint8_t>(codes), std::span(y), e2m1fn), std::invalid_argument,
                         MessageMatches(ContainsSubstring("codes[1] is 16, allowed: 0 to 15")));
}

TEST_CASE("nan='keep' keeps NaN and unbounded goes past the largest") {
    const std::vector<float> x{std::bit_cast<float>(0xFFC00000u), 1e30f, -3e38f};
    std::vector<float> y(3);
    round(std::span<const float>(x), std::span(y), named("e2m1fn"),
          {.rounding = rounding_mode::away_from_zero, .overflow = overflow_policy::unbounded, .nan = nan_policy::keep});
    CHECK(y[0] != y[0]);
    CHECK(y[1] == 0x1p+100f);  // 1e30 lies between 1.5 × 2^99 and 2^100
    CHECK(std::bit_cast<std::uint32_t>(y[2]) == 0xFF800000u);
}
