#include "halfulp/methods/gptq.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <cmath>

using namespace halfulp;
using Catch::Matchers::WithinRel;

TEST_CASE("two rows by hand", "[methods]") {
    // H = [2 1; 1 2], integers. Row 0 rounds 0.4 to 0 and loses 0.4; the best row 1 then is 0.3 + 0.4 H01 / H11 = 0.5,
    // and with the tie to even 0.5 -> 0; 0.35 becomes 0.55 -> 1.
    const matrix w{{0.4, 0.4}, {0.3, 0.35}};
    const matrix h{{2.0, 1.0}, {1.0, 2.0}};
    gptq_options options;
    options.damping = 0;
    const gptq_result out = gptq(w, h, parse_scheme("int8"), options);
    CHECK(matrix(out.values) == matrix{{0.0, 0.0}, {0.0, 1.0}});
    CHECK(out.codes == std::vector<std::uint64_t>{0, 0, 0, 1});
    // Columns (0.4, 0.3) and (0.4, -0.65): 2 a² + 2 a b + 2 b².
    CHECK_THAT(out.loss, WithinRel((0.32 + 0.24 + 0.18) + (0.32 - 0.52 + 0.845), 1e-12));
    CHECK_THAT(out.nearest_loss, WithinRel((0.32 + 0.24 + 0.18) + (0.32 + 0.28 + 0.245), 1e-12));
    // H = (U + I) D (U + I)ᵀ with D = (2 - 1/2, 2).
    CHECK_THAT(out.feedback_trace, WithinRel(3.5, 1e-12));
    CHECK_THAT(1 / out.reciprocal_condition, WithinRel(3.0, 1e-12));
    CHECK(out.dead.empty());
}

TEST_CASE("act_order begins with the row of the largest moment", "[methods]") {
    const matrix w{{0.4}, {0.45}};
    const matrix h{{1.0, 0.9}, {0.9, 2.0}};
    gptq_options options;
    options.damping = 0;
    options.act_order = true;
    // Row 1 first: 0.45 -> 0; row 0 becomes 0.4 + 0.45 · 0.9 / 1 = 0.805 -> 1.
    CHECK(matrix(gptq(w, h, parse_scheme("int8"), options).values) == matrix{{1.0}, {0.0}});
    options.act_order = false;
    // Row 0 first: 0.4 -> 0; row 1 becomes 0.45 + 0.4 · 0.9 / 2 = 0.63 -> 1.
    CHECK(matrix(gptq(w, h, parse_scheme("int8"), options).values) == matrix{{0.0}, {1.0}});
}

TEST_CASE("a dead channel counts as zero", "[methods]") {
    const matrix w{{5.0, -3.0}, {0.2, 0.6}};
    const matrix h{{0.0, 0.0}, {0.0, 1.0}};
    const gptq_result out = gptq(w, h, parse_scheme("int8"));
    CHECK(out.dead == std::vector<std::size_t>{0});
    CHECK(matrix(out.values) == matrix{{0.0, 0.0}, {0.0, 1.0}});
    CHECK_THAT(out.loss, WithinRel(0.04 + 0.16, 1e-12));
}

TEST_CASE("what gptq refuses", "[methods]") {
    const matrix w{{0.4}, {0.3}};
    const scheme s = parse_scheme("int8");
    const matrix singular{{1.0, 1.0}, {1.0, 1.0}};
    gptq_options options;
    options.damping = 0;
    const gptq_result raised = gptq(w, singular, s, options);
    CHECK(raised.raised == 1);
    CHECK(raised.damping == 1e-8);
    options.raise_damping = false;
    CHECK_THROWS_AS(gptq(w, singular, s, options), std::invalid_argument);
    CHECK_THROWS_AS(gptq(w, matrix{{1.0}}, s), std::invalid_argument);
    CHECK_THROWS_AS(gptq(w, matrix{{1.0, 0.5}, {0.4, 1.0}}, s), std::invalid_argument);
    CHECK_THROWS_AS(gptq(w, matrix{{1.0, 2.0}, {2.0, 1.0}}, s), std::invalid_argument);
    CHECK_THROWS_AS(gptq(w, matrix{{-1.0, 0.0}, {0.0, 1.0}}, s), std::invalid_argument);
    CHECK_THROWS_AS(gptq(matrix{{0.4}, {NAN}}, matrix{{1.0, 0.0}, {0.0, 1.0}}, s), std::invalid_argument);
    options.damping = 1.5;
    CHECK_THROWS_AS(gptq(w, singular, s, options), std::invalid_argument);
    options = {};
    options.lazy_rows = 0;
    CHECK_THROWS_AS(gptq(w, singular, s, options), std::invalid_argument);
}

TEST_CASE("the trace of the error, wide and tall", "[methods]") {
    const matrix h{{2.0, 1.0}, {1.0, 3.0}};
    const matrix tall{{1.0}, {-2.0}};
    CHECK(proxy_loss(tall, h) == 2.0 - 4.0 + 12.0);
    const matrix wide{{1.0, 0.0, 2.0}, {-2.0, 1.0, 0.0}};
    CHECK(proxy_loss(wide, h) == 10.0 + 3.0 + 8.0);
    CHECK_THROWS_AS(proxy_loss(matrix{{1.0}}, h), std::invalid_argument);
}
