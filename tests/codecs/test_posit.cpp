// Posits against the Posit Standard's definition in exact rationals: every code, mode and random integer of up to 4 bits for all formats of
// up to 10 bits, random samples of the wide ones, and gaps of up to 256 binades.
#include <algorithm>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "codecs/support/carrier.hpp"
#include "codecs/support/probes.hpp"
#include "codecs/support/report.hpp"
#include "codecs/support/translate.hpp"
#include "halfulp/codecs/posit_codec.hpp"
#include "halfulp/formats/posit_name.hpp"
#include "oracle/project.hpp"
#include "oracle/rounding.hpp"

using namespace oracle;
using halfulp::posit_format;

namespace {

constexpr auto overflow_policies = {halfulp::overflow_policy::native,        halfulp::overflow_policy::sat_finite,
                                    halfulp::overflow_policy::sat_propagate, halfulp::overflow_policy::sat_none,
                                    halfulp::overflow_policy::to_nan,        halfulp::overflow_policy::wrap,
                                    halfulp::overflow_policy::unbounded};

posit_format posit(int n, int es) { return {static_cast<std::uint8_t>(n), static_cast<std::uint8_t>(es)}; }

/// The number of a bit string of n bits, by the formula that the standard of 2022 has for both signs, without negation:
/// ((1 - 3s) + f) × 2^((1 - 2s) × (2^es r + e + s)).
number value_of(rung code, int n, int es) {
    if (code == 0) return number::finite(false, {});
    if (code == rung{1} << (n - 1)) return number::nan();
    int at = n - 1;  // the bits that are still to be read lie below
    const auto next = [&] { return at > 0 ? static_cast<int>(code >> --at & 1) : 0; };
    const int s = static_cast<int>(code >> at & 1);
    const int first = next();
    int run = 1;
    while (at > 0 && next() == first) ++run;  // takes the bit that ends the run, too
    const int r = first == 1 ? run - 1 : -run;
    int e = 0;
    for (int i = 0; i < es; ++i) e = 2 * e + next();
    const integer f = static_cast<std::uint64_t>(code & ((rung{1} << at) - 1));
    const integer one = integer(1) << static_cast<unsigned>(at);
    const integer numerator = (1 - 3 * s) * one + f;
    const int exponent = (1 - 2 * s) * (r * (1 << es) + e + s);
    return number::finite(numerator < 0, scaled({abs(numerator), one}, exponent));
}

/// A posit format with its place for every positive number.
class posits {
  public:
    posits(int n, int es) : n_(n), es_(es) {
        if (n > 16) return;
        for (rung m = 0; m <= top(); ++m) table_.push_back(value_of(m, n, es).magnitude);
    }
    rung top() const { return (rung{1} << (n_ - 1)) - 1; }
    rational magnitude(rung m) const {
        return table_.empty() ? value_of(m, n_, es_).magnitude : table_[static_cast<std::size_t>(m)];
    }
    /// What lies between a magnitude code and the next one if the posits have one bit more.
    rational midpoint(rung m) const { return value_of(2 * m + 1, n_ + 1, es_).magnitude; }

    struct place {
        rung lower;
        gap linear;  ///< for modes that look at the real numbers
        gap in_string;  ///< for nearest modes: a quarter, half or three quarters
    };
    place locate(const rational& x) const {
        if (compare(x, magnitude(1)) <= 0) return {1, {}, {}};
        if (compare(x, magnitude(top())) >= 0) return {top(), {}, {}};
        rung low = 1, high = top();
        while (high - low > 1) {
            const rung middle = (low + high) / 2;
            (compare(magnitude(middle), x) <= 0 ? low : high) = middle;
        }
        const rational a = magnitude(low), b = magnitude(high);
        place out{low, {}, {}};
        out.linear.lower_even = out.in_string.lower_even = low % 2 == 0;
        const integer above = x.num * a.den - a.num * x.den;
        out.linear.f = {integer(above * b.den), integer((b.num * a.den - a.num * b.den) * x.den)};
        if (above != 0) out.in_string.f = {2 + compare(x, midpoint(low)), 4};
        return out;
    }

    /// The code of a magnitude code with a sign, by subtraction from 2^n.
    std::uint64_t code(bool negative, rung m) const {
        return static_cast<std::uint64_t>(negative && m != 0 ? (rung{1} << n_) - m : m);
    }
    std::uint64_t nar() const { return std::uint64_t{1} << (n_ - 1); }
    number value(std::uint64_t c) const { return value_of(static_cast<rung>(c), n_, es_); }

  private:
    int n_, es_;
    std::vector<rational> table_;
};

bool looks_at_string(mode m) {
    switch (m) {
        case mode::nearest_ties_to_even:
        case mode::nearest_ties_to_odd:
        case mode::nearest_ties_to_away:
        case mode::nearest_ties_to_zero:
        case mode::nearest_ties_up:
        case mode::nearest_ties_down: return true;
        default: return false;
    }
}

std::uint64_t round_code(const posits& p, const posits::place& at, bool negative, mode m, std::uint32_t r, int bits) {
    const gap& where = looks_at_string(m) ? at.in_string : at.linear;
    return p.code(negative, at.lower + (goes_away(m, negative, where, r, bits) ? 1 : 0));
}

/// The bits of a number in a carrier, to nearest even where that does not hold it.
template <class T>
std::uint64_t in_carrier(const number& x) {
    if (const auto bits = carrier<T>::bits_of(x)) return *bits;
    const format& f = carrier<T>::as_format();
    return code_of(project(x, f, oracle::projection{}, 0, purpose::encode), f);
}

/// The modes with each number of random bits of interest and every R.
struct draw {
    halfulp::rounding_mode mode;
    int bits;
    std::uint32_t r;
};
std::vector<draw> all_draws(int most_bits) {
    std::vector<draw> all;
    for (const auto& row : halfulp::rounding_modes) {
        if (!halfulp::is_stochastic(row.mode))
            all.push_back({row.mode, 32, 0});
        else
            for (int bits = 1; bits <= most_bits; ++bits)
                for (std::uint32_t r = 0; r < 1u << bits; ++r) all.push_back({row.mode, bits, r});
    }
    return all;
}

template <class T>
class subject {
  public:
    subject(int n, int es) : exact_(n, es), format_(posit(n, es)) {}

    const posits& exact() const { return exact_; }
    const posit_format& library() const { return format_; }

    /// ± the number of these magnitude bits, in all these ways.
    void check(std::uint64_t magnitude, const std::vector<draw>& draws, report& out) const {
        const posits::place at = exact_.locate(carrier<T>::exact(magnitude).magnitude);
        for (const bool negative : {false, true}) {
            const std::uint64_t bits = magnitude | (negative ? carrier<T>::sign : 0);
            for (const draw& d : draws) {
                const std::uint64_t code =
                    magnitude == 0 ? 0 : round_code(exact_, at, negative, translate(d.mode), d.r, d.bits);
                check_one(bits, {.rounding = d.mode, .random_bits = static_cast<std::uint8_t>(d.bits)}, d.r, code, out);
            }
        }
    }

    void check_one(std::uint64_t bits, const halfulp::projection& how, std::uint32_t r, std::uint64_t code,
                   report& out) const {
        const T x = carrier_traits<T>::from(bits);
        const auto about = [&](const char* verb, std::uint64_t got, std::uint64_t wanted) {
            return std::string(verb) + " (" + oracle::describe<T>(bits) + ", " + halfulp::to_string(format_) + ", " +
                   oracle::describe(how) + ", R=" + hex(r) + ") is " + hex(got) + ", the oracle says " + hex(wanted);
        };
        const std::uint64_t got = halfulp::encode(x, format_, how, r);
        out.check(got == code, [&] { return about("encode", got, code); });
        const std::uint64_t value = in_carrier<T>(exact_.value(code));
        const std::uint64_t rounded = carrier_traits<T>::to(halfulp::round(x, format_, how, r));
        out.check(rounded == value, [&] { return about("round", rounded, value); });
    }

  private:
    posits exact_;
    posit_format format_;
};

/// Members, both midpoints above each, and points beyond both ends, with their neighbours in the carrier.
template <class T>
magnitudes edges_of(const posits& p) {
    magnitudes all{0, 1, carrier<T>::smallest_normal, carrier<T>::largest};
    for (rung m = 1; m <= p.top(); ++m) {
        around<T>(p.magnitude(m), all);
        if (m == p.top()) break;
        around<T>(p.midpoint(m), all);
        around<T>(scaled(add(p.magnitude(m), p.magnitude(m + 1)), -1), all);
    }
    for (const int k : {-33, -2, -1}) around<T>(scaled(p.magnitude(1), k), all);
    for (const int k : {1, 2, 33}) around<T>(scaled(p.magnitude(p.top()), k), all);
    tidy(all);
    return all;
}

template <class T>
void check_every_edge(int n, int es, int most_bits, report& out) {
    const subject<T> s(n, es);
    const std::vector<draw> draws = all_draws(most_bits);
    for (const std::uint64_t bits : edges_of<T>(s.exact())) s.check(bits, draws, out);
}

/// R at which a stochastic mode changes its mind, and its neighbours.
std::vector<draw> turns(const gap& where, bool negative) {
    std::vector<draw> all;
    for (const auto m : {halfulp::rounding_mode::stochastic_a, halfulp::rounding_mode::stochastic_b,
                         halfulp::rounding_mode::stochastic_c, halfulp::rounding_mode::stochastic_equal}) {
        for (const int bits : {1, 7, 24, 32}) {
            const std::uint64_t every = std::uint64_t{1} << bits;
            const std::uint64_t away = count_away(translate(m), negative, where, bits);
            if (away > 0) all.push_back({m, bits, static_cast<std::uint32_t>(every - away)});
            if (away < every) all.push_back({m, bits, static_cast<std::uint32_t>(every - away - 1)});
        }
    }
    return all;
}

}  // namespace

TEST_CASE("every code of posits of up to 10 bits, and of 16, has the standard's number") {
    report out;
    for (int n = 2; n <= 16; n = n == 10 ? 16 : n + 1) {
        for (int es = 0; es <= 8; ++es) {
            const posit_format f = posit(n, es);
            for (std::uint64_t code = 0; code < std::uint64_t{1} << n; ++code) {
                const number want = value_of(static_cast<rung>(code), n, es);
                const halfulp::projected got = halfulp::projected_from_code(code | ~f.code_mask(), f);
                const number has = got.kind == halfulp::number_class::nan
                                       ? number::nan()
                                       : number::finite(got.negative, scaled({got.significand, 1}, got.exponent));
                const auto about = [&] { return halfulp::to_string(f) + " code " + hex(code); };
                out.check(same(has, want), about);
                out.check(halfulp::to_code(got, f) == code, about);
                const halfulp::projected again =
                    got.kind == halfulp::number_class::nan
                        ? got
                        : halfulp::posit_projector(f, {}).finite(got.negative, got.significand, got.exponent, false, 0);
                out.check(halfulp::to_code(again, f) == code && !again.inexact && !again.overflowed, about);
                out.check(carrier_traits<double>::to(halfulp::decode<double>(code, f)) == in_carrier<double>(want),
                          about);
            }
            out.check(halfulp::largest(f) == f.value(f.max_magnitude()), [&] { return halfulp::to_string(f); });
        }
    }
    out.conclude();
}

TEST_CASE("posits of up to 10 bits round as defined: every edge, mode and R") {
    report out;
    for (int n = 2; n <= 10; ++n) {
        for (int es = 0; es <= 3; ++es) {
            check_every_edge<float>(n, es, 4, out);
            check_every_edge<double>(n, es, 2, out);
            check_every_edge<halfulp::float16>(n, es, 1, out);
            check_every_edge<halfulp::bfloat16>(n, es, 1, out);
        }
    }
    out.conclude();
}

TEST_CASE("posits of 16 bits round as defined at every edge", "[long]") {
    report out;
    for (int es = 1; es <= 2; ++es) check_every_edge<double>(16, es, 2, out);
    out.conclude();
}

TEST_CASE("wide posits round as defined: random numbers of every size, R where stochastic modes change their minds") {
    report out;
    std::mt19937_64 random(6);
    for (const auto& [n, es] : std::vector<std::pair<int, int>>{
             {16, 1}, {16, 2}, {16, 5}, {24, 2}, {32, 0}, {32, 2}, {32, 4}, {64, 0}, {64, 2}, {64, 3}, {64, 8}}) {
        const subject<double> s(n, es);
        const int reach = std::min(s.library().max_exponent() + 3, 1022);
        for (int i = 0; i < 300; ++i) {
            const int exponent = static_cast<int>(random() % static_cast<unsigned>(2 * reach + 1)) - reach;
            // Few bits are as likely as many: long runs of zeros and ones are where carries and ties are.
            std::uint64_t fraction = random() & ((std::uint64_t{1} << 52) - 1);
            if (i % 3 != 0) fraction &= ~std::uint64_t{0} << (random() % 53);
            if (i % 3 == 2) fraction |= (std::uint64_t{1} << (random() % 53)) - 1;
            const std::uint64_t bits = (static_cast<std::uint64_t>(exponent + 1023) << 52) | fraction;
            const posits::place at = s.exact().locate(carrier<double>::exact(bits).magnitude);
            std::vector<draw> draws = all_draws(0);
            for (const draw& d : turns(at.linear, false)) draws.push_back(d);
            s.check(bits, draws, out);
        }
    }
    out.conclude();
}

TEST_CASE("the place in a gap of many binades is exact for significands of 64 and 128 bits") {
    report out;
    std::mt19937_64 random(7);
    const auto check = [&](const posit_format& f, const posits& exact, halfulp::uint128 significand, int exponent,
                           bool sticky) {
        integer whole = static_cast<std::uint64_t>(significand >> 64);
        whole = (whole << 64) + static_cast<std::uint64_t>(significand);
        // A little more than the last bit says: half of it.
        const rational x = sticky ? scaled({integer(2 * whole + 1), 1}, exponent - 1) : scaled({whole, 1}, exponent);
        const posits::place at = exact.locate(x);
        // What stands for "a little more" must not be the very place where a mode changes its mind.
        if (sticky && (at.linear.f.num << 34) % at.linear.f.den == 0) return out.skip();
        std::vector<draw> draws = all_draws(0);
        for (const draw& d : turns(at.linear, false)) draws.push_back(d);
        for (const draw& d : draws) {
            const halfulp::projection how{.rounding = d.mode, .random_bits = static_cast<std::uint8_t>(d.bits)};
            const halfulp::posit_projector to(f, how);
            const std::uint64_t want = round_code(exact, at, false, translate(d.mode), d.r, d.bits);
            const auto about = [&] {
                return halfulp::to_string(f) + " " + oracle::describe(how) + " significand " +
                       hex(static_cast<std::uint64_t>(significand >> 64)) + ":" +
                       hex(static_cast<std::uint64_t>(significand)) + " exponent " + std::to_string(exponent) +
                       (sticky ? " and more" : "") + " R=" + hex(d.r);
            };
            out.check(halfulp::to_code(to.finite(false, significand, exponent, sticky, d.r), f) == want, about);
            if (significand >> 64 == 0 && !sticky) {
                const auto narrow = static_cast<std::uint64_t>(significand);
                out.check(halfulp::to_code(to.finite(false, narrow, exponent, sticky, d.r), f) == want, about);
            }
        }
    };
    for (const int es : {2, 4, 6, 7, 8}) {
        for (const int n : {3, 5}) {
            const posit_format f = posit(n, es);
            const posits exact(n, es);
            for (rung m = 1; m < exact.top(); ++m) {
                const rational a = exact.magnitude(m), b = exact.magnitude(m + 1);
                const rational gap_size{integer(b.num * a.den - a.num * b.den), integer(a.den * b.den)};
                for (int i = 0; i < 24; ++i) {
                    // A place where a mode changes its mind, or one binade of all that lie in the gap; cut to 128, 64 or 3 bits.
                    const std::uint64_t steps = i % 4 == 0 ? 1 + random() % 3 : 1 + random() % ((1u << (i + 1)) - 1);
                    const int step = i % 4 == 0 ? 2 : i + 1;
                    const int binades = floor_log2(b) - floor_log2(a);
                    const rational x = i % 3 == 0
                                           ? scaled(a, static_cast<int>(random() % static_cast<unsigned>(binades)))
                                           : add(a, scaled({integer(gap_size.num * steps), gap_size.den}, -step));
                    for (const int length : {128, 64, 3}) {
                        const int exponent = floor_log2(x) - length + 1;
                        const integer cut = floor(scaled(x, -exponent));
                        for (int more = -1; more <= 1; ++more) {
                            const integer near = cut + more;
                            if (near <= 0 || msb(near) >= 128) continue;
                            const auto high = static_cast<std::uint64_t>(near >> 64);
                            const auto low = static_cast<std::uint64_t>(near & ~std::uint64_t{0});
                            const halfulp::uint128 significand = (halfulp::uint128{high} << 64) | low;
                            check(f, exact, significand, exponent, false);
                            if (length == 128) check(f, exact, significand, exponent, true);
                        }
                    }
                }
            }
        }
    }
    out.conclude();
}

TEST_CASE("policies speak about infinities alone: saturating ones give maxpos, the others NaR") {
    report out;
    for (const auto& [n, es] : std::vector<std::pair<int, int>>{{2, 0}, {3, 1}, {8, 2}, {16, 1}, {32, 2}, {64, 3}}) {
        const subject<double> s(n, es);
        for (const auto& row : halfulp::rounding_modes) {
            for (const auto overflow : overflow_policies) {
                for (const auto nan :
                     {halfulp::nan_policy::to_max, halfulp::nan_policy::to_zero, halfulp::nan_policy::keep}) {
                    for (const auto ftz : {halfulp::ftz_policy::none, halfulp::ftz_policy::before}) {
                        const halfulp::projection how{
                            .rounding = row.mode, .overflow = overflow, .nan = nan, .ftz = ftz};
                        const bool saturates = overflow == halfulp::overflow_policy::sat_finite ||
                                               overflow == halfulp::overflow_policy::sat_propagate ||
                                               overflow == halfulp::overflow_policy::sat_none;
                        using c = carrier<double>;
                        const posits& p = s.exact();
                        for (const std::uint64_t nan_bits : {c::quiet_nan, c::infinity + 1, c::quiet_nan | c::sign})
                            s.check_one(nan_bits, how, 0, p.nar(), out);
                        for (const bool negative : {false, true}) {
                            const std::uint64_t sign = negative ? c::sign : 0;
                            s.check_one(c::infinity | sign, how, 0, saturates ? p.code(negative, p.top()) : p.nar(),
                                        out);
                            s.check_one(sign, how, 0, 0, out);
                            s.check_one(sign | 1, how, 0, p.code(negative, 1), out);
                        }
                    }
                }
            }
        }
    }
    out.conclude();
}

TEST_CASE("posits: numbers of the standard and of its rounding rule") {
    constexpr posit_format posit8{8, 2};
    static_assert(halfulp::encode(0x1p22f, posit8) == 0x7E);  // between 2^20 and 2^24: a tie, to the even code
    static_assert(halfulp::encode(0x1.8p22f, posit8) == 0x7F);
    static_assert(halfulp::encode(0x1.8p22f, posit8, {.rounding = halfulp::rounding_mode::toward_zero}) == 0x7E);
    static_assert(halfulp::encode(1.0f, posit8) == 0x40);
    static_assert(halfulp::encode(-1.0f, posit8) == 0xC0);
    static_assert(halfulp::decode<float>(0x7F, posit8) == 0x1p24f);
    static_assert(halfulp::decode<float>(0x81, posit8) == -0x1p24f);
    static_assert(halfulp::round(3.14159f, posit8) == 3.25f);
    // posit<4, 2> whole.
    constexpr float numbers[] = {0, 0x1p-8f, 0x1p-4f, 0x1p-2f, 1, 4, 16, 256};
    for (unsigned code = 0; code < 8; ++code) {
        CHECK(halfulp::decode<float>(code, posit_format{4, 2}) == numbers[code]);
        CHECK(halfulp::decode<float>(16 - code, posit_format{4, 2}) == -numbers[code]);
    }
    const halfulp::posit_projector to(posit8, {});
    CHECK(to.finite(false, std::uint64_t{1}, 24, false, 0).inexact == false);
    CHECK(to.finite(false, std::uint64_t{1}, 24, false, 0).overflowed == false);
    CHECK(to.finite(false, std::uint64_t{3}, 23, false, 0).overflowed);
    CHECK(to.finite(true, std::uint64_t{3}, 23, false, 0).inexact);
    CHECK(to.finite(false, std::uint64_t{1}, -25, false, 0).inexact);
    CHECK_FALSE(to.finite(false, std::uint64_t{1}, -25, false, 0).overflowed);
    CHECK_FALSE(to.finite(false, std::uint64_t{9}, -3, false, 0).inexact);
    CHECK(to.finite(false, std::uint64_t{1}, 22, false, 0).inexact);
    CHECK(to.infinity(false).overflowed);
    CHECK_FALSE(to.nan_result(false).overflowed);
}

TEST_CASE("posit8_2 has the numbers and the ties of its vector file") {
    std::ifstream file(HALFULP_TESTS_DIR "/vectors/codes/posit8_2.json");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    const auto numbers = [&](const std::string& key) {
        std::vector<double> all;
        std::size_t at = text.find("\"" + key + "\": [");
        REQUIRE(at != std::string::npos);
        const std::size_t end = text.find(']', at);
        for (at = text.find('[', at); (at = text.find('"', at + 1)) < end; at = text.find('"', at + 1))
            all.push_back(std::strtod(text.c_str() + at + 1, nullptr));
        return all;
    };
    constexpr posit_format posit8{8, 2};
    const std::vector<double> values = numbers("values");
    REQUIRE(values.size() == 256);
    for (std::size_t code = 0; code < values.size(); ++code) {
        const auto value = halfulp::decode<double>(code, posit8);
        CHECK((value == values[code] || (code == 0x80 && value != value)));
        CHECK(halfulp::encode(values[code], posit8) == code);
    }
    const std::vector<double> midpoints = numbers("midpoints");
    REQUIRE(midpoints.size() == 126);
    for (std::size_t i = 0; i < midpoints.size(); ++i) {
        const std::uint64_t lower = i + 1, even = lower + lower % 2;
        CHECK(halfulp::encode(midpoints[i], posit8) == even);
        CHECK(halfulp::encode(-midpoints[i], posit8) == 256 - even);
        CHECK(halfulp::encode(std::nextafter(midpoints[i], 0.0), posit8) == lower);
        CHECK(halfulp::encode(std::nextafter(midpoints[i], 1e300), posit8) == lower + 1);
    }
}

TEST_CASE("names of posits give their fields, print back, and are refused where no format is like that") {
    for (const auto& [text, f] : std::vector<std::pair<const char*, posit_format>>{
             {"posit2_0", {2, 0}}, {"posit8_2", {8, 2}}, {"posit16_1", {16, 1}}, {"posit64_8", {64, 8}}}) {
        INFO(text);
        const auto parsed = halfulp::parse_posit_format(text);
        REQUIRE(parsed);
        CHECK(*parsed == f);
        CHECK(halfulp::to_string(f) == text);
        CHECK_NOTHROW(halfulp::validate(f));
    }
    for (const char* text : {"posit", "posit8", "posit8_", "posit_2", "posit8_2s", "posit08_2", "posit8_02",
                             "posit8_-1", "posit8.2", "Posit8_2", "posit8_2 ", "posit1000_2"})
        CHECK_FALSE(halfulp::parse_posit_format(text));
    using Catch::Matchers::ContainsSubstring;
    using Catch::Matchers::MessageMatches;
    for (const char* text : {"posit0_2", "posit1_0", "posit65_2", "posit258_2"})
        CHECK_THROWS_MATCHES(halfulp::parse_posit_format(text), std::invalid_argument,
                             MessageMatches(ContainsSubstring("2 to 64")));
    for (const char* text : {"posit8_9", "posit8_256"})
        CHECK_THROWS_MATCHES(halfulp::parse_posit_format(text), std::invalid_argument,
                             MessageMatches(ContainsSubstring("0 to 8")));
    CHECK_THROWS_AS(halfulp::validate(posit_format{1, 2}), std::invalid_argument);
    CHECK_THROWS_AS(halfulp::validate(posit_format{65, 2}), std::invalid_argument);
    CHECK_THROWS_AS(halfulp::validate(posit_format{8, 9}), std::invalid_argument);
}

TEST_CASE("a carrier holds a posit format where it holds every code's number") {
    report out;
    const auto check = [&]<class T>(T) {
        for (int n = 2; n <= 16; ++n) {
            for (int es = 0; es <= 8; ++es) {
                bool every = true;
                const posits p(n, es);
                for (rung m = 0; m <= p.top() && every; ++m)
                    every = carrier<T>::bits_of(number::finite(false, p.magnitude(m))).has_value();
                out.check(holds(halfulp::carrier_traits<T>::format, posit(n, es)) == every, [&] {
                    return std::string(carrier_traits<T>::name) + " " + halfulp::to_string(posit(n, es));
                });
            }
        }
    };
    check(halfulp::float16{});
    check(halfulp::bfloat16{});
    check(float{});
    check(double{});
    out.conclude();
    CHECK(holds(halfulp::binary64_format, posit_format{32, 2}));
    CHECK_FALSE(holds(halfulp::binary32_format, posit_format{32, 2}));
    CHECK_FALSE(holds(halfulp::binary64_format, posit_format{64, 2}));
}
