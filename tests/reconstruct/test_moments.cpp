// Streaming sums against the definitions.
#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <string>

#include "halfulp/matrices/moments.hpp"
#include "matrices/plain_algebra.hpp"

using namespace halfulp;
using namespace halfulp::test;

namespace {

std::span<const double> elements(const matrix& a) { return {a.data(), a.size()}; }

void check_close(const matrix& a, const matrix& b, double bound) {
    REQUIRE(a.shape() == b.shape());
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(std::fabs(a.data()[i] - b.data()[i]) <= bound);
}

}  // namespace

TEST_CASE("sums of several batches are those of all samples") {
    const matrix x = random_matrix(2500, 3, 1);  // more than one piece of 1024 rows
    const matrix y = random_matrix(2500, 3, 2);
    moments m(3);
    const std::size_t first = 1200 * 3;
    m.add(elements(x).first(first), elements(y).first(first));
    m.add(elements(x).subspan(first), elements(y).subspan(first));
    m.add(std::span<const double>{});  // adds nothing
    CHECK(m.count == 2500);
    CHECK(m.batches == 2);
    // Sums of 2500 products of order 1: 2500² ε at the very most.
    check_close(m.products, times(turned(x), x), 1e-9);
    check_close(m.cross, times(turned(x), y), 1e-9);
    check_close(m.references, times(turned(y), y), 1e-9);
    for (std::size_t j = 0; j < 3; ++j) {
        double sum = 0;
        double magnitude = 0;
        double largest = 0;
        double batch_means[2] = {0, 0};
        for (std::size_t i = 0; i < 2500; ++i) {
            sum += x(i, j);
            magnitude += std::fabs(x(i, j));
            largest = std::max(largest, std::fabs(x(i, j)));
            batch_means[i >= 1200] += std::fabs(x(i, j)) / (i < 1200 ? 1200 : 1300);
        }
        CHECK(std::fabs(m.sum(j) - sum) <= 1e-10);
        CHECK(std::fabs(m.magnitudes(j) - magnitude) <= 1e-9);
        CHECK(m.largest(j) == largest);
        CHECK(std::fabs(m.largest_batch_mean(j) - std::max(batch_means[0], batch_means[1])) <= 1e-13);
        for (std::size_t k = 0; k < 3; ++k) CHECK(m.products(j, k) == m.products(k, j));
    }
}

TEST_CASE("binary32 batches are summed in binary64") {
    moments m(1);
    std::vector<float> ones(3000, 1.0F + 0x1p-20F);
    m.add(std::span<const float>(ones));
    const double exact = 3000 * ((1 + 0x1p-20) * (1 + 0x1p-20));
    CHECK(std::fabs(m.products(0, 0) - exact) <= 1e-9);  // in binary32 the products alone would be off by 3e-4
}

TEST_CASE("merging is adding both") {
    const matrix x = random_matrix(40, 4, 5);
    moments all(4);
    moments left(4);
    moments right(4);
    all.add(elements(x).first(60));
    all.add(elements(x).subspan(60));
    left.add(elements(x).first(60));
    right.add(elements(x).subspan(60));
    left.merge(right);
    left.merge(moments(4));
    CHECK(left.count == all.count);
    CHECK(left.batches == all.batches);
    check_close(left.products, all.products, 1e-12);
    for (std::size_t j = 0; j < 4; ++j) {
        CHECK(std::fabs(left.sum(j) - all.sum(j)) <= 1e-13);
        CHECK(left.largest(j) == all.largest(j));
        CHECK(left.largest_batch_mean(j) == all.largest_batch_mean(j));
    }
    CHECK_THROWS_AS(left.merge(moments(3)), std::invalid_argument);
    moments paired(4);
    paired.add(elements(x), elements(x));
    CHECK_THROWS_AS(left.merge(paired), std::invalid_argument);
    moments empty(4);
    empty.merge(paired);
    CHECK(empty.paired);
}

TEST_CASE("a bad batch adds nothing and is named") {
    moments m(2);
    const std::vector<double> good{1, 2, 3, 4};
    m.add(std::span<const double>(good));
    std::vector<double> bad = good;
    bad[3] = std::numeric_limits<double>::quiet_NaN();
    CHECK(message_of([&] { m.add(std::span<const double>(bad)); }).find("sample 1, channel 1") != std::string::npos);
    bad[3] = std::numeric_limits<double>::infinity();
    CHECK_THROWS_AS(m.add(std::span<const double>(bad)), std::invalid_argument);
    CHECK_THROWS_AS(m.add(std::span<const double>(good).first(3)), std::invalid_argument);
    CHECK_THROWS_AS(m.add(std::span<const double>(good), std::span<const double>(good)), std::invalid_argument);
    CHECK(m.count == 2);
    CHECK(m.products(0, 0) == 10);
    CHECK(m.products(1, 1) == 20);
    CHECK_THROWS_AS(moments(0), std::invalid_argument);
}
