// Recipes, searches, transforms, tiles and channels: every backend gives what the scalar one gives. That the scalar one is right is shown
// from Python, against tests/python/recipe_oracle.py.
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <cstring>

#include "halfulp/kernels/quantize.hpp"
#include "support/conversion_cases.hpp"

using namespace halfulp;
using namespace halfulp::tests;

namespace {

const char* const texts[] = {
    "mxfp4@recipe=ceil",
    "mxfp8_e4m3@recipe=even",
    "mxfp6_e3m2@recipe=rceil",
    "e1m3f/32:e8m0fnu@recipe=rceil",
    "mxfp4@recipe=nearest",
    "mxfp8_e5m2@recipe=p3109_maxabs",
    "mxfp8_e4m3@recipe=rceil_fp32",
    "mxfp6_e2m3@recipe=microxcaling_log2",
    "mxfp4@recipe=quark",
    "mxfp4@recipe=llama_cpp",
    "e2m1f/3000:e8m0fnu@recipe=llama_cpp",
    "nvfp4@recipe=nvfp4_te",
    "nvfp4@recipe=four_over_six",
    "mxfp4@search=mse",
    "e2m3f/20:e5m2@search=mse",
    "e2m1f/7x5:e8m0fnu@recipe=ceil",
    "e4m3fn/channel:binary32",
    "e2m1f/3x4:e4m3fn/tensor:binary32",
    "mxfp4@hadamard=8",
    "e2m1f/5x9:e8m0fnu@hadamard=4,signs=3",
};

template <carrier T>
std::vector<T> numbers(std::size_t size, generator& random) {
    constexpr float_format own = carrier_traits<T>::format;
    const projector to(own, {});
    std::normal_distribution<double> normal;
    const int kind = static_cast<int>(random() % 4);
    const double scale = std::ldexp(1.0, static_cast<int>(random() % 40) - 20);
    std::vector<T> x;
    for (std::size_t i = 0; i < size; ++i) {
        double value = normal(random) * scale;
        if (kind == 1 && random() % 3 == 0) value = random() % 2 == 0 ? 0.0 : -0.0;
        if (kind == 2) value = std::ldexp(value, static_cast<int>(random() % 300) - 250);
        if (kind == 3 && random() % 40 == 0) value = random() % 2 == 0 ? INFINITY : NAN;
        x.push_back(to_value<T>(project(value, to)));
    }
    return x;
}

axis_view some_view(generator& random) {
    const std::uint64_t a = 1 + random() % 6;
    const std::uint64_t b = 1 + random() % 90;
    const std::uint64_t c = 1 + random() % 40;
    const std::uint64_t shape[] = {a, b, c};
    return view_of(shape, static_cast<int>(random() % 3), static_cast<int>(random() % 3));
}

template <class V>
bool same(const std::vector<V>& a, const std::vector<V>& b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(V)) == 0);
}

template <carrier T>
struct results {
    std::vector<std::uint8_t> codes;
    scale_planes scales;
    std::vector<T> fake;
    std::vector<T> values;
    std::uint64_t saturated = 0;

    results(std::span<const T> x, const axis_view& view, const scheme& s, const quantize_options& options)
        : codes(x.size()), fake(x.size()), values(x.size()) {
        saturated = quantize(x, view, s, std::span(codes), scales, options).saturated;
        saturated += fake_quantize(x, view, s, std::span(fake), options).saturated;
        dequantize(std::span<const std::uint8_t>(codes), view, s, scales, std::span(values), options.threads);
    }
};

}  // namespace

TEMPLATE_TEST_CASE("every backend follows every recipe as the scalar one does", "", float16, bfloat16, float, double) {
    generator random(611);
    oracle::report out;
    for (const char* text : texts) {
        const scheme s = parse_scheme(text);
        for (int round = 0; round < 6; ++round) {
            const axis_view view = some_view(random);
            const std::vector<TestType> x = numbers<TestType>(view.size(), random);
            quantize_options options;
            options.nan = nan_policy::to_max;
            options.threads = 1 + static_cast<int>(random() % 3);
            if (s.scale_recipe != recipe::llama_cpp && round > 1) {
                options.rounding = rounding_modes[random() % rounding_modes.size()].mode;
                if (is_stochastic(options.rounding)) options.random = random_source{random(), 1, 5};
            }
            std::vector<double> importance(view.length);
            for (double& w : importance) w = static_cast<double>(random() % 8);
            if (s.search != scale_search::none && round % 2 == 1) options.importance = importance;
            set_backend(backend::scalar);
            const results<TestType> want(x, view, s, options);
            for (const backend b : vector_backends()) {
                const forced_backend forced(b);
                const results<TestType> got(x, view, s, options);
                out.check(same(got.codes, want.codes) && got.scales == want.scales && same(got.fake, want.fake) &&
                              same(got.values, want.values) && got.saturated == want.saturated,
                          [&] {
                              return std::string(to_string(b)) + " " + carrier_name<TestType>() + " " + text + " " +
                                     std::string(to_string(options.rounding)) + " round " + std::to_string(round);
                          });
            }
            set_backend(std::nullopt);
        }
    }
    out.conclude();
}

TEST_CASE("tiles and channels are what runs of the rearranged array are") {
    generator random(612);
    const std::uint64_t shape[] = {2, 7, 11};
    const axis_view view = view_of(shape, -1, 1);
    const std::vector<float> x = numbers<float>(view.size(), random);
    const auto one_group = [&](const scheme& s, const std::vector<std::size_t>& members) {
        std::vector<float> group;
        for (const std::size_t i : members) group.push_back(x[i]);
        std::vector<float> out(group.size());
        fake_quantize(std::span<const float>(group), {1, group.size(), 1}, s, std::span(out));
        return out;
    };
    SECTION("tiles of 3 x 4, cut at the ends") {
        std::vector<float> y(x.size());
        fake_quantize(std::span<const float>(x), view, parse_scheme("e2m1f/3x4:bfloat16"), std::span(y));
        for (std::size_t p = 0; p < 2; ++p) {
            for (std::size_t r = 0; r < 7; r += 3) {
                for (std::size_t c = 0; c < 11; c += 4) {
                    std::vector<std::size_t> members;
                    for (std::size_t i = r; i < std::min<std::size_t>(r + 3, 7); ++i) {
                        for (std::size_t j = c; j < std::min<std::size_t>(c + 4, 11); ++j)
                            members.push_back((p * 7 + i) * 11 + j);
                    }
                    const std::vector<float> want = one_group(parse_scheme("e2m1f/12:bfloat16"), members);
                    for (std::size_t k = 0; k < members.size(); ++k) CHECK(y[members[k]] == want[k]);
                }
            }
        }
    }
    SECTION("channels of the middle axis") {
        std::vector<float> y(x.size());
        fake_quantize(std::span<const float>(x), view, parse_scheme("e2m1f/channel:bfloat16"), std::span(y));
        for (std::size_t channel = 0; channel < 7; ++channel) {
            std::vector<std::size_t> members;
            for (std::size_t p = 0; p < 2; ++p) {
                for (std::size_t j = 0; j < 11; ++j) members.push_back((p * 7 + channel) * 11 + j);
            }
            const std::vector<float> want = one_group(parse_scheme("e2m1f/22:bfloat16"), members);
            for (std::size_t k = 0; k < members.size(); ++k) CHECK(y[members[k]] == want[k]);
        }
    }
    SECTION("random words stay with their elements") {
        quantize_options options;
        options.rounding = rounding_mode::stochastic_a;
        options.random = random_source{9, 2, 4};
        std::vector<float> tiles(x.size());
        fake_quantize(std::span<const float>(x), view, parse_scheme("e2m1f/7x11:binary32"), std::span(tiles), options);
        for (std::size_t p = 0; p < 2; ++p) {  // a tile is a whole plane, so its elements are in order
            std::vector<float> plane(77);
            options.random = random_source{9, 2, 4 + p * 77};
            fake_quantize(std::span<const float>(x).subspan(p * 77, 77), {1, 77, 1}, parse_scheme("e2m1f/77:binary32"),
                          std::span(plane), options);
            for (std::size_t i = 0; i < 77; ++i) CHECK(tiles[p * 77 + i] == plane[i]);
        }
    }
    SECTION("errors name the element of the array") {
        std::vector<float> bad = x;
        bad[(1 * 7 + 4) * 11 + 9] = NAN;
        std::vector<float> y(x.size());
        quantize_options options;
        options.nan = nan_policy::raise;
        const scheme s = parse_scheme("e2m1f/3x4:e5m2f");
        try {
            fake_quantize(std::span<const float>(bad), view, s, std::span(y), options);
            FAIL("no error");
        } catch (const std::invalid_argument& error) {
            CHECK(std::string(error.what()).find("x[130]") != std::string::npos);
        }
    }
    SECTION("channels outside need to be first") {
        std::vector<float> y(x.size());
        CHECK_THROWS_AS(fake_quantize(std::span<const float>(x), view, parse_scheme("e2m1f/4:e4m3fn/channel:binary32"),
                                      std::span(y)),
                        std::invalid_argument);
        CHECK(scale_counts(parse_scheme("e2m1f/4:e4m3fn/channel:binary32"), view_of(shape)) ==
              std::vector<std::uint64_t>{42, 2});
    }
}

TEST_CASE("the Hadamard transform keeps lengths, and is undone") {
    generator random(613);
    const std::uint64_t shape[] = {3, 37, 5};
    for (const int axis : {0, 1, 2}) {
        const axis_view view = view_of(shape, axis);
        const std::vector<double> x = numbers<double>(view.size(), random);
        std::vector<double> y(x.size());
        bool finite = true;
        double largest = 0;
        for (const double v : x) {
            finite = finite && std::isfinite(v);
            largest = std::max(largest, std::fabs(v));
        }
        if (!finite) continue;
        // binary64 elements under no scale: what is left is the rounding of the transforms, 2 (log2 N + 1) operations.
        fake_quantize(std::span<const double>(x), view, parse_scheme("binary64@hadamard=2,signs=5"), std::span(y));
        for (std::size_t i = 0; i < x.size(); ++i) CHECK(std::fabs(x[i] - y[i]) <= 8 * 0x1p-52 * largest);
    }
    // One run of 4 with an outlier: +-1/2 everywhere.
    const float spike[] = {0, 0, 1, 0};
    std::vector<std::uint8_t> codes(4);
    scale_planes scales;
    quantize(std::span<const float>(spike), {1, 4, 1}, parse_scheme("e4m3fn@hadamard=4"), std::span(codes), scales);
    for (const std::uint8_t code : codes) CHECK((code & 0x7F) == 0x30);
}
