// round on every backend gives the bits of the scalar definition: every format, mode and policy, at every exponent.
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <stdexcept>

#include "halfulp/rounding/presets.hpp"
#include "support/conversion_cases.hpp"

using namespace halfulp;
using namespace halfulp::tests;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

namespace {

template <carrier T>
bool held(const named_shape& f) {
    return holds(carrier_traits<T>::format, f.format);
}

/// `rounds` times every mode, each time with other policies and other inputs.
template <carrier T>
void check_rounding(int rounds, std::uint64_t thin, unsigned seed) {
    generator random(seed);
    oracle::report out;
    const std::vector<backend> backends = vector_backends();
    for (const named_shape& f : all_shapes()) {
        if (!held<T>(f)) continue;
        std::vector<T> x;
        int use = 0;
        for (int i = 0; i < rounds; ++i) {
            for (const rounding_mode_row& mode : rounding_modes) {
                if (use++ % 4 == 0) x = all_edges<T>(f.format, random, thin);
                const projection how = random_policies(mode.mode, f.format, false, true, random);
                const std::span<const T> in(x);
                compare_round<T>(f, how, in, choose_random<T>(in, f.format, how, random), backends, out);
            }
        }
    }
    out.conclude();
}

}  // namespace

TEMPLATE_TEST_CASE("every backend rounds as defined, formats x modes with random policies", "", float16, bfloat16,
                   float, double) {
    check_rounding<TestType>(1, 4, 101);
}

TEMPLATE_TEST_CASE("every backend rounds as defined, at length", "[long]", float16, bfloat16, float, double) {
    check_rounding<TestType>(2, 1, 102);
}

// The default projection is where fast paths are: every mode with native overflow and nothing else, all inputs.
TEMPLATE_TEST_CASE("every backend rounds as defined without policies", "", float16, bfloat16, float, double) {
    generator random(103);
    oracle::report out;
    const std::vector<backend> backends = vector_backends();
    for (const registered_format& row : registry) {
        const named_shape f{std::string(row.name), row.format};
        if (!held<TestType>(f)) continue;
        const std::vector<TestType> x = all_edges<TestType>(f.format, random);
        const std::span<const TestType> in(x);
        for (const rounding_mode_row& mode : rounding_modes) {
            const projection how{.rounding = mode.mode};
            compare_round<TestType>(f, how, in, choose_random<TestType>(in, f.format, how, random), backends, out);
        }
    }
    out.conclude();
}

TEMPLATE_TEST_CASE("the scalar backend rounds as defined", "", float16, bfloat16, float, double) {
    generator random(104);
    oracle::report out;
    const std::vector<backend> scalar{backend::scalar};
    for (const named_shape& f : all_shapes()) {
        if (!held<TestType>(f)) continue;
        std::vector<TestType> x = format_edges<TestType>(f.format, 40, random);
        x.resize(std::min<std::size_t>(x.size(), 3000));
        const std::span<const TestType> in(x);
        for (const rounding_mode_row& mode : rounding_modes) {
            const projection how = random_policies(mode.mode, f.format, false, true, random);
            compare_round<TestType>(f, how, in, choose_random<TestType>(in, f.format, how, random), scalar, out);
        }
    }
    out.conclude();
}

TEMPLATE_TEST_CASE("every backend rounds unusual numbers among ordinary ones as defined", "", float16, bfloat16, float,
                   double) {
    generator random(109);
    oracle::report out;
    const std::vector<backend> backends = vector_backends();
    for (const named_shape& f : all_shapes()) {
        if (!held<TestType>(f)) continue;
        for (const rounding_mode_row& mode : rounding_modes) {
            {
                const bool plain = random() % 2 == 0;
                const std::vector<TestType> x = lone_specials<TestType>(f.format, random);
                const std::span<const TestType> in(x);
                const projection how = plain ? projection{.rounding = mode.mode}
                                             : random_policies(mode.mode, f.format, false, true, random);
                compare_round<TestType>(f, how, in, choose_random<TestType>(in, f.format, how, random), backends, out);
            }
        }
    }
    out.conclude();
}

// Under one format: the full product of modes, overflow, NaN and ftz policies.
TEMPLATE_TEST_CASE("every backend rounds as defined under the full product of policies", "", float16, bfloat16, float,
                   double) {
    generator random(105);
    oracle::report out;
    const std::vector<backend> backends = vector_backends();
    for (const char* name : {"e4m3fn", "e5m2", "e2m1fn", "e4m3fnuz", "e8m0fnu", "e4m3fnu", "Binary8p3ue", "e5m2_nosub",
                             "e5m0f", "dlfloat16", "e8m7"}) {
        const named_shape f{name, parse_float_format(name)};
        if (!held<TestType>(f)) continue;
        // Fewer inputs than elsewhere: edges of the format and a few of every exponent.
        std::vector<TestType> x = format_edges<TestType>(f.format, 24, random);
        const std::vector<TestType> prefixes = every_prefix<TestType>(f.format, random);
        for (std::size_t i = 0; i < prefixes.size(); i += 61) x.push_back(prefixes[i]);
        const std::span<const TestType> in(x);
        for (const rounding_mode_row& mode : rounding_modes) {
            for (const overflow_policy overflow :
                 {overflow_policy::native, overflow_policy::sat_finite, overflow_policy::sat_propagate,
                  overflow_policy::sat_none, overflow_policy::to_nan, overflow_policy::unbounded}) {
                for (const nan_policy nan : {nan_policy::to_max, nan_policy::to_zero, nan_policy::keep}) {
                    for (const ftz_policy ftz : {ftz_policy::none, ftz_policy::before, ftz_policy::after}) {
                        const projection how{.rounding = mode.mode,
                                             .overflow = overflow,
                                             .nan = nan,
                                             .ftz = ftz,
                                             .random_bits = static_cast<std::uint8_t>(1 + random() % 32)};
                        compare_round<TestType>(f, how, in, choose_random<TestType>(in, f.format, how, random),
                                                backends, out);
                    }
                }
            }
        }
    }
    out.conclude();
}

TEMPLATE_TEST_CASE("every backend rounds as defined under every preset", "", float16, bfloat16, float, double) {
    generator random(106);
    oracle::report out;
    const std::vector<backend> backends = vector_backends();
    for (const registered_format& row : registry) {
        const named_shape f{std::string(row.name), row.format};
        if (!held<TestType>(f)) continue;
        std::vector<TestType> x = all_edges<TestType>(f.format, random, 4);
        for (const projection_preset& preset : projection_presets) {
            for (const rounding_mode mode : {rounding_mode::nearest_ties_to_even, rounding_mode::toward_zero,
                                             rounding_mode::toward_positive, rounding_mode::stochastic_b}) {
                projection how = preset_projection(preset.name, row.format, true);
                // The preset's own rounding first; ptx_satfinite into E8M0 has none.
                if (mode != rounding_mode::nearest_ties_to_even) how.rounding = mode;
                if (!row.format.has_nan() && how.nan == nan_policy::raise) how.nan = nan_policy::to_max;
                const std::span<const TestType> in(x);
                compare_round<TestType>(f, how, in, choose_random<TestType>(in, f.format, how, random), backends, out);
            }
        }
    }
    out.conclude();
}

// Every float16 and bfloat16 is covered above; here float32's and float64's tails, many more of them for some formats.
TEMPLATE_TEST_CASE("every backend rounds every prefix with many tails", "[long]", float, double) {
    constexpr int width = carrier_traits<TestType>::format.bits() - 16;
    generator random(107);
    oracle::report out;
    const std::vector<backend> backends = vector_backends();
    for (const char* name : {"e4m3fn", "bfloat16", "binary16", "e5m2", "tf32", "e8m0fnu", "e8m9b141"}) {
        const named_shape f{name, parse_float_format(name)};
        std::vector<std::uint64_t> edges =
            tails(width, carrier_traits<TestType>::format.mantissa_bits, f.format.mantissa_bits);
        std::sort(edges.begin(), edges.end());
        edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
        for (const std::uint64_t tail : edges) {
            if (width > 16 && random() % 3 != 0) continue;
            std::vector<TestType> x;
            for (std::uint64_t i = 0; i < 0x10000; ++i) x.push_back(from_bits<TestType>(i << width | tail));
            const std::span<const TestType> in(x);
            const rounding_mode mode = rounding_modes[random() % rounding_modes.size()].mode;
            const projection how = random_policies(mode, f.format, false, true, random);
            compare_round<TestType>(f, how, in, choose_random<TestType>(in, f.format, how, random), backends, out);
            const projection plain{};
            compare_round<TestType>(f, plain, in, {}, backends, out);
        }
    }
    out.conclude();
}

// nan="raise" names the first element that has no result, wherever it lies in a vector, in the rest after the last whole one, and
// among threads.
TEMPLATE_TEST_CASE("every backend names the first x that becomes NaN", "", float16, bfloat16, float, double) {
    generator random(108);
    constexpr float_format own = carrier_traits<TestType>::format;
    struct raising {
        const char* format;
        projection how;
        double culprit;  // 0: a NaN of the carrier
    };
    std::vector<raising> cases;
    for (const rounding_mode mode :
         {rounding_mode::nearest_ties_to_even, rounding_mode::toward_positive, rounding_mode::stochastic_a}) {
        cases.push_back({"e2m1fn", {.rounding = mode, .nan = nan_policy::raise}, 0});
        cases.push_back(
            {"e2m3fn", {.rounding = mode, .overflow = overflow_policy::to_nan, .nan = nan_policy::raise}, 9});
        cases.push_back(
            {"e2m2fu", {.rounding = mode, .overflow = overflow_policy::to_nan, .nan = nan_policy::raise}, -3});
        cases.push_back({"e2m2fu", {.rounding = mode, .nan = nan_policy::raise}, 0});
    }
    cases.push_back({"e2m2fu", {.overflow = overflow_policy::sat_none, .nan = nan_policy::raise}, -3});
    for (const raising& c : cases) {
        const float_format f = parse_float_format(c.format);
        std::vector<TestType> good;
        while (good.size() < 5000) {
            const std::uint64_t magnitude = to_bits(decode<TestType>(random() % (f.max_magnitude() + 1), f));
            const std::uint64_t bits =
                (magnitude & own.magnitude_mask()) | (f.is_signed ? random() & own.sign_mask() : 0);
            good.push_back(from_bits<TestType>(bits));
        }
        const projector exactly(own, {});
        const auto value = static_cast<std::uint64_t>(c.culprit < 0 ? -c.culprit : c.culprit);
        const TestType bad = c.culprit == 0 ? from_bits<TestType>(own.nan_code() | (random() & own.sign_mask()))
                                            : to_value<TestType>(exactly.finite(c.culprit < 0, value, 0, false, 0));
        const randomness source = is_stochastic(c.how.rounding) ? randomness(random_source{3}) : randomness();
        for (const backend b : available_backends()) {
            const forced_backend forced(b);
            for (const std::size_t first :
                 {0u, 1u, 2u, 7u, 8u, 15u, 16u, 31u, 33u, 63u, 64u, 1000u, 1023u, 1024u, 4095u, 4097u, 4990u, 4999u}) {
                for (const int threads : {1, 3}) {
                    std::vector<TestType> x = good;
                    x[first] = bad;
                    for (int more = 0; more < 3; ++more) x[first + random() % (x.size() - first)] = bad;
                    std::vector<TestType> y(x.size());
                    INFO(to_string(b) << " " << c.format << " " << describe(c.how) << " first " << first << " threads "
                                      << threads);
                    const std::string said = "x[" + std::to_string(first) + "] (counted in C order) becomes NaN";
                    REQUIRE_THROWS_MATCHES(round(std::span<const TestType>(x), std::span(y), f, c.how, source, threads),
                                           std::invalid_argument, MessageMatches(ContainsSubstring(said)));
                    std::vector<std::uint8_t> codes(x.size());
                    REQUIRE_THROWS_MATCHES(
                        encode(std::span<const TestType>(x), std::span(codes), f, c.how, source, threads),
                        std::invalid_argument, MessageMatches(ContainsSubstring(said)));
                }
            }
            // In place, where what was read may be gone when the definition takes over: the NaN still raises, and an infinity that has a
            // result, which the kernels leave to the definition too, gets that result.
            for (const std::size_t first : {0u, 9u, 1500u, 4999u}) {
                std::vector<TestType> x = good;
                x[first] = bad;
                INFO("in place, " << to_string(b) << " " << c.format << " " << describe(c.how) << " first " << first);
                REQUIRE_THROWS_MATCHES(
                    round(std::span<const TestType>(x), std::span(x), f, c.how, source), std::invalid_argument,
                    MessageMatches(ContainsSubstring("x[" + std::to_string(first) + "] (counted in C order)")));
                x = good;
                x[first] = from_bits<TestType>(own.infinity_magnitude());
                if (definition<TestType>(f, c.how).raises(x[first], 0)) continue;
                std::vector<TestType> want = x;
                // Inexact numbers beside it, so that rounding a result again would not go unnoticed under stochastic modes.
                for (std::size_t i = first < 20 ? 20 : first - 20; i < std::min(first + 200, x.size()); ++i) {
                    if (i != first) x[i] = from_bits<TestType>(to_bits(x[i]) + 1);
                }
                want = x;
                for (std::size_t i = 0; i < x.size(); ++i) {
                    const std::uint32_t r = is_stochastic(c.how.rounding) ? random_source{3}.word(i) : 0;
                    if (definition<TestType>(f, c.how).raises(x[i], r)) x[i] = want[i] = good[i];
                    want[i] = round(x[i], f, c.how, r);
                }
                round(std::span<const TestType>(x), std::span(x), f, c.how, source);
                bool same = true;
                for (std::size_t i = 0; i < x.size(); ++i) same = same && to_bits(x[i]) == to_bits(want[i]);
                REQUIRE(same);
            }
            // And nothing is raised where nothing becomes NaN.
            std::vector<TestType> y(good.size());
            REQUIRE_NOTHROW(round(std::span<const TestType>(good), std::span(y), f, c.how, source));
        }
    }
}
