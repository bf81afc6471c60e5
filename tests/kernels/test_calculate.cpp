// Arithmetic on arrays against the scalar definition: formats, modes and policies, carriers and codes, on every backend. Short numbers go by way of binary64,
// rounded to odd; the others, and calls that want flags, by the definition itself.
#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "halfulp/kernels/calculate.hpp"
#include "hostile_environment.hpp"
#include "support/backends.hpp"

namespace halfulp::tests {
namespace {

/// Members of `f` and numbers beside them: all exponents, near ones, zeros of both signs, infinities and NaN.
std::vector<float> operands(std::size_t size, std::mt19937& draw) {
    std::normal_distribution<float> normal;
    std::uniform_int_distribution<int> kind(0, 19);
    std::uniform_int_distribution<int> power(-20, 20);
    std::uniform_int_distribution<std::uint32_t> bits;
    std::vector<float> out(size);
    for (float& x : out) {
        switch (kind(draw)) {
            case 0: x = 0.0f; break;
            case 1: x = -0.0f; break;
            case 2: x = std::numeric_limits<float>::infinity(); break;
            case 3: x = std::numeric_limits<float>::quiet_NaN(); break;
            case 4: x = std::bit_cast<float>(bits(draw)); break;  // any number
            case 5: x = std::ldexp(1.0f, power(draw)); break;
            case 6: x = -std::bit_cast<float>(bits(draw) >> 9); break;  // subnormal
            default: x = std::ldexp(std::round(normal(draw) * 64) / 64, power(draw) / 2); break;
        }
    }
    return out;
}

constexpr std::array<operation, 7> covered{operation::add, operation::sub,  operation::mul,  operation::div,
                                           operation::fma, operation::sqrt, operation::recip};

struct inputs {
    std::vector<float> a, b, c;
    [[nodiscard]] std::vector<operand_array> of(operation op) const {
        const auto values = [](const std::vector<float>& x) {
            return operand_array::values(std::span<const float>(x));
        };
        std::vector<operand_array> out{values(a), values(b), values(c)};
        out.resize(static_cast<std::size_t>(row_of(op).operands));
        return out;
    }
};

/// The array function against the scalar definition, element by element.
void compare(operation op, const inputs& x, const format& f, const projection& how, const randomness& random = {}) {
    const calculator define(op, f, how);
    std::vector<float> got(x.a.size());
    calculate(op, x.of(op), result_array::values(std::span(got)), f, how, {}, random);
    for (std::size_t i = 0; i < got.size(); ++i) {
        const std::uint32_t word = is_stochastic(how.rounding) ? random.source.word(i) >> (32 - how.random_bits) : 0;
        const calculated found = define({operand_of(x.a[i]), operand_of(x.b[i]), operand_of(x.c[i])}, word);
        const float expected = to_nearest_value<float>(found.number);
        if (std::bit_cast<std::uint32_t>(got[i]) == std::bit_cast<std::uint32_t>(expected)) continue;
        FAIL(row_of(op).name << "(" << x.a[i] << ", " << x.b[i] << ", " << x.c[i] << ") into " << to_string(f) << " "
                             << describe(how) << " is " << got[i] << ", by the definition " << expected);
    }
    SUCCEED();
}

}  // namespace

TEST_CASE("arithmetic on arrays is the definition's in every mode") {
    std::mt19937 draw(20251123);
    for (const char* name : {"e4m3fn", "e5m2", "binary16", "bfloat16", "tf32", "binary32", "e2m1fn", "e4m3fnuz",
                             "Binary8p4se", "Binary8p3ue", "e8m0fnu", "e3m4_nosub", "dlfloat16", "e5m18"}) {
        const format f = parse_format(name);
        for (const rounding_mode_row& row : rounding_modes) {
            for (const operation op : covered) {
                projection how;
                how.rounding = row.mode;
                const inputs x{operands(1500, draw), operands(1500, draw), operands(1500, draw)};
                const randomness random = is_stochastic(row.mode) ? randomness(random_source{3, 1, 5}) : randomness();
                compare(op, x, f, how, random);
            }
        }
    }
}

TEST_CASE("arithmetic on arrays follows every policy") {
    std::mt19937 draw(7);
    for (const char* name : {"e4m3fn", "e5m2", "binary16", "e2m1fn", "Binary8p4sf"}) {
        const format f = parse_format(name);
        for (const overflow_policy policy : {overflow_policy::sat_finite, overflow_policy::sat_propagate,
                                             overflow_policy::sat_none, overflow_policy::to_nan}) {
            for (const ftz_policy ftz : {ftz_policy::none, ftz_policy::before, ftz_policy::after}) {
                for (const nan_policy nan : {nan_policy::to_max, nan_policy::to_zero}) {
                    for (const rounding_mode mode :
                         {rounding_mode::nearest_ties_to_even, rounding_mode::to_odd, rounding_mode::toward_negative}) {
                        const projection how{.rounding = mode, .overflow = policy, .nan = nan, .ftz = ftz};
                        const inputs x{operands(300, draw), operands(300, draw), operands(300, draw)};
                        for (const operation op : covered) compare(op, x, f, how);
                    }
                }
            }
        }
    }
}

TEST_CASE("arithmetic on arrays does not depend on backends, threads and the caller's environment") {
    std::mt19937 draw(9);
    const inputs x{operands(9000, draw), operands(9000, draw), operands(9000, draw)};
    const format f = parse_format("bfloat16");
    for (const operation op : covered) {
        std::vector<float> plain(x.a.size());
        calculate(op, x.of(op), result_array::values(std::span(plain)), f);
        const auto same = [&](const std::vector<float>& other) {
            return std::equal(plain.begin(), plain.end(), other.begin(), [](float p, float q) {
                return std::bit_cast<std::uint32_t>(p) == std::bit_cast<std::uint32_t>(q);
            });
        };
        std::vector<float> other(x.a.size());
        for (const backend b : available_backends()) {
            const forced_backend forced(b);
            calculate(op, x.of(op), result_array::values(std::span(other)), f);
            CHECK(same(other));
        }
        array_arithmetic_options options;
        options.threads = 3;
        const hostile_environment hostile;
        calculate(op, x.of(op), result_array::values(std::span(other)), f, {}, options);
        CHECK(same(other));
        CHECK(hostile.still_set());
    }
}

TEST_CASE("arithmetic on codes and other carriers is the definition's") {
    const format a_format = parse_format("e4m3fn");
    const format b_format = parse_format("e5m2");
    const format f = parse_format("Binary8p4se");
    std::vector<std::uint8_t> a(65536);
    std::vector<std::uint8_t> b(65536);
    for (std::size_t i = 0; i < a.size(); ++i) {
        a[i] = static_cast<std::uint8_t>(i >> 8);
        b[i] = static_cast<std::uint8_t>(i);
    }
    const std::vector<operand_array> both{operand_array::codes(std::span<const std::uint8_t>(a), a_format),
                                          operand_array::codes(std::span<const std::uint8_t>(b), b_format)};
    for (const operation op : {operation::add, operation::mul, operation::div}) {
        const calculator define(op, f, {});
        std::vector<std::uint16_t> codes(a.size());
        calculate(op, both, result_array::codes(std::span(codes)), f);
        std::vector<bfloat16> values(a.size());
        calculate(op, both, result_array::values(std::span(values)), f);
        bool good = true;
        for (std::size_t i = 0; i < a.size(); ++i) {
            const calculated found = define({operand_of_code(a[i], a_format), operand_of_code(b[i], b_format), {}});
            good =
                good && codes[i] == to_code(found.number, f) && values[i] == to_nearest_value<bfloat16>(found.number);
        }
        CHECK(good);
    }
}

TEST_CASE("a NaN without a code is told with its place in the whole array") {
    std::vector<float> x(5000, 1.0f);
    x[4321] = -1.0f;
    std::vector<float> out(x.size());
    projection how;
    how.nan = nan_policy::raise;
    const std::vector<operand_array> one{operand_array::values(std::span<const float>(x))};
    CHECK_THROWS_WITH(
        calculate(operation::sqrt, one, result_array::values(std::span(out)), parse_format("e2m1fn"), how),
        Catch::Matchers::ContainsSubstring("[4321]"));
}

}  // namespace halfulp::tests
