// Expected errors against antiderivatives in long double, against sums over every block that a small sample can make,
// and against rectangles over the largest magnitude.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "halfulp/analysis/absmax_levels.hpp"
#include "halfulp/analysis/best_levels.hpp"
#include "halfulp/analysis/expected_error.hpp"
#include "halfulp/analysis/rate_bounds.hpp"
#include "halfulp/codecs/any_projector.hpp"
#include "halfulp/kernels/quantize.hpp"

using namespace halfulp;
using Catch::Approx;

namespace {

constexpr long double infinity = std::numeric_limits<long double>::infinity();

/// ∫ x^moment of the normal density, from x on.
long double normal_above(long double x, int moment) {
    if (x == infinity) return 0;
    if (x == -infinity) return moment == 1 ? 0 : 1;
    const long double density = std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi_v<long double>);
    const long double above = std::erfc(x / std::numbers::sqrt2_v<long double>) / 2;
    return moment == 0 ? above : moment == 1 ? density : above + x * density;
}

/// The mean of (x̂ - x)^2 for the nearest of ascending members, by antiderivatives.
long double normal_error(const std::vector<double>& members) {
    long double sum = 0;
    for (std::size_t i = 0; i < members.size(); ++i) {
        const long double c = members[i];
        const long double a = i == 0 ? -infinity : (c + members[i - 1]) / 2;
        const long double b = i + 1 == members.size() ? infinity : (c + members[i + 1]) / 2;
        const auto between = [&](int moment) { return normal_above(a, moment) - normal_above(b, moment); };
        sum += between(2) - 2 * c * between(1) + c * c * between(0);
    }
    return sum;
}

std::vector<double> members_of(const char* name) {
    const format f = parse_format(name);
    std::vector<double> out;
    for (std::uint64_t code = 0; code <= f.max_code(); ++code) {
        const double v = decode<double>(code, f);
        if (std::isfinite(v)) out.push_back(v);
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

double expected_of(const std::string& s, const expected_options& options = {}) {
    return expected_value(parse_scheme(s), density(density_kind::normal), options).squared_error;
}

std::string message_of(const auto& call) {
    try {
        call();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "no error";
}

}  // namespace

TEST_CASE("Errors of formats are those of antiderivatives", "[expected]") {
    for (const char* name : {"e2m1fn", "e2m3fn", "e3m2fn", "e4m3fn", "e5m2", "int4", "uint8", "nf4", "q4.4", "hif8"}) {
        INFO(name);
        // Antiderivatives lose (member / gap)² of 2^-64.
        REQUIRE(expected_of(name) == Approx(static_cast<double>(normal_error(members_of(name)))).epsilon(1e-12));
    }
}

TEST_CASE("Blocks of two, three and four numbers from a sample are all there are", "[expected]") {
    const std::vector<double> sample{-2.75, -0.5, 0.0, 0.375, 1.0, 3.1};
    for (const char* text : {"e2m1fn/4:e8m0fnu", "e2m1fn/3:e4m3fn", "int4s/4:binary16", "nf4/2:binary32",
                             "e1m3b1f/2:microexponent/2:e8m0fnu", "e2m1fn/2:e4m3fn/2:binary32"}) {
        INFO(text);
        const scheme s = parse_scheme(text);
        std::uint64_t length = 1;
        for (const scale_level& level : s.levels) length *= level.group.length;
        std::vector<double> blocks;
        std::uint64_t count = 1;
        for (std::uint64_t i = 0; i < length; ++i) count *= sample.size();
        for (std::uint64_t n = 0; n < count; ++n) {
            for (std::uint64_t i = 0, rest = n; i < length; ++i, rest /= sample.size())
                blocks.push_back(sample[static_cast<std::size_t>(rest % sample.size())]);
        }
        std::vector<double> after(blocks.size());
        fake_quantize(std::span<const double>(blocks), axis_view{count, length, 1}, s, std::span(after), {});
        double squared = 0;
        double error = 0;
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            squared += (after[i] - blocks[i]) * (after[i] - blocks[i]) / static_cast<double>(blocks.size());
            error += (after[i] - blocks[i]) / static_cast<double>(blocks.size());
        }
        const expected_error found = expected_value(s, sample);
        REQUIRE(found.squared_error == Approx(squared).epsilon(1e-12));
        REQUIRE(found.bias == Approx(error).epsilon(1e-12).margin(1e-15));
        REQUIRE_FALSE(found.quadrature);
    }
}

TEST_CASE("MXFP4 by rectangles over the largest magnitude", "[expected]") {
    // No identity of the library's: density of the maximum, mean error of the others below it, its own error.
    const std::vector<double> members = members_of("e2m1fn");
    constexpr int places = 1 << 17;
    double total = 0;
    for (int k = -3; k <= 3; ++k) {
        const double scale = std::ldexp(1.0, k - 2);
        const double top = std::ldexp(2.0, k);
        const double h = top / places;
        double below = 0;
        double inside = 0;
        for (int i = 0; i < places; ++i) {
            const double x = (i + 0.5) * h;
            double nearest = members.back();
            for (const double m : members) {
                if (std::fabs(x / scale - m) < std::fabs(x / scale - nearest)) nearest = m;
            }
            const double e = (x - nearest * scale) * (x - nearest * scale);
            const double p = 2 * std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi) * h;
            below += e * p / 2;
            inside += p / 2;
            if (x >= top / 2) total += p * std::pow(inside, 31) * (31 * below / inside + e);
            below += e * p / 2;
            inside += p / 2;
        }
    }
    REQUIRE(expected_of("mxfp4") == Approx(total).epsilon(1e-8));
}

TEST_CASE("Probabilities, entropies and moments of a format", "[expected]") {
    const expected_error e = expected_value(parse_scheme("int8"), density(density_kind::normal));
    REQUIRE(e.zero == Approx(std::erf(0.5 / std::numbers::sqrt2)).epsilon(1e-14));
    REQUIRE(std::fabs(e.bias) < 1e-15);
    double entropy = 0;
    for (int k = 0; k <= 12; ++k) {
        const auto p = static_cast<double>(normal_above(k - 0.5L, 0) - normal_above(k + 0.5L, 0));
        entropy -= (k == 0 ? 1 : 2) * p * std::log2(p);
    }
    REQUIRE(e.entropy == Approx(entropy).epsilon(1e-12));
    // With one bit of width all numbers but the largest member are beyond it: P(|x| > 1).
    const expected_error signs = expected_value(parse_scheme("pm1"), density(density_kind::normal));
    REQUIRE(signs.saturated == Approx(std::erfc(1 / std::numbers::sqrt2)).epsilon(1e-13));
    REQUIRE(signs.entropy == Approx(1).epsilon(1e-14));
    REQUIRE(signs.zero == 0);
}

TEST_CASE("Densities have mass 1, variance 1 and tails", "[expected]") {
    for (const auto& [kind, nu] : std::vector<std::pair<density_kind, double>>{{density_kind::normal, 0},
                                                                               {density_kind::laplace, 0},
                                                                               {density_kind::uniform, 0},
                                                                               {density_kind::logistic, 0},
                                                                               {density_kind::student_t, 2.1},
                                                                               {density_kind::student_t, 3},
                                                                               {density_kind::student_t, 199},
                                                                               {density_kind::student_t, 201},
                                                                               {density_kind::student_t, 1e6}}) {
        INFO(static_cast<int>(kind) << " " << nu);
        const density of(kind, nu);
        REQUIRE(of.below(of.edges().back()) + of.beyond(false, 0) == Approx(1).epsilon(1e-13));
        REQUIRE(of.below(0) == Approx(0.5).epsilon(1e-13));
        REQUIRE(of.below(of.quantile(0.01)) == Approx(0.01).epsilon(1e-12));
        // A format that makes everything zero leaves the variance: the smallest member above 0 is far away.
        const expected_error e = expected_value(parse_scheme("binary16"), density({{kind, 1, 0, 1e-12, nu}}));
        if (kind != density_kind::student_t || nu > 3) {
            REQUIRE(e.squared_error == Approx(1e-24).epsilon(1e-11));
            REQUIRE(e.zero == Approx(1).epsilon(1e-12));
        }
    }
    const density normal(density_kind::normal);
    REQUIRE(normal.above(10) == Approx(std::erfc(10 / std::numbers::sqrt2) / 2).epsilon(1e-13));
    REQUIRE(normal.below(-20) == Approx(std::erfc(20 / std::numbers::sqrt2) / 2).epsilon(1e-12));
}

TEST_CASE("What no integral gives is refused by name", "[expected]") {
    REQUIRE(message_of([] { expected_of("e2m1fn/32:e8m0fnu@search=mse"); }).find("search=mse") != std::string::npos);
    REQUIRE(message_of([] {
                expected_of("nf4/64:dynamic8/256:binary32@recipe=bitsandbytes,double_quant,flat");
            }).find("double_quant with recipe=bitsandbytes") != std::string::npos);
    REQUIRE(message_of([] { expected_of("ternary/64:binary32"); }).find("means of magnitudes") != std::string::npos);
    REQUIRE(message_of([] { expected_of("nvfp4"); }).starts_with("size is None"));
    REQUIRE(message_of([] { expected_of("int16/32:binary32@zero_point"); }).find("16 bits") != std::string::npos);
    REQUIRE(message_of([] { density(std::vector<density_part>{}); }).starts_with("parts is empty"));
    REQUIRE(message_of([] { density(density_kind::student_t, 2); }).starts_with("nu is 2"));
    REQUIRE(message_of([] { lloyd_max(density(density_kind::normal), 1); }).starts_with("levels is 1"));
    REQUIRE(message_of([] {
                absmax_levels(density(density_kind::normal), 16, 1, 1, absmax_construction::af4, false);
            }).starts_with("block is 1"));
}

TEST_CASE("Lloyd-Max of densities: two ways to the same levels", "[expected]") {
    for (const int levels : {2, 3, 8, 33, 256}) {
        const optimal_levels named = lloyd_max(distribution::laplace, levels);
        const optimal_levels found = lloyd_max(density(density_kind::laplace), levels);
        REQUIRE(found.squared_error == Approx(named.squared_error).epsilon(1e-12));
        for (std::size_t i = 0; i < named.levels.size(); ++i)
            REQUIRE(found.levels[i] == Approx(named.levels[i]).margin(1e-9));
    }
    // Shifted and stretched.
    const optimal_levels moved = lloyd_max(density({{density_kind::normal, 1, 5, 2, 0}}), 4);
    REQUIRE(moved.squared_error == Approx(4 * 0.1174818478).epsilon(1e-9));
    REQUIRE(moved.levels[0] + moved.levels[3] == Approx(10).epsilon(1e-13));
}

TEST_CASE("errors do not depend on the unit where scales have room") {
    // Powers of two move no bit of these scales, so only the order of cut-offs may differ: parts of 1e-12.
    for (const char* s : {"int4/64:binary32@zero_point", "nf4/64:binary32", "int4/16:bfloat16@zero_point"}) {
        const double wanted = expected_value(parse_scheme(s), density(density_kind::normal)).squared_error;
        for (const int exponent : {-90, 90}) {
            const double sigma = std::ldexp(1.0, exponent);
            const density of({{density_kind::normal, 1, 0, sigma, 0}});
            CHECK(expected_value(parse_scheme(s), of).squared_error / (sigma * sigma) == Approx(wanted).epsilon(1e-10));
        }
    }
}

TEST_CASE("scales that count as exact are in the range of their format") {
    const auto of = [](double sigma) { return density({{density_kind::normal, 1, 0, sigma, 0}}); };
    for (const char* s : {"int4/64:binary32@zero_point", "nf4/64:binary32", "nf4_64_dq256", "pm1/64:binary32"}) {
        CHECK_THROWS_AS(expected_value(parse_scheme(s), of(1e-60)), std::invalid_argument);
        CHECK_THROWS_AS(expected_value(parse_scheme(s), of(1e40)), std::invalid_argument);
        CHECK_NOTHROW(expected_value(parse_scheme(s), of(1e-35)));
    }
    CHECK_THROWS_AS(expected_value(parse_scheme("int4/64:binary16@zero_point"), of(1e-6)), std::invalid_argument);
    // Scales that saturate now and then: in the tolerance, as a bound.
    const scheme s = parse_scheme("int4/64:binary16@zero_point");
    const expected_error rare = expected_value(s, of(65504 * 15 / 2 / 6.0));
    CHECK(rare.tolerance > 1e-6 * rare.squared_error);
    CHECK(rare.tolerance < 0.1 * rare.squared_error);
    // A mean that is stored as 0 makes every element 0.
    CHECK(expected_value(parse_scheme("pm1/tensor:binary32"), of(1e-60)).squared_error == Approx(1e-120));
}
