// Matrix units that align, truncate and add: the vector kernels against the definition, over numbers of bits, formats of sums, sizes of groups, exponents far
// apart, zeros of both signs, sums that overflow and factors that are no numbers.
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

struct unit_case {
    format inputs;
    format sums;
    accumulator by;
};

unit_case unit(const char* inputs, const char* sums, std::uint32_t group, int fraction_bits, std::int32_t lowest) {
    unit_case out{parse_format(inputs), parse_format(sums), {}};
    projection how;
    how.rounding = out.sums.bits() == 16 ? rounding_mode::nearest_ties_to_even : rounding_mode::toward_zero;
    out.by.group = group;
    out.by.inside = group_sum::aligned;
    out.by.partial = rounding_step{out.sums, how};
    out.by.aligned.fraction_bits = fraction_bits;
    out.by.aligned.lowest_exponent = lowest;
    return out;
}

struct unit_inputs {
    product_shape shape{};
    std::vector<std::uint16_t> a, b;
    std::vector<float> c;
};

unit_inputs some(const product_shape& shape, const unit_case& of, int exponents, std::mt19937& draw) {
    std::normal_distribution<double> normal;
    std::uniform_int_distribution<int> power(-exponents, exponents);
    std::uniform_int_distribution<int> special(0, 9);
    projection how;
    how.overflow = overflow_policy::sat_finite;
    unit_inputs out{shape, {}, {}, {}};
    const auto code = [&] {
        const int kind = special(draw);
        const double x = kind == 0 ? 0.0 : kind == 1 ? -0.0 : std::ldexp(normal(draw), power(draw));
        return static_cast<std::uint16_t>(encode(x, of.inputs, how));
    };
    for (std::size_t i = 0; i < shape.rows * shape.inner; ++i) out.a.push_back(code());
    for (std::size_t i = 0; i < shape.inner * shape.columns; ++i) out.b.push_back(code());
    for (std::size_t i = 0; i < shape.rows * shape.columns; ++i) {
        const double x = special(draw) < 4 ? 0.0 : std::ldexp(normal(draw), power(draw));
        out.c.push_back(round(static_cast<float>(x), of.sums));
    }
    return out;
}

std::vector<float> product(const unit_case& of, const unit_inputs& x) {
    std::vector<float> out(x.c.size());
    matmul(operand_array::codes(std::span<const std::uint16_t>(x.a), of.inputs),
           operand_array::codes(std::span<const std::uint16_t>(x.b), of.inputs),
           operand_array::values(std::span<const float>(x.c)), result_array::values(std::span(out)), x.shape, of.by,
           parse_format("binary32"));
    return out;
}

void compare_backends(const unit_case& of, const unit_inputs& x) {
    std::vector<float> expected;
    {
        const forced_backend scalar(backend::scalar);
        expected = product(of, x);
    }
    for (const backend b : vector_backends()) {
        const forced_backend forced(b);
        const std::vector<float> got = product(of, x);
        for (std::size_t i = 0; i < got.size(); ++i) {
            if (std::bit_cast<std::uint32_t>(got[i]) == std::bit_cast<std::uint32_t>(expected[i])) continue;
            FAIL(to_string(b) << " " << to_string(of.inputs) << " into " << to_string(of.sums) << ", group "
                              << of.by.group << ", " << of.by.aligned.fraction_bits << " bits: element " << i << " is "
                              << got[i] << ", by the definition " << expected[i]);
        }
    }
    SUCCEED();
}

}  // namespace

TEST_CASE("aligned and truncated products are the definition's") {
    std::mt19937 draw(20251123);
    for (const char* inputs : {"binary16", "bfloat16", "e4m3fn", "e5m2", "e2m1fn"}) {
        for (const char* sums : {"binary32", "e8m13", "binary16"}) {
            for (const int bits : {13, 23, 25, 28}) {
                for (const std::uint32_t group : {0u, 1u, 4u, 16u, 32u}) {
                    for (const int exponents : {0, 8, 25}) {
                        for (const std::int32_t lowest : {-(1 << 22), -20}) {
                            const unit_case of = unit(inputs, sums, group, bits, lowest);
                            compare_backends(of, some({2, 19, 35}, of, exponents, draw));
                        }
                    }
                }
            }
        }
    }
}

TEST_CASE("aligned products leave what is no number to the definition, and sums of zeros keep their sign") {
    std::mt19937 draw(2);
    for (const char* sums : {"binary32", "binary16"}) {
        const unit_case of = unit("binary16", sums, 4, 24, -(1 << 22));
        unit_inputs x = some({2, 8, 33}, of, 15, draw);  // binary16 sums overflow
        compare_backends(of, x);
        for (std::size_t i = 0; i < x.a.size(); ++i) x.a[i] = 0x8000;
        for (std::size_t i = 0; i < x.b.size(); ++i) x.b[i] = i % 3 == 0 ? 0x8001 : 0x0001;
        for (std::size_t i = 0; i < x.c.size(); ++i) x.c[i] = i % 2 == 0 ? -0.0f : 0.0f;
        compare_backends(of, x);
        x.a[3] = 0x7C00;
        x.b[40] = 0x7E00;
        compare_backends(of, x);
    }
}

TEST_CASE("aligned products do not depend on threads, nor on the caller's environment") {
    std::mt19937 draw(4);
    const unit_case of = unit("binary16", "binary32", 16, 25, -(1 << 22));
    const unit_inputs x = some({9, 48, 70}, of, 6, draw);
    const std::vector<float> plain = product(of, x);
    const hostile_environment hostile;
    CHECK(product(of, x) == plain);
}

}  // namespace halfulp::tests
