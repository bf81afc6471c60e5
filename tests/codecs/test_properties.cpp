// Laws that need no reference: they hold the library against itself.
#include <cfenv>
#include <limits>
#include <random>

#include "codecs/support/probes.hpp"
#include "codecs/support/shapes.hpp"
#if defined(__SSE2__)
#include <immintrin.h>
#endif

using namespace oracle;
using halfulp::rounding_mode;

namespace {

std::vector<named_format> all_formats() {
    auto all = registered(1, 64);
    for (const auto& f : small_shapes()) all.push_back(f);
    for (const auto& f : wide_shapes())
        if (f.data.exponent_bits <= 15) all.push_back(f);
    return all;
}

/// Ends, edges of the small formats, and numbers at random; with both signs, in ascending order of the real line.
std::vector<double> ascending(const format& f) {
    magnitudes all = ends<double>(f);
    if (f.width() <= 10)
        for (const std::uint64_t bits : edges<double>(f, 0, f.largest())) all.push_back(bits);
    std::mt19937_64 random(6);
    const std::uint64_t low = carrier<double>::floor_bits(f.value(f.smallest_positive()));
    const std::uint64_t high = carrier<double>::floor_bits(f.value(f.largest()));
    for (int i = 0; i < 2000; ++i) all.push_back(low + random() % (high - low + 1));
    tidy(all);
    std::vector<double> values;
    for (auto i = all.rbegin(); i != all.rend(); ++i)
        values.push_back(std::bit_cast<double>(*i | carrier<double>::sign));
    for (const std::uint64_t bits : all) values.push_back(std::bit_cast<double>(bits));
    return values;
}

std::string about(const named_format& f, double x, const halfulp::projection& how) {
    return f.name + " " + describe<double>(std::bit_cast<std::uint64_t>(x)) + " " + oracle::describe(how);
}

/// A place on the line for finite codes: sign and magnitude as one integer.
__extension__ typedef __int128 place_on_line;
place_on_line ordinal(std::uint64_t code, const halfulp::float_format& f) {
    if (!f.is_signed) return code;
    const std::uint64_t sign = std::uint64_t{1} << (f.exponent_bits + f.mantissa_bits);
    return (code & sign) != 0 ? -static_cast<place_on_line>(code ^ sign) : static_cast<place_on_line>(code);
}

rounding_mode mirrored(rounding_mode m) {
    switch (m) {
        case rounding_mode::nearest_ties_up: return rounding_mode::nearest_ties_down;
        case rounding_mode::nearest_ties_down: return rounding_mode::nearest_ties_up;
        case rounding_mode::toward_positive: return rounding_mode::toward_negative;
        case rounding_mode::toward_negative: return rounding_mode::toward_positive;
        default: return m;
    }
}

}  // namespace

TEST_CASE("rounding is monotone in every mode, with one R throughout") {
    report out;
    for (const auto& f : all_formats()) {
        const std::vector<double> inputs = ascending(format(f.data));
        for (const auto& row : halfulp::rounding_modes) {
            const halfulp::projection how{
                .rounding = row.mode, .overflow = halfulp::overflow_policy::sat_finite, .random_bits = 8};
            place_on_line before =
                ordinal(halfulp::encode(-std::numeric_limits<double>::infinity(), f.data, how), f.data);
            for (const double x : inputs) {
                const place_on_line here = ordinal(halfulp::encode(x, f.data, how, 0xa5), f.data);
                out.check(here >= before, [&] { return about(f, x, how); });
                before = here;
            }
        }
    }
    out.conclude();
}

TEST_CASE("round is decode of encode, and rounding a member gives that member, in every mode", "[long]") {
    report out;
    for (const auto& f : all_formats()) {
        const format exact(f.data);
        if (exact.fraction_bits() > 52) continue;  // members that no carrier holds
        const std::vector<double> inputs = ascending(exact);
        for (const auto& row : halfulp::rounding_modes)
            for (const auto overflow : {halfulp::overflow_policy::native, halfulp::overflow_policy::sat_finite}) {
                const halfulp::projection how{.rounding = row.mode, .overflow = overflow, .random_bits = 32};
                for (const double x : inputs) {
                    const std::uint64_t code = halfulp::encode(x, f.data, how, 0x9e3779b9u);
                    if (!carrier<double>::bits_of(exact.decode(code))) continue;
                    const double y = halfulp::round(x, f.data, how, 0x9e3779b9u);
                    const double decoded = halfulp::decode<double>(code, f.data);
                    const double again = halfulp::round(y, f.data, how, 0x7f4a7c15u);
                    const auto bits = [](double v) { return std::bit_cast<std::uint64_t>(v); };
                    const bool nan = y != y;
                    out.check(nan ? decoded != decoded : bits(y) == bits(decoded),
                              [&] { return "decode of encode: " + about(f, x, how); });
                    out.check(nan || bits(again) == bits(y), [&] { return "idempotent: " + about(f, x, how); });
                }
            }
    }
    out.conclude();
}

TEST_CASE("encode of decode gives back every canonical code, in every mode") {
    report out;
    auto formats = registered(1, 16);
    for (const auto& f : small_shapes()) formats.push_back(f);
    for (const auto& f : formats) {
        const format exact(f.data);
        for (std::uint64_t code = 0; code < std::uint64_t{1} << exact.width(); ++code) {
            const number x = exact.decode(code);
            const bool hollow =
                x.is_finite() && is_zero(x.magnitude);  // other codes of zero exist in `_nosub` and DLFloat16
            if (!x.is_finite() || !carrier<double>::bits_of(x)) continue;
            for (const auto& row : halfulp::rounding_modes) {
                const halfulp::projection how{.rounding = row.mode, .random_bits = 1};
                const std::uint64_t back = halfulp::encode(halfulp::decode<double>(code, f.data), f.data, how, 1);
                const std::uint64_t want = !hollow ? code : x.negative ? exact.sign_bit() : 0;
                out.check(back == want, [&] { return f.name + " " + hex(code) + " came back as " + hex(back); });
            }
        }
    }
    out.conclude();
}

TEST_CASE("signed formats round -x to minus what x rounds to, directed modes swapped") {
    report out;
    for (const auto& f : all_formats()) {
        if (!f.data.is_signed) continue;
        const format exact(f.data);
        for (const double x : ascending(exact))
            for (const auto& row : halfulp::rounding_modes) {
                const halfulp::projection how{.rounding = row.mode,
                                              .overflow = halfulp::overflow_policy::sat_propagate};
                halfulp::projection other = how;
                other.rounding = mirrored(row.mode);
                const std::uint64_t a = halfulp::encode(x, f.data, how, 0x12345678u),
                                    b = halfulp::encode(-x, f.data, other, 0x12345678u);
                const bool lone_zero = a == 0 && b == 0 && !exact.has_negative_zero();
                out.check((a ^ b) == exact.sign_bit() || lone_zero, [&] { return about(f, x, how); });
            }
    }
    out.conclude();
}

#if defined(__SSE2__)
TEST_CASE("results do not depend on the host's rounding direction or its flushing of subnormals") {
    report out;
    std::vector<std::uint64_t> calm, changed;
    const auto run = [](std::vector<std::uint64_t>& results) {
        for (const auto& f : registered(1, 16)) {
            for (const double x : ascending(format(f.data)))
                for (const auto mode : {rounding_mode::nearest_ties_to_even, rounding_mode::toward_negative,
                                        rounding_mode::stochastic_c}) {
                    const halfulp::projection how{.rounding = mode};
                    results.push_back(halfulp::encode(x, f.data, how, 77));
                    results.push_back(std::bit_cast<std::uint64_t>(halfulp::round(x, f.data, how, 77)));
                }
            for (std::uint64_t code = 0; code < 1024; ++code)
                results.push_back(std::bit_cast<std::uint32_t>(halfulp::decode<float>(code, f.data)));
        }
    };
    run(calm);
    const unsigned int saved = _mm_getcsr();
    _mm_setcsr(saved | 0x8040u);  // FTZ and DAZ
    std::fesetround(FE_UPWARD);
    run(changed);
    std::fesetround(FE_TONEAREST);
    _mm_setcsr(saved);
    REQUIRE(calm.size() == changed.size());
    for (std::size_t i = 0; i < calm.size(); ++i)
        out.check(calm[i] == changed[i], [&] { return "result " + std::to_string(i); });
    out.conclude();
}
#endif

// The scalar functions are constant expressions in every carrier.
constexpr auto e4m3fn = halfulp::float_format{7, 4, 3, halfulp::specials::fn};
static_assert(halfulp::encode(464.0, e4m3fn) == 0x7e && halfulp::encode(465.0f, e4m3fn) == 0x7f);
static_assert(halfulp::decode<float>(0x7e, e4m3fn) == 448.0f);
static_assert(halfulp::round(3.3, e4m3fn) == 3.25);
static_assert(halfulp::round(halfulp::float16{0x3c01}, e4m3fn).bits == 0x3c00);
static_assert(halfulp::round(halfulp::bfloat16{0x3f81}, e4m3fn).bits == 0x3f80);
static_assert(halfulp::count_away(1.0625, e4m3fn, halfulp::rounding_mode::stochastic_a, 8) == 128);
