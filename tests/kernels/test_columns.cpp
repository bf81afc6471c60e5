// Arithmetic on columns: every backend gives the bits of the loops that the words describe.
#include "kernels/columns.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <random>
#include <vector>

#include "halfulp/kernels/backend.hpp"

using namespace halfulp;

namespace {

using numbers = std::vector<double>;

numbers some_numbers(std::size_t size, std::uint64_t seed) {
    std::mt19937_64 words(seed);
    numbers out(size);
    for (double& x : out)
        x = std::ldexp(static_cast<double>(words() >> 11) - 0x1p52, static_cast<int>(words() % 9) - 55);
    return out;
}

double at(const simd::column& c, std::size_t i) { return c.numbers != nullptr ? c.numbers[i] : c.number; }

double eight_sums(const numbers& x) {
    double s[8] = {};
    for (std::size_t i = 0; i < x.size(); ++i) s[i % 8] += x[i];
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

bool same_bits(const numbers& a, const numbers& b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

double passed_on(const simd::adjoint& from, std::size_t i) {
    switch (from.op) {
        case simd::adjoint_op::same: return from.g[i];
        case simd::adjoint_op::negative: return -from.g[i];
        case simd::adjoint_op::times: return from.g[i] * at(from.b, i);
        case simd::adjoint_op::over: return from.g[i] / at(from.b, i);
        case simd::adjoint_op::quotient: return -(from.g[i] * from.out[i]) / at(from.b, i);
    }
    return 0;
}

template <class Check>
void on_every_backend(const Check& check) {
    for (const backend b : available_backends()) {
        INFO(to_string(b));
        set_backend(b);
        check(detail::active_columns());
    }
    set_backend(std::nullopt);
}

}  // namespace

// Catches: operands exchanged, a number taken for a column, a fused multiply and add, sums in another order.
TEST_CASE("columns add, subtract, multiply and divide alike on every backend") {
    const std::size_t size = 248;
    const numbers x = some_numbers(size, 1), y = some_numbers(size, 2);
    on_every_backend([&](const simd::column_kernels& kernels) {
        for (const simd::column& a : {simd::column{x.data(), 0}, simd::column{nullptr, 0.3}}) {
            for (const simd::column& b : {simd::column{y.data(), 0}, simd::column{nullptr, -0.7}}) {
                numbers sum(size), difference(size), product(size), quotient(size), want[4];
                kernels.arithmetic(simd::column_op::add, a, b, sum.data(), size);
                kernels.arithmetic(simd::column_op::subtract, a, b, difference.data(), size);
                kernels.arithmetic(simd::column_op::multiply, a, b, product.data(), size);
                kernels.arithmetic(simd::column_op::divide, a, b, quotient.data(), size);
                for (std::size_t i = 0; i < size; ++i) {
                    want[0].push_back(at(a, i) + at(b, i));
                    want[1].push_back(at(a, i) - at(b, i));
                    want[2].push_back(at(a, i) * at(b, i));
                    want[3].push_back(at(a, i) / at(b, i));
                }
                CHECK((same_bits(sum, want[0]) && same_bits(difference, want[1])));
                CHECK((same_bits(product, want[2]) && same_bits(quotient, want[3])));
            }
        }
    });
}

TEST_CASE("adjoints are passed on, added and summed alike on every backend") {
    const std::size_t size = 256;
    const numbers g = some_numbers(size, 3), out = some_numbers(size, 4), b = some_numbers(size, 5);
    const numbers before = some_numbers(size, 6);
    on_every_backend([&](const simd::column_kernels& kernels) {
        for (const auto op : {simd::adjoint_op::same, simd::adjoint_op::negative, simd::adjoint_op::times,
                              simd::adjoint_op::over, simd::adjoint_op::quotient}) {
            for (const simd::column& operand : {simd::column{b.data(), 0}, simd::column{nullptr, 1.7}}) {
                const simd::adjoint from{op, g.data(), out.data(), operand};
                numbers set(size), added = before, want(size), want_added(size);
                for (std::size_t i = 0; i < size; ++i) {
                    want[i] = passed_on(from, i);
                    want_added[i] = before[i] + want[i];
                }
                kernels.set_adjoint(from, set.data(), size);
                kernels.add_adjoint(from, added.data(), size);
                CHECK((same_bits(set, want) && same_bits(added, want_added)));
                CHECK(kernels.sum_adjoint(from, size) == eight_sums(want));
            }
        }
    });
}

// Huber (1964), section 4: h(z) = z²/2 inside delta, delta (|z| - delta/2) outside.
TEST_CASE("Huber's function, its derivative and their sums are alike on every backend, for any length") {
    for (const double delta : {1e-3, 0.5, std::numeric_limits<double>::infinity()}) {
        for (const std::size_t size : {0u, 1u, 7u, 8u, 9u, 234u}) {
            const numbers target = some_numbers(size, 7), value = some_numbers(size, 8);
            numbers weight = some_numbers(size, 9), divisor = some_numbers(size, 10);
            for (double& w : weight) w = std::abs(w);
            const double inverse = 1.3, turned = -0.8;
            numbers losses, scores, want;
            for (std::size_t i = 0; i < size; ++i) {
                const double z = (target[i] - value[i]) * inverse, inside = std::min(std::abs(z), delta);
                const double slope = weight[i] * std::copysign(inside, z);
                losses.push_back(weight[i] * (inside * (std::abs(z) - 0.5 * inside)));
                scores.push_back(slope * z);
                want.push_back(turned * slope / divisor[i]);
            }
            on_every_backend([&](const simd::column_kernels& kernels) {
                numbers adjoint(size + 1, 7.0);
                const simd::huber_sums sums =
                    kernels.huber({target.data(), value.data(), weight.data(), divisor.data(), inverse, delta, turned},
                                  adjoint.data(), size);
                CHECK((sums.losses == eight_sums(losses) && sums.scores == eight_sums(scores)));
                CHECK(adjoint.back() == 7);
                adjoint.pop_back();
                CHECK(same_bits(adjoint, want));
            });
        }
    }
}
