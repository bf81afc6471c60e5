// quantize, dequantize and fake_quantize on every backend: codes, scales of every level, values and counts, against the scalar
// backend at length and against section 2.9 of the contract in exact arithmetic.
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <stdexcept>

#include "support/scheme_cases.hpp"

using namespace halfulp;
using namespace halfulp::tests;

namespace {

/// All that the three functions give, on the backend that is chosen.
template <carrier T, code_type C>
quantized run_as(std::span<const T> x, const axis_view& view, const scheme& s, const quantize_options& options) {
    quantized out;
    if (options.nan != nan_policy::keep) {
        std::vector<C> codes(x.size(), static_cast<C>(0x5A));
        const quantize_report report = quantize(x, view, s, std::span(codes), out.scales, options);
        out.zero_scales = report.zero_scales;
        out.saturated = report.saturated;
        out.codes.assign(codes.begin(), codes.end());
    }
    if (holds(carrier_traits<T>::format, s.element)) {
        std::vector<T> y(x.size(), from_bits<T>(0x5A5A));
        const quantize_report report = fake_quantize(x, view, s, std::span(y), options);
        // Both functions count alike; a difference shows as an absurd count.
        if (options.nan == nan_policy::keep) {
            out.zero_scales = report.zero_scales;
            out.saturated = report.saturated;
        } else if (report.zero_scales != out.zero_scales || report.saturated != out.saturated) {
            out.saturated = 1000000 + report.saturated;
            out.zero_scales = 1000000 + report.zero_scales;
        }
        for (const T v : y) out.values.push_back(to_bits(v));
    }
    return out;
}

template <carrier T>
quantized run(std::span<const T> x, const axis_view& view, const scheme& s, const quantize_options& options) {
    const int bits = s.element.bits();
    if (bits <= 8) return run_as<T, std::uint8_t>(x, view, s, options);
    if (bits <= 16) return run_as<T, std::uint16_t>(x, view, s, options);
    if (bits <= 32) return run_as<T, std::uint32_t>(x, view, s, options);
    return run_as<T, std::uint64_t>(x, view, s, options);
}

void compare_lists(const char* what, const std::string& where, const std::vector<std::uint64_t>& got,
                   const std::vector<std::uint64_t>& want, oracle::report& out, auto&& input) {
    out.check(got.size() == want.size(), [&] {
        return std::string(what) + " " + where + ": " + std::to_string(got.size()) + " of them, not " +
               std::to_string(want.size());
    });
    for (std::size_t i = 0; i < std::min(got.size(), want.size()); ++i) {
        out.check(got[i] == want[i], [&] {
            return std::string(what) + "[" + std::to_string(i) + "] " + where + input(i) + " got " + hex(got[i]) +
                   " want " + hex(want[i]);
        });
    }
}

template <carrier T>
void compare(const quantized& got, const quantized& want, const std::string& where, std::span<const T> x,
             bool with_codes, bool with_values, oracle::report& out) {
    const auto input = [&](std::size_t i) { return " x bits " + hex(to_bits(x[i])); };
    const auto no_input = [](std::size_t) { return std::string(); };
    if (with_codes) {
        out.check(got.scales.size() == want.scales.size(), [&] { return "levels " + where; });
        for (std::size_t k = 0; k < std::min(got.scales.size(), want.scales.size()); ++k)
            compare_lists(("scales[" + std::to_string(k) + "]").c_str(), where, got.scales[k], want.scales[k], out,
                          no_input);
        compare_lists("codes", where, got.codes, want.codes, out, input);
    }
    if (with_values) compare_lists("values", where, got.values, want.values, out, input);
    out.check(got.zero_scales == want.zero_scales, [&] {
        return "zero_scales " + where + " got " + std::to_string(got.zero_scales) + " want " +
               std::to_string(want.zero_scales);
    });
    out.check(got.saturated == want.saturated, [&] {
        return "saturated " + where + " got " + std::to_string(got.saturated) + " want " +
               std::to_string(want.saturated);
    });
}

/// Every backend against the scalar one on a large array, and against exact arithmetic on a small one.
template <carrier T>
void check(const scheme& s, rounding_mode mode, std::size_t large, std::size_t small, generator& random,
           oracle::report& out) {
    const bool held = holds(carrier_traits<T>::format, s.element);
    for (const std::size_t size : {large, small}) {
        if (size == 0) continue;
        const axis_view view = random_view(s, size, random);
        quantize_options options = random_options(mode, random);
        std::vector<T> x = random_array<T>(s, view, random() % 2 == 0, random);
        if (random() % 2 == 0) sharpen(x, s, view, random);
        const std::span<const T> in(x);
        std::vector<std::uint32_t> given;
        if (is_stochastic(mode) && !options.scale_rounding && random() % 2 == 0) {
            for (std::size_t i = 0; i < x.size(); ++i)
                given.push_back(static_cast<std::uint32_t>(random()) >> (32 - options.random_bits));
            options.random = randomness(std::span<const std::uint32_t>(given));
        }
        if (held && random() % 6 == 0) options.nan = nan_policy::keep;
        const bool codes_too = options.nan != nan_policy::keep;
        const bool exact = size == small;
        quantized want;
        if (exact) {
            const exact_scheme<T> defined(s, view);
            want = defined.quantize(in, options);
            out.check(scale_counts(s, view) == defined.counts(),
                      [&] { return "scale_counts " + describe(s, view, options); });
        } else {
            const forced_backend scalar(backend::scalar);
            want = run<T>(in, view, s, options);
        }
        std::vector<backend> backends = vector_backends();
        if (exact && backends.front() != backend::scalar) backends.push_back(backend::scalar);
        for (const backend b : backends) {
            const forced_backend forced(b);
            options.threads = random() % 4 == 0 ? 3 : 1;
            const std::string where = std::string(exact ? "exact " : "") + std::string(to_string(b)) + " " +
                                      carrier_name<T>() + " " + describe(s, view, options);
            compare<T>(run<T>(in, view, s, options), want, where, in, codes_too, held, out);
        }
    }
}

}  // namespace

TEMPLATE_TEST_CASE("every backend quantizes as defined, schemes x modes", "", float16, bfloat16, float, double) {
    generator random(601);
    oracle::report out;
    for (const std::string& text : scheme_texts()) {
        const scheme s = parse_scheme(text);
        std::size_t turn = random() % 3;
        for (const rounding_mode_row& mode : rounding_modes)
            check<TestType>(s, mode.mode, 1000, turn++ % 5 == 0 ? 150 : 0, random, out);
    }
    out.conclude();
}

// The defaults are where fast paths are: nearest-even (and one directed, one stochastic mode) with nothing else asked for.
TEMPLATE_TEST_CASE("every backend quantizes as defined by default", "", float16, bfloat16, float, double) {
    generator random(602);
    oracle::report out;
    for (const std::string& text : scheme_texts()) {
        const scheme s = parse_scheme(text);
        const bool held = holds(carrier_traits<TestType>::format, s.element);
        for (int i = 0; i < 6; ++i) {
            const axis_view view = random_view(s, i == 0 ? 400 : 4000, random);
            std::vector<TestType> x = random_array<TestType>(s, view, i % 3 == 2, random);
            if (i % 2 == 0) sharpen(x, s, view, random);
            const std::span<const TestType> in(x);
            const quantize_options options;
            quantized want;
            if (i == 0) {
                want = exact_scheme<TestType>(s, view).quantize(in, options);
            } else {
                const forced_backend scalar(backend::scalar);
                want = run<TestType>(in, view, s, options);
            }
            for (const backend b : vector_backends()) {
                const forced_backend forced(b);
                compare<TestType>(
                    run<TestType>(in, view, s, options), want,
                    std::string(to_string(b)) + " " + carrier_name<TestType>() + " " + describe(s, view, options), in,
                    true, held, out);
            }
        }
    }
    out.conclude();
}

TEMPLATE_TEST_CASE("every backend quantizes as defined, random schemes", "", float16, bfloat16, float, double) {
    generator random(603);
    oracle::report out;
    for (int i = 0; i < 300; ++i)
        check<TestType>(random_scheme(random), rounding_modes[random() % 15].mode, 3000, i % 4 == 0 ? 300 : 0, random,
                        out);
    out.conclude();
}

// Formats whose bias puts scales where no carrier has numbers, or half of them.
TEMPLATE_TEST_CASE("every backend quantizes as defined, scales out of reach", "", float16, bfloat16, float, double) {
    generator random(605);
    oracle::report out;
    for (const char* element : {"e2m1fn", "e4m3fn", "e5m2", "e4m3b11fnuz", "e3m2b-40fn", "e3m4b90"}) {
        for (const char* scale :
             {"e6m0b1792fnu", "e2m0b873fnu", "e6m0b-1792fnu", "e2m0b130fnu", "e3m0b-118fnu", "e4m0b-90fnu", "e5m2b800",
              "e4m3b-700", "e5m3b140fnu", "e3m2b-122fnu", "e8m0b280fnu"}) {
            const scheme s = parse_scheme(std::string(element) + "/16:" + scale);
            for (const rounding_mode mode :
                 {rounding_mode::nearest_ties_to_even, rounding_mode::toward_negative, rounding_mode::stochastic_a})
                check<TestType>(s, mode, 600, 100, random, out);
        }
    }
    out.conclude();
}

TEMPLATE_TEST_CASE("every backend quantizes as defined, at length", "[long]", float16, bfloat16, float, double) {
    generator random(604);
    oracle::report out;
    for (int i = 0; i < 1500; ++i)
        check<TestType>(random_scheme(random), rounding_modes[random() % 15].mode, 6000, i % 2 == 0 ? 700 : 0, random,
                        out);
    for (const std::string& text : scheme_texts()) {
        for (const rounding_mode_row& mode : rounding_modes)
            check<TestType>(parse_scheme(text), mode.mode, 20000, 500, random, out);
    }
    out.conclude();
}

// Any codes under any scales: negative, zero, infinite and NaN scales among them, which no recipe gives.
TEMPLATE_TEST_CASE("every backend dequantizes any codes and scales as defined", "", float16, bfloat16, float, double) {
    generator random(605);
    oracle::report out;
    std::vector<scheme> schemes;
    for (const std::string& text : scheme_texts()) schemes.push_back(parse_scheme(text));
    for (int i = 0; i < 60; ++i) schemes.push_back(random_scheme(random));
    for (const scheme& s : schemes) {
        for (int i = 0; i < 4; ++i) {
            const axis_view view = random_view(s, i == 0 ? 300 : 1500, random);
            const exact_scheme<TestType> defined(s, view);
            std::vector<std::uint64_t> codes(view.size());
            for (std::uint64_t& c : codes) c = random() & s.element.max_code();
            scale_planes scales;
            for (std::size_t k = 0; k < s.levels.size(); ++k) {
                const float_format& f = s.levels[k].format;
                scales.emplace_back();
                for (std::uint64_t n = 0; n < defined.counts()[k]; ++n) {
                    // Around 1 mostly, or the carrier's range is left at once.
                    const int field = f.bias + static_cast<int>(random() % 20) - 10;
                    const int last = (1 << f.exponent_bits) - 1;
                    std::uint64_t code = static_cast<std::uint64_t>(std::clamp(field, 0, last)) << f.mantissa_bits |
                                         (random() & low_ones(f.mantissa_bits));
                    if (random() % 16 == 0) code = 0;
                    if (i >= 2 || random() % 32 == 0) code = random() & f.code_mask();
                    scales[k].push_back(code & f.code_mask());
                }
            }
            std::vector<std::uint64_t> want;
            if (i % 2 == 0) {
                for (std::uint64_t n = 0; n < codes.size() && n < 150; ++n)
                    want.push_back(defined.value(n, codes[n], scales));
            } else {
                const forced_backend scalar(backend::scalar);
                std::vector<TestType> y(codes.size());
                dequantize(std::span<const std::uint64_t>(codes), view, s, scales, std::span(y));
                for (const TestType v : y) want.push_back(to_bits(v));
            }
            for (const backend b : available_backends()) {
                const forced_backend forced(b);
                const auto compare_as = [&]<class C>(C) {
                    const std::vector<C> narrow(codes.begin(), codes.end());
                    std::vector<TestType> y(codes.size(), from_bits<TestType>(0x5A5A));
                    dequantize(std::span<const C>(narrow), view, s, scales, std::span(y), i == 3 ? 3 : 1);
                    std::vector<std::uint64_t> got;
                    for (const TestType v : y) got.push_back(to_bits(v));
                    got.resize(want.size());
                    compare_lists(
                        "dequantize",
                        std::string(to_string(b)) + " " + carrier_name<TestType>() + " " + describe(s, view, {}), got,
                        want, out, [&](std::size_t n) { return " code " + hex(codes[n]); });
                };
                if (s.element.bits() <= 8) compare_as(std::uint8_t{});
                if (s.element.bits() <= 16 && random() % 2 == 0) compare_as(std::uint16_t{});
                if (s.element.bits() <= 32 && random() % 2 == 0) compare_as(std::uint32_t{});
                if (s.element.bits() > 32 || random() % 2 == 0) compare_as(std::uint64_t{});
            }
        }
    }
    out.conclude();
}

// The words of the error are the scalar backend's whatever the threads. Along the last axis that is the first such element; along others
// the first in the order of the groups.
TEMPLATE_TEST_CASE("every backend raises for the same element", "", float16, float, double) {
    generator random(606);
    constexpr float_format own = carrier_traits<TestType>::format;
    for (const char* text : {"e2m1fn", "e2m1fn/8:e3m2fn", "e2m3fn/tensor:e2m1fn", "e2m1fn/32:e8m0f"}) {
        const scheme s = parse_scheme(text);
        for (const axis_view view : {axis_view{50, 70, 1}, axis_view{1, 70, 50}, axis_view{5, 35, 20}}) {
            for (int i = 0; i < 12; ++i) {
                std::vector<TestType> x = random_array<TestType>(s, view, false, random);
                const std::uint64_t count = 1 + random() % 3;
                for (std::uint64_t k = 0; k < count; ++k)
                    x[random() % x.size()] = from_bits<TestType>(own.infinity_magnitude() | 1);
                const auto said = [&](backend b, bool fake, int threads) {
                    const forced_backend forced(b);
                    quantize_options options;
                    options.nan = nan_policy::raise;
                    options.threads = threads;
                    try {
                        if (fake) {
                            std::vector<TestType> y(x.size());
                            fake_quantize(std::span<const TestType>(x), view, s, std::span(y), options);
                        } else {
                            std::vector<std::uint8_t> codes(x.size());
                            scale_planes scales;
                            quantize(std::span<const TestType>(x), view, s, std::span(codes), scales, options);
                        }
                    } catch (const std::invalid_argument& error) {
                        return std::string(error.what());
                    }
                    return std::string("nothing");
                };
                std::uint64_t first = 0;
                while ((to_bits(x[first]) & own.magnitude_mask()) < own.infinity_magnitude()) ++first;
                for (const backend b : available_backends()) {
                    for (const bool fake : {true, false}) {
                        for (const int threads : {1, 3}) {
                            const std::string words = said(b, fake, threads);
                            INFO(to_string(b)
                                 << " " << text << " view " << view.outer << " " << view.length << " " << view.inner
                                 << " fake " << fake << " threads " << threads << ": " << words);
                            const bool names_first =
                                words.find("x[" + std::to_string(first) + "]") != std::string::npos;
                            CHECK((names_first || view.inner != 1));
                            CHECK(words == said(backend::scalar, fake, 1));
                        }
                    }
                }
            }
        }
    }
}
