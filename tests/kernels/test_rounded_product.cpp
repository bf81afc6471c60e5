// Matrix products by the vector kernels against the definition, sum by sum: formats of every engine, the modes that they cover and some that they leave to the
// definition, overflow on the way, zeros of both signs, infinities and NaNs, sizes around the vectors'.
#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "halfulp/kernels/matmul.hpp"
#include "hostile_environment.hpp"
#include "support/backends.hpp"

namespace halfulp::tests {
namespace {

struct inputs {
    product_shape shape;
    std::vector<float> a, b, c;
};

std::vector<float> members(std::size_t size, const format& f, double spread, std::mt19937& draw) {
    std::normal_distribution<double> normal(0.0, spread);
    std::vector<float> out(size);
    for (float& x : out) x = static_cast<float>(normal(draw));
    projection how;
    how.overflow = overflow_policy::sat_finite;
    round(std::span<const float>(out), std::span(out), f, how);
    return out;
}

inputs some(const product_shape& shape, const format& f, double spread, std::mt19937& draw) {
    return {shape, members(shape.rows * shape.inner, f, spread, draw),
            members(shape.inner * shape.columns, f, spread, draw),
            members(shape.rows * shape.columns, f, spread, draw)};
}

std::vector<float> product(const inputs& x, const format& f, const accumulator& by, const projection& how,
                           const randomness& random = {}, int threads = 1) {
    std::vector<float> out(x.shape.rows * x.shape.columns);
    const auto values = [](const std::vector<float>& v) { return operand_array::values(std::span<const float>(v)); };
    matmul(values(x.a), values(x.b), values(x.c), result_array::values(std::span(out)), x.shape, by, f, how, random, {},
           threads);
    return out;
}

/// Every vector backend against the scalar one.
void compare_backends(const inputs& x, const format& f, std::string_view accumulate, const projection& how,
                      const randomness& random = {}) {
    const accumulator by = named_accumulator(accumulate, f, how);
    std::vector<float> expected;
    {
        const forced_backend scalar(backend::scalar);
        expected = product(x, f, by, how, random);
    }
    for (const backend b : vector_backends()) {
        const forced_backend forced(b);
        const std::vector<float> got = product(x, f, by, how, random);
        for (std::size_t i = 0; i < got.size(); ++i) {
            if (std::bit_cast<std::uint32_t>(got[i]) == std::bit_cast<std::uint32_t>(expected[i])) continue;
            FAIL(to_string(b) << " " << to_string(f) << " " << accumulate << " " << describe(how) << ": element " << i
                              << " is " << got[i] << ", by the definition " << expected[i]);
        }
    }
    SUCCEED();
}

constexpr std::array<rounding_mode, 6> modes{
    rounding_mode::nearest_ties_to_even, rounding_mode::toward_zero, rounding_mode::toward_positive,
    rounding_mode::toward_negative,      rounding_mode::to_odd,      rounding_mode::nearest_ties_to_away};

}  // namespace

TEST_CASE("products with every sum rounded are the definition's in every engine") {
    std::mt19937 draw(20251123);
    for (const char* name : {"binary16", "bfloat16", "tf32", "binary32", "e4m3fn", "e5m2", "e4m3fnuz", "e3m4", "e2m1fn",
                             "e6m9", "e5m12", "Binary8p4se", "Binary8p3sf", "e8m4", "e4m3"}) {
        const format f = parse_format(name);
        for (const rounding_mode mode : modes) {
            for (const char* accumulate : {"sequential", "fma"}) {
                for (const double spread : {0.02, 1.0, 30.0}) {
                    projection how;
                    how.rounding = mode;
                    compare_backends(some({5, 23, 37}, f, spread, draw), f, accumulate, how);
                }
            }
        }
    }
}

TEST_CASE("products saturate, overflow and propagate as their policies say") {
    std::mt19937 draw(7);
    for (const char* name : {"binary16", "bfloat16", "e4m3fn", "e5m2", "e4m3fnuz", "Binary8p4se"}) {
        const format f = parse_format(name);
        const double largest = std::ldexp(1.0, f.as_float()->emax());
        for (const overflow_policy policy : {overflow_policy::native, overflow_policy::sat_finite,
                                             overflow_policy::sat_none, overflow_policy::to_nan}) {
            for (const rounding_mode mode : modes) {
                projection how{.rounding = mode, .overflow = policy};
                inputs x = some({4, 9, 40}, f, std::sqrt(largest) / 2, draw);
                compare_backends(x, f, "sequential", how);
                compare_backends(x, f, "fma", how);
                x.a[3] = std::numeric_limits<float>::infinity();
                x.b[41] = 0.0f;
                x.b[80] = std::numeric_limits<float>::quiet_NaN();
                compare_backends(x, f, "sequential", how);
                compare_backends(x, f, "fma", how);
            }
        }
    }
}

TEST_CASE("zeros of products keep the definition's signs") {
    std::mt19937 draw(3);
    for (const char* name : {"binary16", "bfloat16", "e4m3fn", "e5m2", "e4m3fnuz"}) {
        const format f = parse_format(name);
        for (const rounding_mode mode : modes) {
            projection how;
            how.rounding = mode;
            inputs x = some({4, 6, 33}, f, 1.0, draw);
            const float least = static_cast<float>(std::ldexp(1.0, f.as_float()->emin() - f.as_float()->mantissa_bits));
            for (std::size_t i = 0; i < x.a.size(); ++i) x.a[i] = i % 3 == 0 ? 0.0f : i % 3 == 1 ? -0.0f : -least;
            for (std::size_t i = 0; i < x.b.size(); ++i) x.b[i] = i % 2 == 0 ? least : -0.0f;
            for (std::size_t i = 0; i < x.c.size(); ++i) x.c[i] = i % 5 == 0 ? -0.0f : i % 5 == 1 ? least : 0.0f;
            compare_backends(x, f, "sequential", how);
            compare_backends(x, f, "fma", how);
        }
    }
}

TEST_CASE("stochastic products draw the definition's words") {
    std::mt19937 draw(5);
    for (const char* name : {"binary16", "bfloat16", "e4m3fn", "e5m2", "tf32", "e3m4"}) {
        const format f = parse_format(name);
        for (const std::size_t columns : {4u, 31u, 128u, 133u}) {
            for (const std::uint8_t bits : {std::uint8_t{32}, std::uint8_t{8}}) {
                for (const std::uint64_t offset : {0u, 3u}) {
                    projection how{.rounding = rounding_mode::stochastic_a, .random_bits = bits};
                    const randomness random(random_source{99, 4, offset});
                    const inputs x = some({3, 7, columns}, f, 0.3, draw);
                    compare_backends(x, f, "sequential", how, random);
                    compare_backends(x, f, "fma", how, random);
                }
            }
        }
    }
    const format f = parse_format("e4m3fn");  // where sums overflow
    projection how{.rounding = rounding_mode::stochastic_a};
    compare_backends(some({3, 9, 40}, f, 20.0, draw), f, "sequential", how, randomness(random_source{1, 0, 0}));
}

TEST_CASE("products do not depend on threads, nor on the caller's environment") {
    std::mt19937 draw(11);
    const format f = parse_format("e5m2");
    const inputs x = some({13, 21, 50}, f, 1.0, draw);
    for (const rounding_mode mode : {rounding_mode::nearest_ties_to_even, rounding_mode::toward_negative}) {
        projection how;
        how.rounding = mode;
        const accumulator by = named_accumulator("fma", f, how);
        const std::vector<float> one = product(x, f, by, how);
        CHECK(product(x, f, by, how, {}, 3) == one);
        const hostile_environment hostile;
        CHECK(product(x, f, by, how) == one);
    }
}

TEST_CASE("products come out as codes and in other carriers") {
    std::mt19937 draw(13);
    const format f = parse_format("e4m3fn");
    const inputs x = some({3, 8, 17}, f, 0.5, draw);
    const accumulator by = named_accumulator("sequential", f, {});
    const std::vector<float> expected = product(x, f, by, {});
    const auto values = [](const std::vector<float>& v) { return operand_array::values(std::span<const float>(v)); };
    const auto run = [&](result_array out) { matmul(values(x.a), values(x.b), values(x.c), out, x.shape, by, f); };
    std::vector<std::uint8_t> codes(expected.size());
    run(result_array::codes(std::span(codes)));
    std::vector<double> doubles(expected.size());
    run(result_array::values(std::span(doubles)));
    std::vector<float16> halves(expected.size());
    run(result_array::values(std::span(halves)));
    for (std::size_t i = 0; i < expected.size(); ++i) {
        CHECK(codes[i] == encode(expected[i], f));
        CHECK(doubles[i] == static_cast<double>(expected[i]));
        CHECK(halves[i].bits == encode(expected[i], parse_format("binary16")));
    }
}

}  // namespace halfulp::tests
