// Sums of terms however far apart, against unbounded integers: the leading bits and what is said about the rest.
#include <algorithm>
#include <random>

#include "codecs/support/report.hpp"
#include "halfulp/arithmetic/wide_sum.hpp"
#include "oracle/exact.hpp"

using namespace oracle;
using halfulp::uint128;
using halfulp::detail::term;

namespace {

constexpr int lowest = -4200;  // of any bit in these tests

integer whole(uint128 x) {
    return (integer(static_cast<std::uint64_t>(x >> 64)) << 64) + integer(static_cast<std::uint64_t>(x));
}

/// In units of 2^lowest.
integer exact(const term& x) {
    const integer magnitude = whole(x.significand) << static_cast<unsigned>(x.exponent - lowest);
    return x.negative ? integer(-magnitude) : magnitude;
}

std::string describe(const term& x) {
    return std::string(x.negative ? "-" : "+") + hex(static_cast<std::uint64_t>(x.significand >> 64)) + ":" +
           hex(static_cast<std::uint64_t>(x.significand)) + " 2^" + std::to_string(x.exponent) +
           (x.sticky ? " and more" : "");
}

template <std::size_t N>
void check(std::array<term, N> terms, report& out) {
    integer sum = 0;
    for (const term& t : terms) sum += exact(t);
    const term got = halfulp::detail::sum_of(terms);
    bool good = false;
    if (sum == 0 || got.is_zero()) {
        good = sum == 0 && got.is_zero() && !got.sticky;
    } else if (got.exponent >= lowest && got.negative == (sum < 0)) {
        const integer magnitude = abs(sum);
        const integer low = whole(got.significand) << static_cast<unsigned>(got.exponent - lowest);
        const integer high = whole(got.significand) + 1;
        // What follows the significand is less than its last bit, and there are 122 bits wherever something does.
        good = got.sticky ? low < magnitude && magnitude < high << static_cast<unsigned>(got.exponent - lowest) &&
                                msb(whole(got.significand)) >= 121
                          : low == magnitude;
    }
    out.check(good, [&] {
        std::string text;
        for (const term& t : terms) text += "(" + describe(t) + ") ";
        return text + "is said to be " + describe(got);
    });
}

/// Random bits, runs of ones or zeros as likely as noise.
uint128 significand(std::mt19937_64& random, int bits) {
    uint128 x = (uint128{random()} << 64) | random();
    switch (random() % 4) {
        case 0: x = ~uint128{0}; break;
        case 1: x = uint128{1} << 127; break;
        case 2: x = (uint128{1} << 127) | 1; break;
        default: break;
    }
    const auto length = static_cast<unsigned>(bits);
    x >>= 128 - length;
    return x | (uint128{1} << (length - 1));
}

/// The distances at which something changes: inside 128 bits, at the window's near limit, its length, and beyond.
std::vector<int> gaps() {
    std::vector<int> all;
    for (const auto& [first, last] : {std::pair{0, 131}, {190, 211}, {320, 341}, {352, 362}, {470, 491}, {600, 612}})
        for (int gap = first; gap <= last; ++gap) all.push_back(gap);
    all.push_back(2000);
    return all;
}

}  // namespace

TEST_CASE("sums of two terms with every kind of distance") {
    report out;
    std::mt19937_64 random(11);
    for (const int gap : gaps()) {
        for (int i = 0; i < 300; ++i) {
            const int a_bits = 1 + static_cast<int>(random() % 128);
            const int b_bits = 1 + static_cast<int>(random() % 128);
            const term a{random() % 2 == 0, false, significand(random, a_bits), -a_bits};
            const term b{random() % 2 == 0, false, significand(random, b_bits), -gap - b_bits};
            check(std::array{a, b}, out);
            check(std::array{b, a}, out);
        }
    }
    out.conclude();
}

TEST_CASE("sums of three terms with every kind of distance") {
    report out;
    std::mt19937_64 random(12);
    const std::vector<int> all = gaps();
    for (const int first : all) {
        for (const int second : all) {
            for (int i = 0; i < 4; ++i) {
                std::array<term, 3> terms;
                int top = 0;
                for (std::size_t k = 0; k < 3; ++k) {
                    const int bits = i == 0 ? 128 : 1 + static_cast<int>(random() % (i == 1 ? 64 : 128));
                    top -= k == 1 ? first : k == 2 ? second : 0;
                    terms[k] = {random() % 2 == 0, false, significand(random, bits), top - bits};
                }
                std::shuffle(terms.begin(), terms.end(), random);
                check(terms, out);
            }
        }
    }
    out.conclude();
}

TEST_CASE("sums of three terms, two of which cancel each other to the last bits or in full") {
    report out;
    std::mt19937_64 random(13);
    for (const int gap : gaps()) {
        for (int i = 0; i < 400; ++i) {
            const int bits = 1 + static_cast<int>(random() % 128);
            const term a{random() % 2 == 0, false, significand(random, bits), -bits};
            term b = a;
            b.negative = !a.negative;
            switch (random() % 4) {
                case 0: break;
                case 1: b.significand ^= 1; break;
                case 2:  // the same number with its bits moved
                    if (bits < 128) {
                        b.significand <<= 128 - bits;
                        b.exponent -= 128 - bits;
                        b.significand -= random() % 2;
                    }
                    break;
                default:  // just below or above a power of two
                    b.significand = ~uint128{0};
                    b.exponent = a.top() - 128 - static_cast<int>(random() % 2);
                    break;
            }
            const int c_bits = 1 + static_cast<int>(random() % 128);
            // From the first number's top downward, and from its last bit.
            const int top = random() % 2 == 0 ? -gap : -gap - 120;
            const term c{random() % 2 == 0, false, significand(random, c_bits), top - c_bits};
            std::array terms{a, b, c};
            std::shuffle(terms.begin(), terms.end(), random);
            check(terms, out);
            check(std::array{a, b}, out);
        }
    }
    out.conclude();
}

TEST_CASE("a sum of zero is zero, and terms of zero count for nothing") {
    report out;
    const term one{false, false, 1, 0};
    const term minus_one{true, false, 2, -1};
    const term tiny{true, false, 5, -2000};
    const term nothing{true, false, 0, 1000};
    check(std::array{one, minus_one}, out);
    check(std::array{one, minus_one, tiny}, out);
    check(std::array{tiny, one, minus_one}, out);
    check(std::array{nothing, nothing, nothing}, out);
    check(std::array{nothing, one, minus_one}, out);
    check(std::array{nothing, tiny, nothing}, out);
    check(std::array{nothing, nothing}, out);
    out.conclude();
}
