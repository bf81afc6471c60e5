#include "halfulp/methods/walsh_hadamard.hpp"

#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <stdexcept>
#include <vector>

using namespace halfulp;

TEST_CASE("the transform twice is the length times the numbers", "[methods]") {
    for (const std::size_t length : {1u, 2u, 8u, 256u}) {
        std::vector<std::int64_t> x(3 * length);
        for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<std::int64_t>(i * 7919 % 4093) - 2046;
        const std::vector<std::int64_t> before = x;
        walsh_hadamard(std::span(x), length);
        for (std::size_t i = 0; i < length; ++i) {  // row i of H: the sign is the parity of the common bits
            std::int64_t sum = 0;
            for (std::size_t j = 0; j < length; ++j)
                sum += std::popcount(i & j) % 2 == 0 ? before[length + j] : -before[length + j];
            REQUIRE(x[length + i] == sum);
        }
        walsh_hadamard(std::span(x), length);
        for (std::size_t i = 0; i < x.size(); ++i) REQUIRE(x[i] == static_cast<std::int64_t>(length) * before[i]);
    }
}

TEST_CASE("lengths that are no powers of two or leave a rest", "[methods]") {
    std::vector<double> x(12, 1.0);
    CHECK_THROWS_AS(walsh_hadamard(std::span(x), 3), std::invalid_argument);
    CHECK_THROWS_AS(walsh_hadamard(std::span(x), 8), std::invalid_argument);
    CHECK_THROWS_AS(walsh_hadamard(std::span(x), 0), std::invalid_argument);
}
