// On every backend: no result depends on the caller's floating-point environment, no operation traps in it, and the caller finds
// its control settings again, also behind an exception.
#include <catch2/catch_test_macros.hpp>

#include <cfenv>
#include <functional>
#include <stdexcept>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include "halfulp/kernels/quantize.hpp"
#include "support/conversion_cases.hpp"

using namespace halfulp;
using namespace halfulp::tests;

namespace {

/// Sets rounding, FTZ and DAZ, and unmasks exceptions; puts back what was there.
class environment {
  public:
    environment(int rounding, bool flush, bool unmasked) : rounding_(rounding) {
        std::fegetenv(&saved_);
        std::fesetround(rounding);
#if defined(__SSE2__)
        if (flush) _mm_setcsr(_mm_getcsr() | 0x8040u);
        if (unmasked) _mm_setcsr(_mm_getcsr() & ~0x1FBFu);  // flags clear first: one that is set would trap
        set_ = control();
#endif
#if defined(__GLIBC__)
        // All five that C knows; the denormal operand's stays with SSE above.
        if (unmasked) {
            std::feclearexcept(FE_ALL_EXCEPT);
            feenableexcept(FE_ALL_EXCEPT);
        }
        enabled_ = fegetexcept();
#endif
#if defined(__SSE2__)
        set_ = control();
#endif
    }
    ~environment() { std::fesetenv(&saved_); }
    environment(const environment&) = delete;
    environment& operator=(const environment&) = delete;

    [[nodiscard]] bool still_set() const {
        bool same = std::fegetround() == rounding_;
#if defined(__SSE2__)
        same = same && control() == set_;
#endif
#if defined(__GLIBC__)
        same = same && fegetexcept() == enabled_;
#endif
        return same;
    }

  private:
#if defined(__SSE2__)
    static unsigned control() { return _mm_getcsr() & ~0x3Fu; }
    unsigned set_ = 0;
#endif
    std::fenv_t saved_{};
    int rounding_;
    int enabled_ = 0;
};

struct named_call {
    std::string name;
    std::function<std::vector<std::uint64_t>()> bits;  ///< everything that the call gives, as bits
};

template <class T>
void append(std::vector<std::uint64_t>& all, const std::vector<T>& some) {
    for (const T& v : some) {
        if constexpr (carrier<T>) {
            all.push_back(to_bits(v));
        } else {
            all.push_back(v);
        }
    }
}

/// Every function on a carrier. Inputs hold subnormals, NaNs of both kinds, infinities and both ends.
template <carrier T>
void add_calls(std::vector<named_call>& calls, int threads, generator& random) {
    const std::string on = std::string(" ") + carrier_name<T>() + " threads " + std::to_string(threads);
    for (const char* name : {"bfloat16", "e4m3fn", "e8m0fnu", "dlfloat16", "e2m1fn", "binary16", "e8m9b141", "e10m30",
                             "e3m3b150f", "binary32", "binary64"}) {
        const float_format f = parse_float_format(name);
        std::vector<T> x = format_edges<T>(f, 60, random);
        x.resize(std::min<std::size_t>(x.size(), 2000));
        constexpr float_format own = carrier_traits<T>::format;
        for (int i = 0; i < 200; ++i) {
            x.push_back(from_bits<T>(random() & (own.sign_mask() | low_ones(own.mantissa_bits))));  // subnormals
            x.push_back(from_bits<T>(random() & own.code_mask()));
            x.push_back(from_bits<T>(own.infinity_magnitude() | 1 | (random() & own.sign_mask())));  // signalling
        }
        for (const rounding_mode mode :
             {rounding_mode::nearest_ties_to_even, rounding_mode::nearest_ties_to_away, rounding_mode::toward_zero,
              rounding_mode::toward_positive, rounding_mode::to_odd, rounding_mode::stochastic_a,
              rounding_mode::stochastic_c}) {
            const projection how{.rounding = mode, .random_bits = 17};
            const randomness source = is_stochastic(mode) ? randomness(random_source{5, 6, 7}) : randomness();
            calls.push_back({"encode " + std::string(name) + " " + describe(how) + on, [=] {
                                 std::vector<std::uint64_t> codes(x.size());
                                 encode(std::span<const T>(x), std::span(codes), f, how, source, threads);
                                 return codes;
                             }});
            if (!holds(own, f)) continue;
            calls.push_back({"round " + std::string(name) + " " + describe(how) + on, [=] {
                                 std::vector<T> y(x.size());
                                 round(std::span<const T>(x), std::span(y), f, how, source, threads);
                                 std::vector<std::uint64_t> all;
                                 append(all, y);
                                 return all;
                             }});
        }
        calls.push_back({"probability_away " + std::string(name) + on, [=] {
                             std::vector<double> p(x.size());
                             probability_away(std::span<const T>(x), std::span(p), f, rounding_mode::stochastic_b, 31,
                                              threads);
                             std::vector<std::uint64_t> all;
                             append(all, p);
                             return all;
                         }});
        if (!holds(own, f)) continue;
        std::vector<std::uint64_t> codes;
        for (int i = 0; i < 1500; ++i) codes.push_back(random() & f.code_mask());
        for (std::uint64_t i = 0; i < 64; ++i) codes.push_back(i & f.code_mask());
        calls.push_back({"decode " + std::string(name) + on, [=] {
                             std::vector<T> y(codes.size());
                             decode(std::span<const std::uint64_t>(codes), std::span(y), f, threads);
                             std::vector<std::uint64_t> all;
                             append(all, y);
                             return all;
                         }});
    }
    for (const char* text : {"mxfp4", "nvfp4", "mxfp8_e5m2", "e3m2fn/16:bfloat16", "e4m3fn/tensor:binary32",
                             "e2m1fn/7:e5m3fnu", "e4m3fn/16:e4m3fn/5:binary16/tensor:binary32", "e2m3fn/9:binary64"}) {
        const scheme s = parse_scheme(text);
        for (const int size : {0, 1, 2}) {
            constexpr float_format own = carrier_traits<T>::format;
            std::vector<T> x;
            for (int i = 0; i < 30 * 32; ++i) {
                // Near 1, subnormal, near the largest; one odd group with NaN, infinity and zeros.
                const std::uint64_t field = size == 0   ? static_cast<std::uint64_t>(own.bias) + random() % 6
                                            : size == 1 ? random() % 2
                                                        : (std::uint64_t{1} << own.exponent_bits) - 2 - random() % 3;
                x.push_back(from_bits<T>((random() & (own.sign_mask() | low_ones(own.mantissa_bits))) |
                                         field << own.mantissa_bits));
            }
            x[40] = from_bits<T>(own.infinity_magnitude() | 1);
            x[100] = from_bits<T>(own.infinity_magnitude() | own.sign_mask());
            for (std::size_t i = 320; i < 352; ++i) x[i] = from_bits<T>(i % 2 == 0 ? 0 : own.sign_mask());
            for (const rounding_mode mode :
                 {rounding_mode::nearest_ties_to_even, rounding_mode::toward_negative, rounding_mode::stochastic_b}) {
                quantize_options options;
                options.rounding = mode;
                options.threads = threads;
                if (is_stochastic(mode)) options.random = random_source{1, 2, 3};
                for (const axis_view view : {axis_view{30, 32, 1}, axis_view{3, 10, 32}}) {
                    const std::string what =
                        std::string(text) + " size " + std::to_string(size) + " " + std::string(to_string(mode)) + on;
                    calls.push_back({"fake_quantize " + what, [=] {
                                         std::vector<T> y(x.size());
                                         const quantize_report report =
                                             fake_quantize(std::span<const T>(x), view, s, std::span(y), options);
                                         std::vector<std::uint64_t> all{report.saturated, report.zero_scales};
                                         append(all, y);
                                         return all;
                                     }});
                    calls.push_back(
                        {"quantize and dequantize " + what, [=] {
                             std::vector<std::uint8_t> codes(x.size());
                             scale_planes scales;
                             const quantize_report report =
                                 quantize(std::span<const T>(x), view, s, std::span(codes), scales, options);
                             std::vector<T> y(x.size());
                             dequantize(std::span<const std::uint8_t>(codes), view, s, scales, std::span(y), threads);
                             std::vector<std::uint64_t> all{report.saturated, report.zero_scales};
                             append(all, codes);
                             for (const auto& plane : scales) append(all, plane);
                             append(all, y);
                             return all;
                         }});
                }
            }
        }
    }
}

std::vector<named_call> every_call(int threads) {
    generator random(501);
    std::vector<named_call> calls;
    add_calls<float16>(calls, threads, random);
    add_calls<bfloat16>(calls, threads, random);
    add_calls<float>(calls, threads, random);
    add_calls<double>(calls, threads, random);
    return calls;
}

struct setting {
    const char* name;
    int rounding;
    bool flush;
    bool unmasked;
};
const setting settings[] = {
    {"upward, FTZ, DAZ", FE_UPWARD, true, false},
    {"downward", FE_DOWNWARD, false, false},
    {"toward zero, FTZ, DAZ", FE_TOWARDZERO, true, false},
    {"nearest, FTZ, DAZ", FE_TONEAREST, true, false},
    {"unmasked exceptions", FE_TONEAREST, false, true},
    {"upward, FTZ, DAZ, unmasked exceptions", FE_UPWARD, true, true},
};

/// `unmasked`: the settings whose exceptions trap, else the others.
void check_settings(int threads, std::size_t every, bool unmasked) {
    const std::vector<named_call> calls = every_call(threads);
    oracle::report out;
    for (const backend b : available_backends()) {
        const forced_backend forced(b);
        for (std::size_t i = 0; i < calls.size(); i += b == backend::scalar ? 7 * every : every) {
            const std::vector<std::uint64_t> calm = calls[i].bits();
            for (const setting& s : settings) {
                if (s.unmasked != unmasked) continue;
                std::vector<std::uint64_t> hostile;
                bool still_set = false;
                {
                    const environment there(s.rounding, s.flush, s.unmasked);
                    hostile = calls[i].bits();
                    still_set = there.still_set();
                }
                out.check(hostile == calm, [&] {
                    std::size_t at = 0;
                    while (at < calm.size() && at < hostile.size() && calm[at] == hostile[at]) ++at;
                    return std::string(to_string(b)) + " " + calls[i].name + " under " + s.name + ": word " +
                           std::to_string(at) + " is " + hex(at < hostile.size() ? hostile[at] : 0) + ", not " +
                           hex(at < calm.size() ? calm[at] : 0);
                });
                out.check(still_set, [&] {
                    return std::string(to_string(b)) + " " + calls[i].name + " changes the environment " + s.name;
                });
            }
        }
    }
    out.conclude();
}

}  // namespace

TEST_CASE("no backend depends on the caller's floating-point environment or changes it") {
    check_settings(1, 5, false);
}

TEST_CASE("no backend traps where the caller has unmasked exceptions") { check_settings(1, 5, true); }

TEST_CASE("no backend's threads depend on the caller's floating-point environment") { check_settings(3, 37, false); }

TEST_CASE("no backend's threads trap where the caller has unmasked exceptions") { check_settings(3, 37, true); }

TEST_CASE("no backend depends on the caller's floating-point environment, every call", "[long]") {
    check_settings(1, 1, false);
    check_settings(1, 1, true);
}

TEST_CASE("the caller's environment is back after an error on every backend") {
    oracle::report out;
    std::vector<float> x(3000, 1.0f);
    x[2500] = from_bits<float>(0x7F800001u);
    const std::vector<std::uint8_t> codes(3000, 77);
    for (const backend b : available_backends()) {
        const forced_backend forced(b);
        for (const setting& s : settings) {
            for (const int threads : {1, 2}) {
                std::vector<float> y(x.size());
                std::vector<std::uint8_t> made(x.size());
                scale_planes scales;
                const float_format e2m1fn = named("e2m1fn");
                const scheme bare{e2m1fn, {}};
                quantize_options raising;
                raising.nan = nan_policy::raise;
                raising.threads = threads;
                const std::function<void()> calls[] = {
                    [&] {
                        round(std::span<const float>(x), std::span(y), e2m1fn, {.nan = nan_policy::raise}, {}, threads);
                    },
                    [&] {
                        encode(std::span<const float>(x), std::span(made), e2m1fn, {.nan = nan_policy::raise}, {},
                               threads);
                    },
                    [&] { decode(std::span<const std::uint8_t>(codes), std::span(y), e2m1fn, threads); },
                    [&] { fake_quantize(std::span<const float>(x), {1, x.size(), 1}, bare, std::span(y), raising); },
                    [&] {
                        quantize(std::span<const float>(x), {1, x.size(), 1}, bare, std::span(made), scales, raising);
                    },
                };
                for (std::size_t i = 0; i < std::size(calls); ++i) {
                    bool thrown = false;
                    bool still_set = false;
                    {
                        const environment there(s.rounding, s.flush, s.unmasked);
                        try {
                            calls[i]();
                        } catch (const std::invalid_argument&) {
                            thrown = true;
                        }
                        still_set = there.still_set();
                    }
                    out.check(thrown && still_set, [&] {
                        return std::string(to_string(b)) + " call " + std::to_string(i) + " under " + s.name +
                               (thrown ? " changes the environment" : " does not throw");
                    });
                }
            }
        }
    }
    out.conclude();
}
