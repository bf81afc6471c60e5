// decode, fill_words and probability_away on every backend give the bits of the scalar definition.
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "support/conversion_cases.hpp"

using namespace halfulp;
using namespace halfulp::tests;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

namespace {

template <carrier T, code_type C>
void compare_decode(const named_shape& f, std::span<const std::uint64_t> all, oracle::report& out) {
    std::vector<C> codes;
    std::vector<std::uint64_t> want;
    for (const std::uint64_t code : all) {
        codes.push_back(static_cast<C>(code));
        want.push_back(to_bits(decode<T>(code, f.format)));
    }
    std::vector<T> y(codes.size());
    for (const backend b : available_backends()) {
        const forced_backend forced(b);
        std::fill(y.begin(), y.end(), from_bits<T>(0x5A5A));
        decode(std::span<const C>(codes), std::span(y), f.format);
        for (std::size_t i = 0; i < y.size(); ++i) {
            out.check(to_bits(y[i]) == want[i], [&] {
                return "decode from uint" + std::to_string(8 * sizeof(C)) + " " + std::string(to_string(b)) + " " +
                       carrier_name<T>() + " " + f.name + " code " + hex(all[i]) + " got " + hex(to_bits(y[i])) +
                       " want " + hex(want[i]);
            });
        }
    }
}

/// Every code of a format of up to 16 bits; of a wider one the ends, every exponent field and random ones.
std::vector<std::uint64_t> codes_of(const float_format& f, generator& random) {
    std::vector<std::uint64_t> codes;
    if (f.bits() <= 16) {
        for (std::uint64_t c = 0; c <= f.code_mask(); ++c) codes.push_back(c);
        return codes;
    }
    const auto add = [&](std::uint64_t c) {
        for (const std::uint64_t d : {c - 1, c, c + 1}) {
            codes.push_back(d & f.magnitude_mask());
            codes.push_back((d & f.magnitude_mask()) | f.sign_mask());
        }
    };
    for (const std::uint64_t m :
         {std::uint64_t{0}, f.max_magnitude(), f.hidden_bit(), f.magnitude_mask(), f.nan_code()})
        add(m);
    for (int k = 0; k < f.mantissa_bits; ++k) add(std::uint64_t{1} << k);  // subnormals of every size
    const std::uint64_t fields = std::uint64_t{1} << std::min<int>(f.exponent_bits, 12);
    for (std::uint64_t e = 0; e < fields; ++e) {
        add(e << f.mantissa_bits);
        add(e << f.mantissa_bits | (random() & low_ones(f.mantissa_bits)));
    }
    while (codes.size() < 40000) codes.push_back(random() & f.code_mask());
    return codes;
}

}  // namespace

TEMPLATE_TEST_CASE("every backend decodes as defined, every code of every format from every code type", "", float16,
                   bfloat16, float, double) {
    generator random(301);
    oracle::report out;
    std::vector<named_shape> shapes = all_shapes();
    for (int k = 3; k <= 8; ++k) {  // the families whole: each bias that P3109 gives
        for (int p = 1; p <= k; ++p) {
            for (const bool is_signed : {true, false}) {
                if (is_signed && p == k) continue;
                for (const bool extended : {true, false}) {
                    const float_format f = make_p3109(k, p, is_signed, extended);
                    shapes.push_back({to_string(f), f});
                }
            }
        }
    }
    for (const named_shape& f : shapes) {
        if (!holds(carrier_traits<TestType>::format, f.format)) continue;
        const std::vector<std::uint64_t> codes = codes_of(f.format, random);
        const int bits = f.format.bits();
        if (bits <= 8) compare_decode<TestType, std::uint8_t>(f, codes, out);
        if (bits <= 16) compare_decode<TestType, std::uint16_t>(f, codes, out);
        if (bits <= 32) compare_decode<TestType, std::uint32_t>(f, codes, out);
        compare_decode<TestType, std::uint64_t>(f, codes, out);
        // Each special code alone among ordinary ones, farther from the next than any kernel takes at a time.
        std::vector<std::uint64_t> lone;
        const std::uint64_t top = f.format.max_magnitude();
        for (const std::uint64_t m :
             {top, top + 1, top + 2, f.format.magnitude_mask(), f.format.nan_code(), std::uint64_t{0}, std::uint64_t{1},
              f.format.hidden_bit() - 1, f.format.hidden_bit()}) {
            for (const std::uint64_t sign : {std::uint64_t{0}, f.format.sign_mask()}) {
                for (std::uint64_t k = 0, n = 80 + random() % 7; k < n; ++k)
                    lone.push_back((top / 2 + random() % (top / 4 + 1)) | (random() & f.format.sign_mask()));
                lone.push_back(((m & f.format.magnitude_mask()) | sign) & f.format.code_mask());
            }
        }
        if (bits <= 8) compare_decode<TestType, std::uint8_t>(f, lone, out);
        if (bits <= 16) compare_decode<TestType, std::uint16_t>(f, lone, out);
        if (bits <= 32) compare_decode<TestType, std::uint32_t>(f, lone, out);
        compare_decode<TestType, std::uint64_t>(f, lone, out);
    }
    out.conclude();
}

TEMPLATE_TEST_CASE("every backend names the first code with bits above the format's width", "", std::uint8_t,
                   std::uint16_t, std::uint32_t, std::uint64_t) {
    generator random(302);
    for (const char* name : {"e2m1fn", "e3m2fn", "Binary6p3se", "e5m9"}) {
        const float_format f = parse_float_format(name);
        if (f.bits() >= static_cast<int>(8 * sizeof(TestType))) continue;
        for (const backend b : available_backends()) {
            const forced_backend forced(b);
            for (const std::size_t first : {0u, 1u, 7u, 15u, 16u, 31u, 63u, 64u, 1023u, 1025u, 4096u, 5000u}) {
                for (const int threads : {1, 3}) {
                    std::vector<TestType> codes(5001);
                    for (TestType& c : codes) c = static_cast<TestType>(random() & f.code_mask());
                    const std::uint64_t above[] = {f.code_mask() + 1, f.code_mask() + 6,
                                                   std::uint64_t{1} << (8 * sizeof(TestType) - 1)};
                    const auto bad = static_cast<TestType>(above[random() % 3]);
                    codes[first] = bad;
                    codes[first + random() % (codes.size() - first)] = bad;
                    std::vector<float> y(codes.size());
                    INFO(to_string(b) << " " << name << " first " << first << " threads " << threads);
                    const std::string said = "codes[" + std::to_string(first) + "] is " + std::to_string(bad);
                    REQUIRE_THROWS_MATCHES(decode(std::span<const TestType>(codes), std::span(y), f, threads),
                                           std::invalid_argument, MessageMatches(ContainsSubstring(said)));
                }
            }
        }
    }
}

TEST_CASE("every backend draws Philox's words, from any place on") {
    oracle::report out;
    generator random(303);
    for (const std::uint64_t seed : {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{0x0123456789ABCDEF}}) {
        for (const std::uint32_t stream : {0u, 1u, 0xFFFFFFFFu}) {
            for (const std::uint64_t offset :
                 {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{3}, std::uint64_t{7}, (std::uint64_t{1} << 32) - 5,
                  (std::uint64_t{1} << 34) - 5, (std::uint64_t{1} << 34) - 70, ~std::uint64_t{0} - 5000,
                  ~std::uint64_t{0} - 40, ~std::uint64_t{0}}) {
                for (const std::uint64_t first :
                     {std::uint64_t{0}, std::uint64_t{2}, std::uint64_t{5}, std::uint64_t{61}}) {
                    for (const std::uint32_t ordinal : {0u, 1u, 0x80000003u}) {
                        const random_source source{seed, stream, offset};
                        const std::size_t lengths[] = {0, 1, 2, 3, 5, 15, 16, 17, 33, 64, 127, 130, 1025};
                        const std::size_t length = lengths[random() % 13];
                        for (const backend b : available_backends()) {
                            const forced_backend forced(b);
                            std::vector<std::uint32_t> words(length + 32, 0xA5A5A5A5u);
                            fill_words(source, first, ordinal, std::span(words).subspan(16, length));
                            for (std::size_t i = 0; i < words.size(); ++i) {
                                const bool inside = i >= 16 && i < 16 + length;
                                const std::uint32_t want =
                                    inside ? source.word(first + (i - 16), ordinal) : 0xA5A5A5A5u;
                                out.check(words[i] == want, [&] {
                                    return std::string(to_string(b)) + " seed " + hex(seed) + " stream " + hex(stream) +
                                           " offset " + hex(offset) + " first " + hex(first) + " ordinal " +
                                           hex(ordinal) + " length " + std::to_string(length) + " word " +
                                           std::to_string(i) + " (from 16 before) got " + hex(words[i]) + " want " +
                                           hex(want);
                                });
                            }
                        }
                    }
                }
            }
        }
    }
    out.conclude();
}

TEMPLATE_TEST_CASE("every backend gives the exact probability of going away", "", float16, bfloat16, float, double) {
    generator random(304);
    oracle::report out;
    for (const named_shape& f : all_shapes()) {
        std::vector<TestType> x = format_edges<TestType>(f.format, 16, random);
        const std::vector<TestType> prefixes = every_prefix<TestType>(f.format, random);
        for (std::size_t i = 0; i < prefixes.size(); i += 211) x.push_back(prefixes[i]);
        for (int i = 0; i < 3; ++i) {
            const rounding_mode mode = i == 0 ? rounding_mode::stochastic_a : rounding_modes[random() % 15].mode;
            const int bits[] = {1, 2, 8, 24, 31, 32};
            const int n = bits[random() % 6];
            std::vector<double> want;
            for (const TestType v : x) {
                const std::uint64_t magnitude = to_bits(v) & carrier_traits<TestType>::format.magnitude_mask();
                const double exact = static_cast<double>(count_away(v, f.format, mode, n)) / std::exp2(n);
                want.push_back(magnitude > carrier_traits<TestType>::format.infinity_magnitude()
                                   ? std::numeric_limits<double>::quiet_NaN()
                                   : exact);
            }
            for (const backend b : available_backends()) {
                const forced_backend forced(b);
                std::vector<double> p(x.size(), -1.0);
                probability_away(std::span<const TestType>(x), std::span(p), f.format, mode, n);
                for (std::size_t k = 0; k < x.size(); ++k) {
                    const bool good = std::isnan(want[k]) ? std::isnan(p[k]) : to_bits(p[k]) == to_bits(want[k]);
                    out.check(good, [&] {
                        return "probability_away " +
                               about(f, {.rounding = mode, .random_bits = static_cast<std::uint8_t>(n)}, b, x[k], 0) +
                               " got " + std::to_string(p[k]) + " want " + std::to_string(want[k]);
                    });
                }
            }
        }
    }
    out.conclude();
}
