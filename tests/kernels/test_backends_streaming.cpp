// Stores past the caches, which kernels use for arrays larger than the last-level cache, change no bit. Such a cache can have hundreds of
// megabytes, so this program tells the library that it is small.
#include <catch2/catch_test_macros.hpp>

#if defined(__has_feature)
#define HALFULP_HAS_FEATURE(x) __has_feature(x)
#else
#define HALFULP_HAS_FEATURE(x) 0
#endif
namespace {
constexpr long cache_size = 640 << 10;  // the other tests' arrays are below and above it
}
// A sanitizer's runtime calls sysconf before this function could run.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !HALFULP_HAS_FEATURE(address_sanitizer)
#include <dlfcn.h>
#include <unistd.h>

extern "C" long sysconf(int name) noexcept {
    if (name == _SC_LEVEL3_CACHE_SIZE) return cache_size;
    static const auto next = reinterpret_cast<long (*)(int)>(dlsym(RTLD_NEXT, "sysconf"));
    return next(name);
}
#endif

#include "halfulp/kernels/quantize.hpp"
#include "kernels/streaming.hpp"
#include "support/conversion_cases.hpp"

using namespace halfulp;
using namespace halfulp::tests;

namespace {

constexpr std::size_t count = 240003;

/// Everything in one array: edges of the format, and numbers around them.
template <carrier T>
std::vector<T> many(const float_format& f, generator& random) {
    std::vector<T> x = all_edges<T>(f, random);
    const std::size_t made = x.size();
    while (x.size() < count) x.push_back(x[random() % made]);
    x.resize(count);
    return x;
}

/// Calls fill(out) for starts that are aligned and that are not; all of `want` and nothing around it has to be there.
template <class Out, class Fill, class Input>
void check_starts(const std::vector<Out>& want, std::initializer_list<std::size_t> starts, const std::string& where,
                  oracle::report& out, const Fill& fill, const Input& input) {
    std::vector<Out> y(want.size() + 160);
    Out before{};
    std::memset(&before, 0x77, sizeof before);
    for (const std::size_t start : starts) {
        std::fill(y.begin(), y.end(), before);
        fill(std::span(y).subspan(start, want.size()));
        for (std::size_t i = 0; i < y.size(); ++i) {
            const bool inside = i >= start && i < start + want.size();
            const Out& expected = inside ? want[i - start] : before;
            out.check(std::memcmp(&y[i], &expected, sizeof(Out)) == 0, [&] {
                std::uint64_t got = 0;
                std::uint64_t wanted = 0;
                std::memcpy(&got, &y[i], sizeof(Out));
                std::memcpy(&wanted, &expected, sizeof(Out));
                return where + " start " + std::to_string(start) + ": " + (inside ? "x[" : "outside, [") +
                       std::to_string(static_cast<std::ptrdiff_t>(i) - static_cast<std::ptrdiff_t>(start)) + "] is " +
                       hex(got) + ", not " + hex(wanted) + (inside ? input(i - start) : "");
            });
        }
    }
}

template <carrier T, code_type C>
void check_conversions(const char* name, rounding_mode mode, generator& random, oracle::report& out) {
    const named_shape f{name, parse_float_format(name)};
    const std::vector<T> x = many<T>(f.format, random);
    const std::span<const T> in(x);
    const projection how{.rounding = mode, .random_bits = 19};
    const random_integers r = choose_random<T>(in, f.format, how, random);
    const definition<T> defined(f.format, how);
    std::vector<T> values(count);
    std::vector<T> decoded(count);
    std::vector<C> codes(count);
    const bool held = holds(carrier_traits<T>::format, f.format);
    const auto starts = {std::size_t{0}, std::size_t{1}, std::size_t{16}, std::size_t{61}};
    for (std::size_t i = 0; i < count; ++i) {
        values[i] = from_bits<T>(defined.value(x[i], r.at(i)));
        codes[i] = static_cast<C>(defined.code(x[i], r.at(i)));
        decoded[i] = decode<T>(codes[i], f.format);
    }
    for (const backend b : vector_backends()) {
        const forced_backend forced(b);
        for (const int threads : {1, 3}) {
            const std::string where = std::string(to_string(b)) + " " + carrier_name<T>() + " " + name + " " +
                                      describe(how) + " code bits " + std::to_string(8 * sizeof(C)) + " threads " +
                                      std::to_string(threads);
            const auto input = [&](std::size_t i) {
                return ", x bits " + hex(to_bits(x[i])) + " R=" + hex(r.at(i)) + " code " + hex(codes[i]);
            };
            check_starts<C>(
                codes, starts, "encode " + where, out,
                [&](std::span<C> y) { encode(in, y, f.format, how, r.call, threads); }, input);
            if (!held) continue;
            check_starts<T>(
                values, starts, "round " + where, out,
                [&](std::span<T> y) { round(in, y, f.format, how, r.call, threads); }, input);
            check_starts<T>(
                decoded, starts, "decode " + where, out,
                [&](std::span<T> y) { decode(std::span<const C>(codes), y, f.format, threads); }, input);
        }
    }
}

void need_streaming() {
    if (!detail::worth_streaming(static_cast<std::size_t>(cache_size), 1))
        SKIP("the size of the last-level cache cannot be lowered here");
    REQUIRE(!detail::worth_streaming(1, 1));
}

}  // namespace

TEST_CASE("stores past the caches change no bit of round, encode and decode") {
    need_streaming();
    generator random(701);
    oracle::report out;
    using enum rounding_mode;
    check_conversions<float, std::uint8_t>("e4m3fn", nearest_ties_to_even, random, out);
    check_conversions<float, std::uint8_t>("e2m1fn", to_odd, random, out);
    check_conversions<float, std::uint16_t>("bfloat16", nearest_ties_to_even, random, out);
    check_conversions<float, std::uint16_t>("binary16", stochastic_a, random, out);
    check_conversions<float, std::uint32_t>("tf32", stochastic_c, random, out);
    check_conversions<float, std::uint64_t>("e5m2", toward_negative, random, out);
    check_conversions<float, std::uint8_t>("e8m0fnu", nearest_ties_to_even, random, out);
    check_conversions<double, std::uint8_t>("e4m3fn", nearest_ties_to_even, random, out);
    check_conversions<double, std::uint64_t>("e11m20", stochastic_b, random, out);
    check_conversions<double, std::uint32_t>("binary32", toward_positive, random, out);
    check_conversions<float16, std::uint8_t>("e4m3fn", nearest_ties_to_even, random, out);
    check_conversions<bfloat16, std::uint8_t>("e5m2", nearest_ties_to_away, random, out);
    check_conversions<bfloat16, std::uint16_t>("bfloat16", stochastic_equal, random, out);
    out.conclude();
}

// nan="raise" does a block again, after some of it has been stored past the caches.
TEST_CASE("stores past the caches and a NaN that raises") {
    need_streaming();
    const float_format f = named("e2m1fn");
    for (const backend b : vector_backends()) {
        const forced_backend forced(b);
        for (const std::size_t bad : {std::size_t{0}, std::size_t{17}, std::size_t{32768}, count - 1}) {
            std::vector<float> x(count, 1.5f), y(count);
            x[bad] = from_bits<float>(0x7FC00000u);
            std::string said;
            try {
                round(std::span<const float>(x), std::span(y), f, {.nan = nan_policy::raise});
            } catch (const std::invalid_argument& error) {
                said = error.what();
            }
            INFO(to_string(b) << " " << said);
            CHECK(said.find("x[" + std::to_string(bad) + "]") != std::string::npos);
        }
        std::vector<float> x(count, 1.5f), y(count);
        x[100] =
            from_bits<float>(0x7F800000u);  // an infinity has a result: the block is done again, and nothing raises
        round(std::span<const float>(x), std::span(y), f, {.nan = nan_policy::raise});
        CHECK(y[100] == 6.0f);
        CHECK(std::count(y.begin(), y.end(), 1.5f) == static_cast<std::ptrdiff_t>(count) - 1);
    }
}

TEST_CASE("stores past the caches change no bit of quantize, fake_quantize and dequantize") {
    need_streaming();
    generator random(702);
    oracle::report out;
    for (const char* text : {"mxfp4", "nvfp4", "mxfp8_e4m3", "e4m3fn/128:binary32", "e3m2fn/7:bfloat16", "e4m3fn",
                             "e2m3fn/tensor:binary32"}) {
        const scheme s = parse_scheme(text);
        constexpr std::size_t most = 140003;
        std::vector<float> x(most);
        for (float& v : x) v = from_bits<float>((random() & 0x807FFFFFu) | (118u + random() % 16u) << 23);
        for (std::size_t i = 0; i < 64; ++i)
            x[random() % most] = from_bits<float>(i % 2 == 0 ? 0x7FC00000u : 0x00000003u);
        for (const axis_view view : {axis_view{1, most, 1}, axis_view{53, 2637, 1}, axis_view{1, 2637, 53}}) {
            const std::span<const float> in = std::span<const float>(x).first(view.size());
            for (const rounding_mode mode : {rounding_mode::nearest_ties_to_even, rounding_mode::stochastic_a}) {
                quantize_options options;
                options.rounding = mode;
                if (is_stochastic(mode)) options.random = random_source{3, 1, 2};
                std::vector<float> values(in.size());
                std::vector<std::uint8_t> codes(in.size());
                scale_planes scales;
                {
                    const forced_backend scalar(backend::scalar);
                    fake_quantize(in, view, s, std::span(values), options);
                    quantize(in, view, s, std::span(codes), scales, options);
                }
                for (const backend b : vector_backends()) {
                    const forced_backend forced(b);
                    const int threads = random() % 2 == 0 ? 1 : 3;
                    options.threads = threads;
                    const auto starts = {std::size_t{0}, 1 + random() % 63};
                    const std::string where = std::string(to_string(b)) + " " + text + " view " +
                                              std::to_string(view.length) + " " + std::to_string(view.inner) + " " +
                                              std::string(to_string(mode)) + " threads " + std::to_string(threads);
                    const auto input = [&](std::size_t i) { return ", x bits " + hex(to_bits(in[i])); };
                    check_starts<float>(
                        values, starts, "fake_quantize " + where, out,
                        [&](std::span<float> y) { fake_quantize(in, view, s, y, options); }, input);
                    const auto quantize_and_compare = [&](std::span<std::uint8_t> y) {
                        scale_planes found;
                        quantize(in, view, s, y, found, options);
                        out.check(found == scales, [&] { return "scales " + where; });
                    };
                    check_starts<std::uint8_t>(codes, starts, "quantize " + where, out, quantize_and_compare, input);
                    const auto undo = [&](std::span<float> y) {
                        dequantize(std::span<const std::uint8_t>(codes), view, s, scales, y, threads);
                    };
                    check_starts<float>(values, {1 + random() % 63}, "dequantize " + where, out, undo, input);
                }
            }
        }
    }
    out.conclude();
}
