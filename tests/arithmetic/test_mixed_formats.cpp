// Operands of formats of their own and a result of another kind or width: rounded once, never by way of anything between.
#include "arithmetic/support/judge.hpp"

using namespace oracle;

namespace {

/// Ends, ones and a random rest of a format's codes.
std::vector<either_operand> some_codes(const either_format& f, std::size_t count, std::mt19937_64& random) {
    const int width = f.reference.width();
    const std::uint64_t ones = width == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
    const std::uint64_t sign = f.reference.is_signed() ? ones ^ (ones >> 1) : 0;
    std::vector<either_operand> some;
    for (const std::uint64_t end : {std::uint64_t{0}, sign}) {
        for (std::uint64_t off = 0; off < 4; ++off) {
            some.push_back(from_code((end + off) & ones, f));
            some.push_back(from_code((end - off) & ones, f));
        }
    }
    while (some.size() < count) some.push_back(from_code(random() & ones, f));
    return some;
}

const std::vector<std::array<const char*, 3>> operand_formats{
    {"e4m3fn", "e5m2", "e4m3fn"},    {"e5m2", "e2m1fn", "bfloat16"},      {"int8", "e4m3fn", "binary16"},
    {"posit8_2", "q4.4", "e5m2"},    {"e8m0fnu", "e2m1fn", "binary32"},   {"binary16", "bfloat16", "posit16_2"},
    {"binary32", "e4m3fn", "int16"}, {"e5m2fnuz", "Binary8p3se", "uint8"}};
const std::vector<const char*> result_formats{"binary16", "bfloat16", "int8",        "uint8",   "q4.4",
                                              "posit8_2", "e2m1fn",   "Binary6p2se", "e8m0fnu", "posit16_1",
                                              "binary32", "e4m3fnu",  "dlfloat16",   "tf32"};

void check_mixed(std::size_t count, std::uint64_t seed) {
    report out;
    std::mt19937_64 random(seed);
    for (const auto& names : operand_formats) {
        const either_format a(names[0]), b(names[1]), c(names[2]);
        const auto from_a = some_codes(a, count, random);
        const auto from_b = some_codes(b, count, random);
        const auto from_c = some_codes(c, count, random);
        for (const char* to : result_formats) {
            const either_format result(to);
            judge judging(result, out);
            const std::vector<way> ways = every_mode(result.library, {}, true);
            const auto one_way = [&] { return std::span(ways).subspan(random() % ways.size(), 1); };
            for (const either_operand& x : from_a) {
                const std::vector<either_operand> alone{x};
                for (const auto op : one_operand_operations) judging.check(op, alone, one_way());
                for (const either_operand& y : from_b) {
                    const std::vector<either_operand> pair{x, y};
                    for (const auto op : two_operand_operations) judging.check(op, pair, one_way());
                    const std::vector<either_operand> triple{x, y, from_c[random() % from_c.size()]};
                    judging.check(halfulp::operation::fma, triple, one_way());
                    judging.check(halfulp::operation::faa, triple, one_way());
                }
            }
        }
    }
    out.conclude();
}

}  // namespace

TEST_CASE("operands of other formats than the result's: ends and some random codes") { check_mixed(24, 5); }
TEST_CASE("operands of other formats than the result's: many random codes", "[long]") { check_mixed(120, 6); }

TEST_CASE("operands below the smallest normal count as zeros of their sign where asked") {
    report out;
    const either_format from("e5m2");
    const either_format other("e4m3fnuz");
    const either_format to("binary16");
    const halfulp::projection how{.rounding = halfulp::rounding_mode::toward_negative};
    const auto flushed = [](either_operand x, const either_format& f, int least_exponent) {
        number& n = x.reference.x;
        if (n.is_finite() && compare(n.magnitude, power_of_two(least_exponent)) < 0) n.magnitude = {};
        x.library = halfulp::with_zeros(x.library, f.library);
        return x;
    };
    judge judging(to, out);
    const std::vector<way> ways{{how, halfulp::tininess::after, to.library}};
    for (const either_operand& a : all_codes(from)) {
        for (const either_operand& b : all_codes(other)) {
            const std::vector<either_operand> pair{flushed(a, from, -14), flushed(b, other, -7)};
            for (const auto op : two_operand_operations) judging.check(op, pair, ways);
        }
    }
    out.conclude();
}
