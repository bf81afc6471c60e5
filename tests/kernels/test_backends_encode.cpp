// encode on every backend gives the codes of the scalar definition, to every code type, also where no carrier holds the format.
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "halfulp/rounding/presets.hpp"
#include "support/conversion_cases.hpp"

using namespace halfulp;
using namespace halfulp::tests;

namespace {

/// `rounds` times every mode, each time with other policies and other inputs.
template <carrier T>
void check_encoding(int rounds, std::uint64_t thin, unsigned seed) {
    generator random(seed);
    oracle::report out;
    const std::vector<backend> backends = vector_backends();
    for (const named_shape& f : all_shapes()) {
        std::vector<T> x;
        int use = 0;
        for (int i = 0; i < rounds; ++i) {
            for (const rounding_mode_row& mode : rounding_modes) {
                if (use++ % 4 == 0) x = all_edges<T>(f.format, random, thin);
                const projection how = random_policies(mode.mode, f.format, true, true, random);
                const std::span<const T> in(x);
                const int wider = random() % 4 == 0 ? static_cast<int>(1 + random() % 3) : 0;
                compare_encode<T>(f, how, in, choose_random<T>(in, f.format, how, random), backends, wider, out);
            }
        }
    }
    out.conclude();
}

}  // namespace

TEMPLATE_TEST_CASE("every backend encodes as defined, formats x modes with random policies", "", float16, bfloat16,
                   float, double) {
    check_encoding<TestType>(1, 8, 201);
}

TEMPLATE_TEST_CASE("every backend encodes as defined, at length", "[long]", float16, bfloat16, float, double) {
    check_encoding<TestType>(1, 1, 202);
}

TEMPLATE_TEST_CASE("every backend encodes as defined without policies, to every code type", "", float16, bfloat16,
                   float, double) {
    generator random(203);
    oracle::report out;
    const std::vector<backend> backends = vector_backends();
    for (const registered_format& row : registry) {
        const named_shape f{std::string(row.name), row.format};
        const std::vector<TestType> x = all_edges<TestType>(f.format, random);
        const std::span<const TestType> in(x);
        for (const rounding_mode_row& mode : rounding_modes) {
            const projection how{.rounding = mode.mode};
            compare_encode<TestType>(f, how, in, choose_random<TestType>(in, f.format, how, random), backends, 0, out);
        }
        for (int wider = 1; wider < 4; ++wider) compare_encode<TestType>(f, {}, in, {}, backends, wider, out);
    }
    out.conclude();
}

TEMPLATE_TEST_CASE("the scalar backend encodes as defined", "", float16, bfloat16, float, double) {
    generator random(204);
    oracle::report out;
    const std::vector<backend> scalar{backend::scalar};
    for (const named_shape& f : all_shapes()) {
        std::vector<TestType> x = format_edges<TestType>(f.format, 40, random);
        x.resize(std::min<std::size_t>(x.size(), 3000));
        const std::span<const TestType> in(x);
        for (const rounding_mode_row& mode : rounding_modes) {
            const projection how = random_policies(mode.mode, f.format, true, true, random);
            compare_encode<TestType>(f, how, in, choose_random<TestType>(in, f.format, how, random), scalar, 0, out);
        }
    }
    out.conclude();
}

TEMPLATE_TEST_CASE("every backend encodes unusual numbers among ordinary ones as defined", "", float16, bfloat16, float,
                   double) {
    generator random(206);
    oracle::report out;
    const std::vector<backend> backends = vector_backends();
    for (const named_shape& f : all_shapes()) {
        for (const rounding_mode_row& mode : rounding_modes) {
            {
                const bool plain = random() % 2 == 0;
                const std::vector<TestType> x = lone_specials<TestType>(f.format, random);
                const std::span<const TestType> in(x);
                const projection how = plain ? projection{.rounding = mode.mode}
                                             : random_policies(mode.mode, f.format, true, true, random);
                compare_encode<TestType>(f, how, in, choose_random<TestType>(in, f.format, how, random), backends,
                                         static_cast<int>(random() % 2), out);
            }
        }
    }
    out.conclude();
}

TEMPLATE_TEST_CASE("every backend encodes as defined under every preset", "", float16, bfloat16, float, double) {
    generator random(205);
    oracle::report out;
    const std::vector<backend> backends = vector_backends();
    for (const registered_format& row : registry) {
        const named_shape f{std::string(row.name), row.format};
        const std::vector<TestType> x = all_edges<TestType>(f.format, random, 2);
        const std::span<const TestType> in(x);
        for (const projection_preset& preset : projection_presets) {
            for (const rounding_mode mode : {rounding_mode::nearest_ties_to_even, rounding_mode::toward_positive}) {
                projection how = preset_projection(preset.name, row.format, true);
                if (mode != rounding_mode::nearest_ties_to_even) how.rounding = mode;
                if (!row.format.has_nan() && how.nan == nan_policy::raise) how.nan = nan_policy::to_zero;
                compare_encode<TestType>(f, how, in, {}, backends, 0, out);
            }
        }
    }
    out.conclude();
}
