// The values that go into codes with scales of their own: exact sums of two terms, faults word by word, and results
// that do not depend on the caller's floating-point environment. Definitions as a whole are judged from Python
// (tests/python/test_lowbit.py).
#include <catch2/catch_test_macros.hpp>

#include <bit>
#include <cfenv>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "halfulp/kernels/binarize.hpp"
#include "halfulp/kernels/choose_fixed_point.hpp"
#include "halfulp/kernels/cluster_adapter.hpp"
#include "halfulp/kernels/faults.hpp"
#include "halfulp/kernels/quantization_noise.hpp"
#include "halfulp/kernels/trained_ternary.hpp"
#include "kernels/lowbit/exact_rounding.hpp"

using namespace halfulp;

namespace {

std::vector<float> samples(std::size_t n) {
    std::mt19937 random(7);
    std::vector<float> x(n);
    for (float& v : x) {
        const auto bits = static_cast<std::uint32_t>(random());
        v = std::bit_cast<float>((bits & 0x807FFFFFu) | (100u + bits % 40u) << 23);
    }
    x[0] = 0.0f;
    x[1] = -0.0f;
    return x;
}

/// Every result of this file's functions, as bits.
std::vector<std::uint64_t> everything(const std::vector<float>& x) {
    std::vector<std::uint64_t> all;
    const auto take = [&all](const auto& values) {
        for (const auto v : values) {
            if constexpr (std::is_floating_point_v<std::decay_t<decltype(v)>>) {
                all.push_back(to_bits(v));
            } else {
                all.push_back(static_cast<std::uint64_t>(v));
            }
        }
    };
    const value_runs runs{x.size(), 50};
    const auto n = static_cast<std::size_t>(runs.count(x.size()));
    std::vector<std::uint8_t> codes(3 * x.size());
    std::vector<float> a(3 * n);
    std::vector<float> b(n);
    std::vector<float> y(x.size());
    const std::span<const float> w(x);
    residual_binarize(w, runs, 3, codes, a);
    residual_values<float>(codes, runs, 3, a, y);
    take(codes);
    take(a);
    take(y);
    codes.resize(x.size());
    a.resize(n);
    take(std::vector{binarize_about_mean(w, runs, codes, a)});
    take(codes);
    encode_trained_ternary(w, runs, {1, 20}, codes, a, b);
    take(codes);
    take(b);
    cluster_encode(w, runs, 3, centroid_kind::median, 1e-5, codes, a, b);
    cluster_decode<float>(codes, runs, 3, centroid_kind::median, a, b, y);
    take(codes);
    take(b);
    take(y);
    add_quantization_noise<float>(w, {1, 400, 1, 50}, 5, noise_kind::uniform, {3, 1, 0}, y);
    take(y);
    const fixed_point_choice choice = choose_fixed_point(w, {.bins = 20});
    take(std::vector{choice.word_length, choice.fraction_length});
    return all;
}

std::string error_of(const auto& call) {
    try {
        call();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "no error";
}

}  // namespace

TEST_CASE("sums of two terms are those of the long accumulator") {
    std::mt19937_64 random(1);
    for (int i = 0; i < 200000; ++i) {
        // Bits of either length, distances at which terms meet, cancel or miss each other.
        const std::uint64_t a = random() >> (random() % 64);
        const std::uint64_t b = (i % 3 == 0 ? a + random() % 3 : random()) >> (random() % 2 * (random() % 64));
        const auto far = static_cast<std::int32_t>(random() % (i % 2 == 0 ? 4 : 300));
        const bool first = (random() & 1) != 0;
        const bool second = (random() & 1) != 0;
        const detail::signed_extended got = detail::add_exactly({first, a, 10}, {second, b, 10 - far});
        exact_sum sum;
        sum.add(first, a, 10);
        sum.add(second, b, 10 - far);
        REQUIRE((got.value.significand == 0 && !got.value.sticky) == sum.is_zero());
        for (const rounding_mode mode : {rounding_mode::nearest_ties_to_even, rounding_mode::toward_zero,
                                         rounding_mode::away_from_zero, rounding_mode::to_odd}) {
            const double expected = detail::rounded<double>(sum.negative(), sum.quotient(1), mode);
            REQUIRE(to_bits(detail::rounded<double>(got.negative, got.value, mode)) == to_bits(expected));
        }
    }
}

TEST_CASE("a code is hit by its first word and its bit chosen by the second") {
    const random_source source{123, 4, 1000};
    const std::vector<std::uint16_t> codes(3000, 0x0AAA);
    std::vector<std::uint16_t> out(codes.size());
    const std::uint64_t mask = 0b1001'0000'0110;
    constexpr int places[] = {1, 2, 8, 11};
    const fault_count count =
        flip_bits<std::uint16_t>(codes, {12, false}, mask, 0.4, fault_kind::one_bit_per_code, source, out);
    std::uint64_t hits = 0;
    for (std::size_t i = 0; i < codes.size(); ++i) {
        const bool hit = source.word(i, 0) < 1717986918u;  // 0.4 × 2^32 = 1717986918.4
        const int place = places[source.word(i, 1) >> 30];
        hits += hit ? 1 : 0;
        REQUIRE(out[i] == (hit ? 0x0AAA ^ (1 << place) : 0x0AAA));
    }
    CHECK(count.codes == hits);
    CHECK(count.bits == hits);
    flip_bits<std::uint16_t>(codes, {12, false}, mask, 0.4, fault_kind::each_bit, source, out);
    for (std::size_t i = 0; i < codes.size(); ++i) {
        int expected = 0x0AAA;
        for (const int place : places) {
            if (source.word(i, static_cast<std::uint32_t>(place)) < 1717986918u) expected ^= 1 << place;
        }
        REQUIRE(out[i] == expected);
    }
}

TEST_CASE("faults refuse what they cannot do") {
    const std::vector<std::uint8_t> codes(4);
    std::vector<std::uint8_t> out(4);
    const auto call = [&](code_bits stand, std::uint64_t mask, double rate, random_source source = {}) {
        return error_of([&] { flip_bits<std::uint8_t>(codes, stand, mask, rate, fault_kind::each_bit, source, out); });
    };
    CHECK(call({8, false}, 255, 1.0) == "no error");
    CHECK(call({9, false}, 255, 1.0).find("width is 9") == 0);
    CHECK(call({0, false}, 255, 1.0).find("width is 0") == 0);
    CHECK(call({4, true}, 16, 1.0).find("mask is 16") == 0);
    CHECK(call({8, false}, 0, 1.0).find("mask is 0") == 0);
    CHECK(call({8, false}, 1, 1.25).find("rate is 1.25") == 0);
    CHECK(call({8, false}, 1, -0.25).find("rate is -0.25") == 0);
    CHECK(call({8, false}, 1, 1.0, {0, 0, ~std::uint64_t{2}}).find("offset") != std::string::npos);
    CHECK(flip_mask(binary16_format, "exponent") == 0x7C00);
    CHECK(error_of([] { flip_mask(binary16_format, "mantissa"); }).find("mask is 'mantissa'") == 0);
}

TEST_CASE("the caller's rounding direction changes no bit, and comes back") {
    const std::vector<float> x = samples(400);
    const std::vector<std::uint64_t> expected = everything(x);
    for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
        std::fesetround(mode);
        const std::vector<std::uint64_t> got = everything(x);
        const int left = std::fegetround();
        std::fesetround(FE_TONEAREST);
        CHECK(got == expected);
        CHECK(left == mode);
    }
}
