// Lengths, starts, places, threads and sizes of the arrays change no bit on any backend, and nothing outside them is touched.
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <stdexcept>

#include "halfulp/kernels/quantize.hpp"
#include "support/conversion_cases.hpp"
#include "support/guarded.hpp"

using namespace halfulp;
using namespace halfulp::tests;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

namespace {

constexpr std::size_t lengths[] = {0,  1,  2,  3,  4,  5,  7,  8,   9,   12,  15,  16,  17,  24,   31,   32,   33,
                                   47, 48, 63, 64, 65, 95, 96, 127, 128, 129, 255, 257, 511, 1023, 1025, 4097, 20001};

struct call {
    const char* format;
    projection how;
};

/// One of every kind: default, saturating, without NaN, directed with flushing, precision 1, stochastic drawn and given.
const call calls[] = {
    {"e4m3fn", {}},
    {"bfloat16", {}},
    {"e2m1fn", {.rounding = rounding_mode::nearest_ties_to_away}},
    {"e5m2",
     {.rounding = rounding_mode::toward_negative, .overflow = overflow_policy::sat_finite, .ftz = ftz_policy::after}},
    {"e8m0fnu", {.rounding = rounding_mode::to_odd, .overflow = overflow_policy::sat_finite}},
    {"e5m2", {.rounding = rounding_mode::stochastic_a, .random_bits = 13}},
    {"e4m3fn", {.rounding = rounding_mode::stochastic_c}},
};

quantize_options over_threads(int threads) {
    quantize_options options;
    options.threads = threads;
    return options;
}

template <class T>
bool same_bits(std::span<const T> a, std::span<const T> b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
}

/// Does `body` of a guarded copy of the input give `want`, and does it leave everything else alone?
template <class In, class Out, class Body>
bool guarded_call(std::span<const In> in, std::span<const Out> want, std::size_t in_gap, std::size_t out_gap,
                  array_end in_end, array_end out_end, const Body& body) {
    guarded<In> x(in.size(), in_end, in_gap);
    guarded<Out> y(want.size(), out_end, out_gap);
    std::copy(in.begin(), in.end(), x.span().begin());
    body(x.view(), y.span());
    return same_bits<Out>(y.view(), want) && same_bits<In>(x.view(), in) && x.surroundings_untouched() &&
           y.surroundings_untouched();
}

/// All four combinations of ends with gaps drawn anew, for every length.
template <class In, class Out, class Body>
void check_places(std::span<const In> in, std::span<const Out> want, generator& random, const Body& body) {
    for (const array_end in_end : {array_end::front, array_end::back}) {
        for (const array_end out_end : {array_end::front, array_end::back}) {
            // Against the page itself, or 0 to 15 elements away from it; input and output differently.
            const bool tight = random() % 2 == 0;
            const std::size_t in_gap = tight ? 0 : random() % 16;
            const std::size_t out_gap = tight ? 0 : random() % 16;
            INFO("length " << in.size() << " gaps " << in_gap << " " << out_gap << " at the back "
                           << (in_end == array_end::back) << " " << (out_end == array_end::back));
            const bool good = guarded_call<In, Out>(in, want, in_gap, out_gap, in_end, out_end, body);
            if (!good) CHECK(good);
        }
    }
}

}  // namespace

TEMPLATE_TEST_CASE("lengths and starts: round and encode on every backend, nothing outside is touched", "", float16,
                   bfloat16, float, double) {
    generator random(401);
    for (const call& c : calls) {
        const named_shape f{c.format, parse_float_format(c.format)};
        if (!holds(carrier_traits<TestType>::format, f.format)) continue;
        std::vector<TestType> all = format_edges<TestType>(f.format, 300, random);
        while (all.size() < 20001) all.push_back(all[random() % all.size()]);
        const definition<TestType> defined(f.format, c.how);
        for (const backend b : available_backends()) {
            const forced_backend forced(b);
            INFO(to_string(b) << " " << c.format << " " << describe(c.how));
            for (const std::size_t length : lengths) {
                const std::size_t start = random() % (all.size() - length + 1);
                const std::span<const TestType> in = std::span<const TestType>(all).subspan(start, length);
                const random_integers r = choose_random<TestType>(in, f.format, c.how, random);
                std::vector<TestType> want(length);
                std::vector<std::uint16_t> codes(length);
                std::vector<std::uint8_t> bytes(length);
                for (std::size_t i = 0; i < length; ++i) {
                    want[i] = from_bits<TestType>(defined.value(in[i], r.at(i)));
                    codes[i] = static_cast<std::uint16_t>(defined.code(in[i], r.at(i)));
                    bytes[i] = static_cast<std::uint8_t>(codes[i]);
                }
                // R too lies against a page where it is given.
                guarded<std::uint32_t> given(r.r.size(), array_end::back, random() % 2 * (random() % 7));
                std::copy(r.r.begin(), r.r.end(), given.span().begin());
                const randomness source = r.call.from == randomness::kind::given ? randomness(given.view()) : r.call;
                check_places<TestType, TestType>(in, want, random,
                                                 [&](auto x, auto y) { round(x, y, f.format, c.how, source); });
                check_places<TestType, std::uint16_t>(in, codes, random,
                                                      [&](auto x, auto y) { encode(x, y, f.format, c.how, source); });
                if (f.format.bits() <= 8)
                    check_places<TestType, std::uint8_t>(
                        in, bytes, random, [&](auto x, auto y) { encode(x, y, f.format, c.how, source); });
                // In place, away from any vector's alignment.
                std::vector<TestType> shifted(length + 40, from_bits<TestType>(0x1234));
                const std::size_t at = random() % 16;
                std::copy(in.begin(), in.end(), shifted.begin() + static_cast<std::ptrdiff_t>(at));
                const std::span<TestType> place = std::span(shifted).subspan(at, length);
                round(std::span<const TestType>(place), place, f.format, c.how, source);
                bool good = same_bits<TestType>(place, want);
                for (std::size_t i = 0; i < shifted.size(); ++i)
                    good = good && (to_bits(shifted[i]) == 0x1234 || (i >= at && i < at + length));
                INFO("in place, length " << length << " at " << at);
                if (!good) CHECK(good);
            }
        }
    }
}

TEMPLATE_TEST_CASE("lengths and starts: decode on every backend, nothing outside is touched", "", float16, bfloat16,
                   float, double) {
    generator random(402);
    for (const char* name : {"e4m3fn", "e2m1fn", "e5m2fnuz", "e5m3fnu", "e6m5"}) {
        const float_format f = parse_float_format(name);
        if (!holds(carrier_traits<TestType>::format, f)) continue;
        for (const backend b : available_backends()) {
            const forced_backend forced(b);
            INFO(to_string(b) << " " << name);
            for (const std::size_t length : lengths) {
                std::vector<std::uint16_t> codes(length);
                std::vector<std::uint8_t> bytes(length);
                std::vector<TestType> want(length);
                for (std::size_t i = 0; i < length; ++i) {
                    codes[i] = static_cast<std::uint16_t>(random() & f.code_mask());
                    bytes[i] = static_cast<std::uint8_t>(codes[i]);
                    want[i] = decode<TestType>(codes[i], f);
                }
                check_places<std::uint16_t, TestType>(std::span<const std::uint16_t>(codes), want, random,
                                                      [&](auto x, auto y) { decode(x, y, f); });
                if (f.bits() <= 8)
                    check_places<std::uint8_t, TestType>(std::span<const std::uint8_t>(bytes), want, random,
                                                         [&](auto x, auto y) { decode(x, y, f); });
            }
        }
    }
}

TEMPLATE_TEST_CASE("lengths and starts: fake_quantize on every backend, nothing outside is touched", "", float16,
                   bfloat16, float, double) {
    generator random(403);
    for (const char* text : {"mxfp4", "nvfp4", "e4m3fn/7:bfloat16", "e2m3fn/tensor:binary32", "e4m3fn"}) {
        const scheme s = parse_scheme(text);
        for (const rounding_mode mode : {rounding_mode::nearest_ties_to_even, rounding_mode::stochastic_a}) {
            quantize_options options;
            options.rounding = mode;
            if (is_stochastic(mode)) options.random = random_source{9, 1, 5};
            for (const std::size_t length : lengths) {
                std::vector<TestType> in(length);
                const std::size_t inner = length % 3 == 0 && length > 0 ? 3 : 1;
                const axis_view view{1, length / inner, inner};
                for (TestType& v : in) {
                    constexpr float_format own = carrier_traits<TestType>::format;
                    const std::uint64_t field = static_cast<std::uint64_t>(own.bias) + random() % 8 - 4;
                    v = from_bits<TestType>((random() & (own.sign_mask() | low_ones(own.mantissa_bits))) |
                                            field << own.mantissa_bits);
                }
                std::vector<TestType> want(length);
                {
                    const forced_backend scalar(backend::scalar);
                    fake_quantize(std::span<const TestType>(in), view, s, std::span(want), options);
                }
                for (const backend b : available_backends()) {
                    const forced_backend forced(b);
                    if (b == backend::scalar && random() % 8 != 0) continue;
                    INFO(to_string(b) << " " << text << " " << to_string(mode) << " inner " << inner);
                    check_places<TestType, TestType>(std::span<const TestType>(in), want, random,
                                                     [&](auto x, auto y) { fake_quantize(x, view, s, y, options); });
                    std::vector<TestType> place = in;
                    fake_quantize(std::span<const TestType>(place), view, s, std::span(place), options);
                    const bool in_place = same_bits<TestType>(place, want);
                    if (!in_place) CHECK(in_place);
                    std::vector<std::uint8_t> codes(length);
                    scale_planes scales;
                    {
                        const forced_backend scalar(backend::scalar);
                        quantize(std::span<const TestType>(in), view, s, std::span(codes), scales, options);
                    }
                    check_places<TestType, std::uint8_t>(std::span<const TestType>(in), codes, random,
                                                         [&](auto x, auto y) {
                                                             scale_planes found;
                                                             quantize(x, view, s, y, found, options);
                                                             if (found != scales) CHECK(found == scales);
                                                         });
                    check_places<std::uint8_t, TestType>(std::span<const std::uint8_t>(codes), want, random,
                                                         [&](auto x, auto y) { dequantize(x, view, s, scales, y); });
                }
            }
        }
    }
}

TEST_CASE("nothing is done for arrays without elements, whichever extent is 0, on any backend") {
    const float_format e4m3fn = named("e4m3fn");
    for (const backend b : available_backends()) {
        const forced_backend forced(b);
        std::vector<float> none;
        std::vector<std::uint8_t> no_codes;
        round(std::span<const float>(none), std::span(none), e4m3fn);
        encode(std::span<const float>(none), std::span(no_codes), e4m3fn);
        decode(std::span<const std::uint8_t>(no_codes), std::span(none), e4m3fn);
        for (const char* text : {"mxfp4", "nvfp4", "e4m3fn/7:bfloat16", "e2m3fn/tensor:binary32", "e4m3fn"}) {
            const scheme s = parse_scheme(text);
            for (const axis_view view :
                 {axis_view{1, 0, 1}, axis_view{0, 32, 1}, axis_view{3, 0, 2}, axis_view{2, 32, 0}}) {
                INFO(to_string(b) << " " << text << " view " << view.outer << " " << view.length << " " << view.inner);
                scale_planes scales;
                const quantize_report a = quantize(std::span<const float>(none), view, s, std::span(no_codes), scales);
                const quantize_report c = fake_quantize(std::span<const float>(none), view, s, std::span(none));
                dequantize(std::span<const std::uint8_t>(no_codes), view, s, scales, std::span(none));
                CHECK(a.zero_scales + a.saturated + c.zero_scales + c.saturated == 0);
                const std::vector<std::uint64_t> counts = scale_counts(s, view);
                REQUIRE(scales.size() == counts.size());
                for (std::size_t k = 0; k < counts.size(); ++k)  // a tensor's scale is there, and is that of zeros
                    CHECK(scales[k] == std::vector<std::uint64_t>(counts[k], 0));
            }
        }
    }
}

TEMPLATE_TEST_CASE("the number of threads changes no bit on any backend", "", float16, bfloat16, float, double) {
    generator random(404);
    for (const call& c : calls) {
        const named_shape f{c.format, parse_float_format(c.format)};
        if (!holds(carrier_traits<TestType>::format, f.format)) continue;
        std::vector<TestType> x = all_edges<TestType>(f.format, random);
        x.erase(x.end() - 3, x.end());
        const std::span<const TestType> in(x);
        const random_integers r = choose_random<TestType>(in, f.format, c.how, random);
        const definition<TestType> defined(f.format, c.how);
        std::vector<TestType> want(x.size());
        std::vector<std::uint32_t> want_codes(x.size());
        for (std::size_t i = 0; i < x.size(); ++i) {
            want[i] = from_bits<TestType>(defined.value(x[i], r.at(i)));
            want_codes[i] = static_cast<std::uint32_t>(defined.code(x[i], r.at(i)));
        }
        for (const backend b : available_backends()) {
            const forced_backend forced(b);
            for (const int threads : {1, 2, 3, 5}) {
                INFO(to_string(b) << " " << c.format << " " << describe(c.how) << " threads " << threads);
                std::vector<TestType> y(x.size());
                round(in, std::span(y), f.format, c.how, r.call, threads);
                CHECK(same_bits<TestType>(y, want));
                std::vector<std::uint32_t> codes(x.size());
                encode(in, std::span(codes), f.format, c.how, r.call, threads);
                CHECK(same_bits<std::uint32_t>(codes, want_codes));
                std::vector<TestType> decoded(x.size());
                decode(std::span<const std::uint32_t>(codes), std::span(decoded), f.format, threads);
                bool good = true;
                for (std::size_t i = 0; i < x.size(); ++i)
                    good = good && to_bits(decoded[i]) == to_bits(decode<TestType>(want_codes[i], f.format));
                CHECK(good);
            }
        }
    }
}

// A call over part of an array, with the offset of the part, is part of the call over the whole.
TEST_CASE("cutting an array up changes no bit on any backend") {
    generator random(405);
    const float_format f = named("e4m3fn");
    std::vector<float> x = all_edges<float>(f, random);
    for (const std::uint64_t offset : {std::uint64_t{0}, (std::uint64_t{1} << 34) - 30000}) {
        const projection how{.rounding = rounding_mode::stochastic_b, .random_bits = 24};
        const random_source whole{11, 4, offset};
        std::vector<float> want(x.size());
        for (std::size_t i = 0; i < x.size(); ++i) want[i] = round(x[i], f, how, whole.word(i) >> 8);
        for (const backend b : available_backends()) {
            const forced_backend forced(b);
            std::vector<float> y(x.size());
            for (std::size_t at = 0; at < x.size();) {
                const std::size_t n = std::min<std::size_t>(1 + random() % 3000, x.size() - at);
                round(std::span<const float>(x).subspan(at, n), std::span(y).subspan(at, n), f, how,
                      random_source{11, 4, offset + at});
                at += n;
            }
            INFO(to_string(b) << " offset " << offset);
            CHECK(same_bits<float>(y, want));
        }
    }
}

// Beyond any level of cache but the largest machines' last (stores past the caches have tests of their own), over huge pages.
TEST_CASE("arrays of 2^25 elements give the definition's bits on every backend", "[long]") {
    const std::size_t n = (std::size_t{1} << 25) + 37;
    const float_format f = named("e4m3fn");
    const projection how{};
    std::vector<float> x(n + 16);
    for (std::size_t i = 0; i < x.size(); ++i)
        x[i] = from_bits<float>(static_cast<std::uint32_t>(i * 2654435761u + 12345u));
    const std::span<const float> in = std::span<const float>(x).subspan(3, n);
    const definition<float> defined(f, how);
    std::vector<std::uint8_t> want(n);
    for (std::size_t i = 0; i < n; ++i) want[i] = static_cast<std::uint8_t>(defined.code(in[i], 0));
    std::vector<float> y(n + 16);
    std::vector<std::uint8_t> codes(n + 64);
    for (const backend b : vector_backends()) {
        const forced_backend forced(b);
        for (const int threads : {1, 2}) {
            INFO(to_string(b) << " threads " << threads);
            std::fill(y.begin(), y.end(), 77.0f);
            round(in, std::span(y).subspan(5, n), f, how, {}, threads);
            std::size_t wrong = 0;
            for (std::size_t i = 0; i < n; ++i) wrong += to_bits(y[i + 5]) != to_bits(decode<float>(want[i], f));
            for (std::size_t i = 0; i < 5; ++i) wrong += y[i] != 77.0f;
            for (std::size_t i = n + 5; i < y.size(); ++i) wrong += y[i] != 77.0f;
            CHECK(wrong == 0);
            std::fill(codes.begin(), codes.end(), std::uint8_t{0xEE});
            encode(in, std::span(codes).subspan(7, n), f, how, {}, threads);
            CHECK(same_bits<std::uint8_t>(std::span<const std::uint8_t>(codes).subspan(7, n), want));
            CHECK((codes[6] == 0xEE && codes[n + 7] == 0xEE));
            std::fill(y.begin(), y.end(), 77.0f);
            decode(std::span<const std::uint8_t>(want), std::span(y).subspan(1, n), f, threads);
            wrong = 0;
            for (std::size_t i = 0; i < n; ++i) wrong += to_bits(y[i + 1]) != to_bits(decode<float>(want[i], f));
            CHECK(wrong == 0);
            CHECK((y[0] == 77.0f && y[n + 1] == 77.0f));
        }
    }
}

TEST_CASE("large blocks of schemes give the scalar backend's bits on every backend", "[long]") {
    const std::size_t n = (std::size_t{1} << 24) + 32 * 3;
    std::vector<float> x(n);
    for (std::size_t i = 0; i < n; ++i) {
        const auto drawn = static_cast<std::uint32_t>(i * 2654435761u + 7u);
        x[i] = from_bits<float>((drawn & 0x807FFFFFu) | (120u + drawn % 11u) << 23);
    }
    for (const char* text : {"mxfp4", "nvfp4"}) {
        const scheme s = parse_scheme(text);
        std::vector<float> want(n), y(n);
        {
            const forced_backend scalar(backend::scalar);
            fake_quantize(std::span<const float>(x), {n / 32, 32, 1}, s, std::span(want), over_threads(2));
        }
        for (const backend b : vector_backends()) {
            const forced_backend forced(b);
            for (const int threads : {1, 2}) {
                INFO(text << " " << to_string(b) << " threads " << threads);
                std::fill(y.begin(), y.end(), 77.0f);
                fake_quantize(std::span<const float>(x), {n / 32, 32, 1}, s, std::span(y), over_threads(threads));
                CHECK(same_bits<float>(y, want));
            }
        }
    }
}

TEST_CASE("backends are chosen by name, and only those that are available") {
    const std::vector<backend> all = available_backends();
    REQUIRE(!all.empty());
    CHECK(all.front() == backend::scalar);
    CHECK(std::is_sorted(all.begin(), all.end()));  // in the order of preference
    CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
    const backend own = active_backend();
    for (std::size_t i = 0; i < backend_names.size(); ++i) {
        const auto b = static_cast<backend>(i);
        INFO(backend_names[i]);
        if (std::find(all.begin(), all.end(), b) == all.end()) {
            CHECK_THROWS_MATCHES(set_backend(b), std::invalid_argument,
                                 MessageMatches(ContainsSubstring(std::string(backend_names[i]))));
            CHECK_THROWS_AS(parse_backend(backend_names[i]), std::invalid_argument);
            CHECK(active_backend() == own);
            continue;
        }
        CHECK(parse_backend(to_string(b)) == b);
        set_backend(b);
        CHECK(active_backend() == b);
        set_backend(std::nullopt);
        CHECK(active_backend() == own);
    }
    for (const char* name : {"", "avx", "AVX2", "avx512 ", "scalar\n"})
        CHECK_THROWS_AS(parse_backend(name), std::invalid_argument);
}
