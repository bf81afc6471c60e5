// Wide formats at their edges: ends of the range, powers of two with their neighbours, halfway cases, huge distances, cancellation.
#include <algorithm>

#include "arithmetic/support/judge.hpp"

using namespace oracle;

namespace {

/// Codes around the places where something ends or begins, by the format's own members: both signs, each with its neighbours.
std::vector<std::uint64_t> edge_codes(const either_format& f, bool few) {
    const int width = f.reference.width();
    const std::uint64_t ones = width == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
    const bool is_signed = f.reference.is_signed();
    const std::uint64_t half = is_signed ? ones >> 1 : ones;
    std::vector<std::uint64_t> magnitudes{0, 1, 2, 3, half, half - 1};
    const auto add = [&](std::uint64_t code, bool neighbours) {
        magnitudes.push_back(code);
        if (!neighbours) return;
        magnitudes.push_back(code - 1);
        magnitudes.push_back(code + 1);
    };
    if (const auto* is = f.library.as_float()) {
        const std::uint64_t hidden = std::uint64_t{1} << is->mantissa_bits;
        const auto power = [&](int exponent) { return static_cast<std::uint64_t>(exponent + is->bias) * hidden; };
        add(hidden, true);  // the smallest normal
        add(hidden >> 1, !few);  // half of it
        add(is->max_magnitude(), true);
        add(power(0), true);
        add(power(0) | (hidden >> 1), !few);  // 1.5
        if (!few) add(power(1), true);
        const int last = is->mantissa_bits;
        if (!few && last < is->bias) add(power(-last), true), add(power(last), true), add(power(-last - 1), false);
    } else {
        for (int place = 2; place < width - 1; place += few ? width / 3 : width / 8)
            add(std::uint64_t{1} << place, true);
        add(half & (half - (half >> (width / 2))), false);
    }
    std::vector<std::uint64_t> codes;
    for (const std::uint64_t m : magnitudes) {
        codes.push_back(m & half);
        if (!is_signed) continue;
        const bool complement = f.library.as_float() == nullptr;
        codes.push_back(complement ? (~m + 1) & ones : (m & half) | (half + 1));
    }
    std::sort(codes.begin(), codes.end());
    codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
    return codes;
}

std::vector<way> few_modes(const halfulp::format& to) {
    std::vector<way> some;
    for (const auto mode : {halfulp::rounding_mode::nearest_ties_to_even, halfulp::rounding_mode::toward_negative,
                            halfulp::rounding_mode::away_from_zero, halfulp::rounding_mode::to_odd,
                            halfulp::rounding_mode::stochastic_c}) {
        some.emplace_back(halfulp::projection{.rounding = mode},
                          some.size() % 2 == 0 ? halfulp::tininess::after : halfulp::tininess::before, to);
    }
    return some;
}

/// All edges in pairs; triples at random.
void check_edges(const char* name, bool few, report& out) {
    const either_format f(name);
    judge judging(f, out);
    const std::vector<way> ways = few ? few_modes(f.library) : every_mode(f.library);
    std::vector<either_operand> edges;
    for (const std::uint64_t code : edge_codes(f, few)) edges.push_back(from_code(code, f));
    std::mt19937_64 random(3);
    const auto any = [&]() -> const either_operand& { return edges[random() % edges.size()]; };
    for (const either_operand& a : edges) {
        const std::vector<either_operand> alone{a};
        for (const auto op : one_operand_operations) judging.check(op, alone, ways);
        for (const either_operand& b : edges) {
            const std::vector<either_operand> pair{a, b};
            for (const auto op : two_operand_operations) judging.check(op, pair, ways);
            const std::vector<either_operand> triple{a, b, any()};
            const auto one_way = std::span(ways).subspan(random() % ways.size(), 1);
            judging.check(halfulp::operation::fma, triple, one_way);
            judging.check(halfulp::operation::faa, triple, one_way);
        }
    }
}

/// Random codes, the second and the third near the first or near the negated product: cancellation and halfway sums.
void check_near(const char* name, int count, report& out) {
    const either_format f(name);
    const halfulp::float_format data = *f.library.as_float();
    judge judging(f, out);
    const std::vector<way> ways = every_mode(f.library);
    std::mt19937_64 random(4);
    const std::uint64_t fraction = data.hidden_bit() - 1;
    const auto near = [&](std::uint64_t code) {
        const int distance = static_cast<int>(random() % static_cast<unsigned>(2 * data.mantissa_bits + 8));
        std::int64_t field = static_cast<std::int64_t>((code & data.magnitude_mask()) >> data.mantissa_bits);
        field += distance - data.mantissa_bits - 4;
        field =
            std::clamp<std::int64_t>(field, 0, static_cast<std::int64_t>(data.max_magnitude() >> data.mantissa_bits));
        std::uint64_t bits = random() & fraction;
        if (random() % 3 == 0) bits = code & fraction;  // the same digits
        if (random() % 3 == 0) bits &= ~std::uint64_t{0} << (random() % 64);  // few bits
        return (static_cast<std::uint64_t>(field) << data.mantissa_bits | bits) |
               (random() % 2 == 0 ? data.sign_mask() : 0);
    };
    for (int i = 0; i < count; ++i) {
        const std::uint64_t a = random() & data.code_mask();
        const std::uint64_t b = near(a);
        const std::vector<either_operand> pair{from_code(a, f), from_code(b, f)};
        for (const auto op : two_operand_operations)
            judging.check(op, pair, std::span(ways).subspan(random() % ways.size(), 1));
        const auto one_way = std::span(ways).subspan(random() % ways.size(), 1);
        judging.check(halfulp::operation::sqrt, std::span(pair).first(1), one_way);
        judging.check(halfulp::operation::rsqrt, std::span(pair).first(1), one_way);
        const std::vector<either_operand> triple{pair[0], pair[1], from_code(near(b), f)};
        judging.check(halfulp::operation::faa, triple, one_way);
        // c near -(a b): the exact product, rounded, with its last digits changed.
        const auto product =
            halfulp::calculator(halfulp::operation::mul, f.library, {})({pair[0].library, pair[1].library, {}});
        const std::uint64_t rounded = halfulp::to_code(product.number, f.library) ^ data.sign_mask();
        const std::vector<either_operand> cancelling{pair[0], pair[1], from_code(rounded ^ (random() & 1), f)};
        judging.check(halfulp::operation::fma, cancelling, one_way);
    }
}

}  // namespace

TEST_CASE("carriers at their edges, in all pairs and modes") {
    report out;
    for (const char* name : {"binary16", "bfloat16", "binary32", "binary64"}) check_edges(name, false, out);
    out.conclude();
}

TEST_CASE("wide and unusual formats at their edges") {
    report out;
    for (const char* name : {"posit16_2", "posit32_2", "posit64_2", "posit64_0", "posit32_8", "int64", "uint64",
                             "q32.32", "q1.63", "int32s", "dlfloat16", "tf32", "e1m62fn", "e2m61", "e11m52fnuz",
                             "Binary64p62ue", "e4m3b20fn", "e11m40_nosub"})
        check_edges(name, true, out);
    out.conclude();
}

TEST_CASE("formats with exponents of nineteen bits at their edges", "[long]") {
    report out;
    for (const char* name : {"e19m3", "e19m40", "e19m40_nosub"}) check_edges(name, true, out);
    out.conclude();
}

TEST_CASE("random numbers near each other: cancellation, halfway sums, products that c cancels") {
    report out;
    check_near("binary16", 20000, out);
    check_near("bfloat16", 20000, out);
    check_near("binary32", 10000, out);
    check_near("binary64", 4000, out);
    check_near("e11m50fn", 500, out);
    out.conclude();
}

TEST_CASE("quotients by less than 2^-150 beside a tie of the random bits") {
    // n 2^K = ±1 mod d: the quotient is an integer of K bits and 1/d more, or less. With K = p + 32 + 1 the last of these bits is the half
    // of the last place of f 2^32, where stochastic_c has its ties.
    report out;
    std::mt19937_64 random(8);
    const either_format integers("uint64");
    for (const auto& [name, precision] : {std::pair{"Binary64p62ue", 62}, {"posit64_2", 59}, {"binary64", 53}}) {
        const either_format f(name);
        judge judging(f, out);
        const std::vector<way> ways = every_mode(f.library);
        for (int i = 0; i < 200; ++i) {
            const std::uint64_t d = random() | (std::uint64_t{1} << 63) | 1;
            const integer half = (integer(d) + 1) / 2;  // 1/2 mod d
            const integer above = powm(half, integer(precision + 33), integer(d));
            for (const integer& n : {above, integer(integer(d) - above)}) {
                if (2 * n < d) continue;  // a quotient of fewer bits
                const std::vector<either_operand> pair{from_code(static_cast<std::uint64_t>(n), integers),
                                                       from_code(d, integers)};
                judging.check(halfulp::operation::div, pair, ways);
            }
        }
    }
    out.conclude();
}
