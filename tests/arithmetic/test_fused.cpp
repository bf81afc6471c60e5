// fma (a b + c) and FAA (a + b + c), rounded once: all triples of small formats.
#include "arithmetic/support/judge.hpp"

using namespace oracle;

namespace {

constexpr std::array fused{halfulp::operation::fma, halfulp::operation::faa};

/// Calls f with every triple of codes.
template <class F>
void each_triple(const std::vector<either_operand>& codes, F&& f) {
    std::vector<either_operand> triple(3);
    for (const either_operand& a : codes) {
        triple[0] = a;
        for (const either_operand& b : codes) {
            triple[1] = b;
            for (const either_operand& c : codes) {
                triple[2] = c;
                f(triple);
            }
        }
    }
}

void check_every_fma(const char* name) {
    report out;
    const either_format f(name);
    judge judging(f, out);
    const std::vector<way> ways{{{}, halfulp::tininess::after, f.library}};
    each_triple(all_codes(f), [&](const auto& triple) { judging.check(halfulp::operation::fma, triple, ways); });
    out.conclude();
}

}  // namespace

TEST_CASE("every triple of codes of 4-bit formats, in all modes") {
    report out;
    for (const char* name :
         {"e2m1fn", "e2m1", "e2m1fnuz", "Binary4p2se", "Binary4p3ue", "e4m0fnu", "posit4_0", "q2.2"}) {
        const either_format f(name);
        judge judging(f, out);
        const std::vector<way> ways = every_mode(f.library);
        each_triple(all_codes(f), [&](const auto& triple) {
            for (const auto op : fused) judging.check(op, triple, ways);
        });
    }
    out.conclude();
}

TEST_CASE("every triple of codes of 5- and 6-bit formats, in one mode each") {
    report out;
    for (const char* name : {"Binary5p2se", "e2m2fn", "e3m2fn", "e3m1"}) {
        const either_format f(name);
        judge judging(f, out);
        const std::vector<way> ways = every_mode(f.library, {}, true);
        std::size_t turn = 0;
        each_triple(all_codes(f), [&](const auto& triple) {
            for (const auto op : fused) judging.check(op, triple, std::span(ways).subspan(turn++ % ways.size(), 1));
        });
    }
    out.conclude();
}

TEST_CASE("random triples of codes of 8-bit formats, in one mode each") {
    report out;
    std::mt19937_64 random(71);
    for (const char* name : {"e4m3fn", "e5m2", "e4m3", "e5m2fnuz", "e8m0fnu", "e4m3fnu", "Binary8p3se", "Binary8p5ue",
                             "posit8_2", "posit8_0", "int8", "uint8", "q4.4"}) {
        const either_format f(name);
        judge judging(f, out);
        const std::vector<way> ways = every_mode(f.library, {}, true);
        for (int i = 0; i < 12000; ++i) {
            const std::vector<either_operand> triple{from_code(random() & 255, f), from_code(random() & 255, f),
                                                     from_code(random() & 255, f)};
            for (const auto op : fused) judging.check(op, triple, std::span(ways).subspan(random() % ways.size(), 1));
        }
    }
    out.conclude();
}

TEST_CASE("every fma of e4m3fn", "[long]") { check_every_fma("e4m3fn"); }
TEST_CASE("every fma of e5m2", "[long]") { check_every_fma("e5m2"); }
TEST_CASE("every fma of Binary8p3se", "[long]") { check_every_fma("Binary8p3se"); }
