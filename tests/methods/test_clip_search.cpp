#include "halfulp/methods/clip_search.hpp"

#include <array>
#include <catch2/catch_test_macros.hpp>

using namespace halfulp;

TEST_CASE("the range that leaves a group the smallest error", "[methods]") {
    // Scales in binary64: 7 / 7 = 1 rounds four numbers of 0.5 to even, 0, an error of 4 · 0.25. Half the range: scale
    // 1/2, the four are exact, and 7 becomes 3.5: 12.25. Squares keep the range; weights that ignore the outlier
    // narrow it.
    const matrix w{{7.0}, {0.5}, {0.5}, {0.5}, {0.5}};
    const scheme s = parse_scheme("int4s/5:binary64");
    clip_options options;
    options.factors = {0.5};
    options.norm = 2;
    clip_result out = clip_search(w, s, options);
    CHECK(out.factors == std::vector<double>{1.0});
    CHECK(matrix(out.values) == matrix{{7.0}, {0.0}, {0.0}, {0.0}, {0.0}});
    const std::array<double, 5> weights{0.0, 1.0, 1.0, 1.0, 1.0};
    options.weights = weights;
    out = clip_search(w, s, options);
    CHECK(out.factors == std::vector<double>{0.5});
    CHECK(matrix(out.values) == matrix{{3.5}, {0.5}, {0.5}, {0.5}, {0.5}});
    CHECK(out.codes == std::vector<std::uint64_t>{7, 1, 1, 1, 1});
    CHECK(out.report.saturated == 1);
    // A norm that hardly weighs large errors narrows it too: 4 · 0.5^0.5 = 2.83 against 3.5^0.5 = 1.87.
    options.weights = {};
    options.norm = 0.5;
    CHECK(clip_search(w, s, options).factors == std::vector<double>{0.5});
}

TEST_CASE("groups choose for themselves under the outer scale of the whole", "[methods]") {
    matrix w = xt::zeros<double>({32, 2});
    for (std::size_t i = 0; i < 32; ++i) {
        for (std::size_t c = 0; c < 2; ++c) w(i, c) = static_cast<double>((i * 7 + c * 3) % 11) - 5.0;
    }
    w(20, 1) = 60;
    const scheme s = parse_scheme("e2m1fn/16:e4m3fn/tensor:binary32");
    clip_options options;
    options.norm = 2;
    for (int i = 1; i < 80; ++i) options.factors.push_back(1 - i / 100.0);
    const clip_result out = clip_search(w, s, options);
    CHECK(out.factors.size() == 4);
    scale_planes plain;
    std::vector<std::uint64_t> codes(w.size());
    const std::array<std::uint64_t, 2> shape{32, 2};
    (void)quantize<double, std::uint64_t>({w.data(), w.size()}, view_of(shape, 0, 1), s, codes, plain);
    CHECK(out.planes[1] == plain[1]);
    std::vector<double> again(w.size());
    dequantize<double, std::uint64_t>(out.codes, view_of(shape, 0, 1), s, out.planes, again);
    CHECK(std::equal(again.begin(), again.end(), out.values.begin()));
    options.threads = 2;
    CHECK(clip_search(w, s, options).codes == out.codes);
}

TEST_CASE("what the search refuses", "[methods]") {
    const matrix w{{1.0}};
    const scheme s = parse_scheme("int4s/5:binary64");
    clip_options options;
    options.factors = {0.0};
    CHECK_THROWS_AS(clip_search(w, s, options), std::invalid_argument);
    options.factors = {0.5};
    options.norm = 0;
    CHECK_THROWS_AS(clip_search(w, s, options), std::invalid_argument);
    options.norm = 2;
    const std::array<double, 2> two{1.0, 1.0};
    options.weights = two;
    CHECK_THROWS_AS(clip_search(w, s, options), std::invalid_argument);
    const std::array<double, 1> negative{-1.0};
    options.weights = negative;
    CHECK_THROWS_AS(clip_search(w, s, options), std::invalid_argument);
}
