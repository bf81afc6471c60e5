// Philox and the layout of random words, against known answers (tests/vectors/random).
#include <catch2/catch_test_macros.hpp>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "halfulp/core/random.hpp"
#include "halfulp/kernels/randomness.hpp"

using namespace halfulp;

namespace {

/// The words of a line after its first, with ':' dropped.
std::vector<std::string> fields(const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> out;
    for (std::string word; in >> word;) {
        if (word != ":") out.push_back(word);
    }
    return out;
}

std::uint64_t hex(const std::string& text) { return std::stoull(text, nullptr, 16); }
std::uint32_t hex32(const std::string& text) { return static_cast<std::uint32_t>(hex(text)); }

}  // namespace

TEST_CASE("philox4x32 gives the published known answers, and words lie where the contract says") {
    std::ifstream file(std::string(HALFULP_TESTS_DIR) + "/vectors/random/philox4x32_10.txt");
    REQUIRE(file);
    int blocks = 0;
    int words = 0;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line[0] == '#') continue;
        INFO(line);
        const auto f = fields(line);
        if (f[0] == "block") {
            REQUIRE(f.size() == 12);
            const auto out = philox4x32({hex32(f[2]), hex32(f[3]), hex32(f[4]), hex32(f[5])},
                                        {hex32(f[6]), hex32(f[7])}, std::stoi(f[1]));
            for (std::size_t i = 0; i < 4; ++i) CHECK(out[i] == hex32(f[8 + i]));
            ++blocks;
        } else {
            REQUIRE(f[0] == "words");
            REQUIRE(f.size() == 11);
            const random_source source{hex(f[1]), hex32(f[2]), 0};
            const std::uint64_t first = hex(f[4]);
            for (std::uint64_t i = 0; i < 6; ++i) CHECK(source.word(first + i, hex32(f[3])) == hex32(f[5 + i]));
            std::vector<std::uint32_t> run(6);
            fill_words(source, first, hex32(f[3]), run);
            for (std::size_t i = 0; i < 6; ++i) CHECK(run[i] == hex32(f[5 + i]));
            ++words;
        }
    }
    CHECK(blocks >= 6);
    CHECK(words >= 100);
}

TEST_CASE("an offset moves the index, at the compile time too") {
    constexpr random_source whole{42, 7, 0};
    constexpr random_source part{42, 7, 1000};
    STATIC_REQUIRE(part.word(3) == whole.word(1003));
    STATIC_REQUIRE(whole.word(3) != whole.word(4));
    STATIC_REQUIRE(whole.word(3, 1) != whole.word(3, 0));
}
