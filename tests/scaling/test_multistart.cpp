#include "scaling/multistart.hpp"

#include <catch2/catch_test_macros.hpp>
#include <limits>

using namespace halfulp;
using halfulp::detail::worth_following;
using halfulp::detail::worth_polishing;

namespace {

std::vector<fit_minimum> with_objectives(std::size_t count, auto&& objective) {
    std::vector<fit_minimum> out(count);
    for (std::size_t i = 0; i < count; ++i) out[i].objective = objective(i);
    return out;
}

}  // namespace

// Catches: a tenth of the places instead of the lowest, the crowd taken whole, infinite objectives followed.
TEST_CASE("a tenth of the looks goes on, and of a crowd at one objective eight") {
    const auto looks = with_objectives(3000, [](std::size_t i) {
        if (i % 3 == 0) return 2 + 1e-4 * static_cast<double>(i % 9);  // a thousand in one valley
        if (i == 100) return 1.0;
        return i % 3 == 1 ? 3 + 0.01 * static_cast<double>(3000 - i) : std::numeric_limits<double>::infinity();
    });
    const auto next = worth_following(looks);
    REQUIRE(next.size() == 300);
    CHECK(next[0] == 100);
    for (std::size_t k = 1; k < 9; ++k) CHECK(looks[next[k]].objective < 2.001);
    for (std::size_t k = 9; k < 300; ++k) CHECK(next[k] == 2998 - 3 * (k - 9));
}

TEST_CASE("where a tenth is few, sixty-four go on; where there are no more, all that have an objective") {
    CHECK(worth_following(with_objectives(200, [](std::size_t i) { return 1.0 + static_cast<double>(i); })).size() ==
          64);
    CHECK(worth_following(with_objectives(70, [](std::size_t i) {
              return i < 30 ? -10.0 - static_cast<double>(i) : std::numeric_limits<double>::infinity();
          })).size() == 30);
    CHECK(worth_following({}).empty());
}

TEST_CASE("what ends within a tenth of the best is polished, the lowest sixteen at most") {
    const auto three = with_objectives(5, [](std::size_t i) { return 1.0 + 0.04 * static_cast<double>(4 - i); });
    CHECK(worth_polishing(three) == std::vector<std::size_t>{4, 3, 2});
    CHECK(worth_polishing(with_objectives(100, [](std::size_t) { return -5.0; })).size() == 16);
    CHECK(worth_polishing(with_objectives(3, [](std::size_t) {
              return std::numeric_limits<double>::infinity();
          })).empty());
}
