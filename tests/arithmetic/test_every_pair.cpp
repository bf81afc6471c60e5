// Every pair of codes of small formats, added, subtracted, multiplied, divided and reduced: result and flags as the oracle says.
#include "arithmetic/support/judge.hpp"
#include "codecs/support/shapes.hpp"

using namespace oracle;

namespace {

/// All pairs in the first way, and each pair in one of the others, which change from pair to pair.
void check_pairs(const either_format& f, const std::vector<way>& ways, report& out) {
    judge judging(f, out);
    const std::vector<either_operand> codes = all_codes(f);
    std::size_t turn = 0;
    std::vector<either_operand> pair(2);
    for (const either_operand& a : codes) {
        pair[0] = a;
        for (const either_operand& b : codes) {
            pair[1] = b;
            for (const halfulp::operation op : two_operand_operations) {
                judging.check(op, pair, std::span(ways).first(1));
                judging.check(op, pair, std::span(ways).subspan(1 + turn++ % (ways.size() - 1), 1));
            }
        }
    }
}

/// All pairs in all ways.
void check_all_pairs(const either_format& f, const std::vector<way>& ways, report& out) {
    judge judging(f, out);
    const std::vector<either_operand> codes = all_codes(f);
    std::vector<either_operand> pair(2);
    for (const either_operand& a : codes) {
        pair[0] = a;
        for (const either_operand& b : codes) {
            pair[1] = b;
            for (const halfulp::operation op : two_operand_operations) judging.check(op, pair, ways);
        }
    }
}

std::vector<std::string> small_names() {
    std::vector<std::string> names;
    for (const named_format& f : registered(1, 8)) names.push_back(f.name);
    for (const char* name : {"Binary8p4se", "Binary8p3sf", "Binary8p1ue", "Binary8p4uf", "Binary6p1se", "Binary6p2sf",
                             "Binary5p3ue", "Binary4p2sf", "e4m3fn_nosub", "e3m2_nosub", "e2m1b7fn", "e3m0f",
                             "posit6_1", "posit8_2", "int4", "uint6", "q3.3s", "q2.4"})
        names.emplace_back(name);
    return names;
}

}  // namespace

TEST_CASE("every pair of codes of formats of up to 6 bits: all modes, both kinds of tininess") {
    report out;
    for (const std::string& name : small_names()) {
        const either_format f(name);
        if (f.reference.width() <= 5) check_all_pairs(f, every_mode(f.library, {}, true), out);
        if (f.reference.width() == 6) check_pairs(f, every_mode(f.library, {}, true), out);
    }
    out.conclude();
}

TEST_CASE("every pair of codes of 8-bit formats: nearest even, and one other mode for each pair") {
    report out;
    for (const char* name : {"e4m3fn", "e5m2", "Binary8p3se", "posit8_2"}) {
        const either_format f(name);
        check_pairs(f, every_mode(f.library, {}, true), out);
    }
    out.conclude();
}

TEST_CASE("every pair of codes of formats of up to 8 bits: all modes, both kinds of tininess", "[long]") {
    report out;
    for (const std::string& name : small_names()) {
        const either_format f(name);
        check_all_pairs(f, every_mode(f.library, {}, true), out);
    }
    out.conclude();
}

TEST_CASE("every pair of codes under every overflow, NaN and flush policy") {
    report out;
    for (const char* name : {"e2m1fn", "e3m0f", "Binary4p2sf", "Binary5p3ue", "e3m1", "e3m1u", "e2m2fnuz", "e3m1_nosub",
                             "e3m2fn_nosub", "e2m2fu", "e4m0fnu", "posit4_1", "int4", "uint4", "q2.2s", "uint1"}) {
        const either_format f(name);
        const bool is_float = f.library.as_float() != nullptr;
        for (const auto overflow : {halfulp::overflow_policy::native, halfulp::overflow_policy::sat_finite,
                                    halfulp::overflow_policy::sat_propagate, halfulp::overflow_policy::sat_none,
                                    halfulp::overflow_policy::to_nan, halfulp::overflow_policy::wrap}) {
            if (overflow == halfulp::overflow_policy::wrap && f.library.as_fixed() == nullptr) continue;
            for (const auto nan : {halfulp::nan_policy::to_max, halfulp::nan_policy::to_zero}) {
                if (nan != halfulp::nan_policy::to_max && f.library.has_nan()) continue;
                for (const auto ftz :
                     {halfulp::ftz_policy::none, halfulp::ftz_policy::before, halfulp::ftz_policy::after}) {
                    if (ftz != halfulp::ftz_policy::none && !is_float) continue;
                    check_pairs(f, every_mode(f.library, {.overflow = overflow, .nan = nan, .ftz = ftz}, true), out);
                }
            }
        }
    }
    out.conclude();
}

TEST_CASE("every pair with no limit on the exponent: the rounded number itself, and no overflow") {
    report out;
    for (const char* name : {"e2m1fn", "e3m2", "e4m0fnu", "Binary5p2se", "e3m1fnuz", "e2m2fu"}) {
        const either_format f(name);
        const format exact(*f.library.as_float());
        for (const auto& row : halfulp::rounding_modes) {
            const halfulp::projection how{.rounding = row.mode, .overflow = halfulp::overflow_policy::unbounded};
            const paired both(how);
            for (const auto op : two_operand_operations) {
                const halfulp::calculator calculate(op, f.library, how);
                for (const either_operand& a : all_codes(f)) {
                    for (const either_operand& b : all_codes(f)) {
                        const std::array operands{a.reference, b.reference};
                        circumstances given;
                        given.negative_zero_sum = row.mode == halfulp::rounding_mode::toward_negative;
                        given.zero_divisor_is_nan = f.reference.zero_divisor_is_nan();
                        const exact_value want = evaluate(translate(op), operands, given);
                        constexpr std::uint32_t random = 0x90000000;
                        const number rounded =
                            value_of(oracle::project(want.x, exact, both.reference, random, purpose::round), exact);
                        const halfulp::calculated got = calculate({a.library, b.library, {}}, random);
                        const halfulp::projected& n = got.number;
                        const number has = n.kind == halfulp::number_class::nan ? number::nan()
                                           : n.kind == halfulp::number_class::infinity
                                               ? number::infinity(n.negative)
                                               : number::finite(n.negative, scaled({n.significand, 1}, n.exponent));
                        const bool is_nan = n.kind == halfulp::number_class::nan || n.missing_nan;
                        const bool good = is_nan ? rounded.is_nan() || want.x.is_nan() : same(has, rounded);
                        out.check(good && (got.flags & halfulp::flag::overflow) == 0, [&] {
                            return std::string(halfulp::row_of(op).name) + ", " + a.text + ", " + b.text + ", " +
                                   describe(how) + " flags " + hex(got.flags);
                        });
                    }
                }
            }
        }
    }
    out.conclude();
}

TEST_CASE("sums and products of 64-bit integers are exact modulo 2^64") {
    std::mt19937_64 random(9);
    for (const char* name : {"int64", "uint64"}) {
        const halfulp::format f = halfulp::parse_format(name);
        const halfulp::projection how{.overflow = halfulp::overflow_policy::wrap};
        const auto of = [&](halfulp::operation op, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
            const auto x = [&](std::uint64_t code) { return halfulp::operand_of_code(code, f); };
            return halfulp::to_code(halfulp::calculator(op, f, how)({x(a), x(b), x(c)}).number, f);
        };
        for (int i = 0; i < 2000; ++i) {
            const auto any = [&] { return random() % 4 == 0 ? random() % 3 - 1 : random() >> (random() % 64); };
            const std::uint64_t a = any(), b = any(), c = any();
            INFO(name << ": " << a << " " << b << " " << c);
            REQUIRE(of(halfulp::operation::add, a, b, c) == a + b);
            REQUIRE(of(halfulp::operation::sub, a, b, c) == a - b);
            REQUIRE(of(halfulp::operation::mul, a, b, c) == a * b);
            REQUIRE(of(halfulp::operation::fma, a, b, c) == a * b + c);
            REQUIRE(of(halfulp::operation::faa, a, b, c) == a + b + c);
        }
    }
}
