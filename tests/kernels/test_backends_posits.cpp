// round, encode and decode on every backend for posits: the bits of the scalar definition at every member, at every midpoint of bit strings
// and beside both, at random bits and at all that is not finite.
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <stdexcept>

#include "halfulp/codecs/any_projector.hpp"
#include "hostile_environment.hpp"
#include "support/conversion_cases.hpp"

using namespace halfulp;
using namespace halfulp::tests;

namespace {

/// Around what kernels cover: widths to 24 bits, exponents to those of normal numbers; posit25_2 and posit16_4 are beyond.
constexpr std::array<posit_format, 15> shapes{{{16, 2},
                                               {16, 1},
                                               {16, 0},
                                               {16, 3},
                                               {9, 4},
                                               {9, 0},
                                               {10, 3},
                                               {12, 2},
                                               {24, 2},
                                               {8, 2},
                                               {3, 1},
                                               {2, 0},
                                               {2, 2},
                                               {25, 2},
                                               {16, 4}}};

/// The carrier's number nearest to the value, and those beside it.
template <carrier T>
void add_around(double value, std::vector<T>& to) {
    const std::uint64_t bits = encode(value, carrier_traits<T>::format, {.overflow = overflow_policy::sat_finite});
    to.push_back(from_bits<T>(bits));
    to.push_back(from_bits<T>(bits + 1));
    if (bits != 0) to.push_back(from_bits<T>(bits - 1));
}

/// `thin`: one of so many members only.
template <carrier T>
std::vector<T> inputs(const posit_format& p, std::uint64_t thin, generator& random) {
    constexpr float_format own = carrier_traits<T>::format;
    std::vector<T> x;
    // The strings of one bit more: members have an even one, midpoints an odd one.
    posit_format finer = p;
    finer.width = static_cast<std::uint8_t>(p.width + 1);
    const format strings(finer);
    for (std::uint64_t code = random() % thin; code <= strings.max_code(); code += thin) {
        if (!finer.is_nan(code)) add_around(decode<double>(code, strings), x);
    }
    for (std::uint64_t code = 0; code < 40; ++code) {  // and those at both ends and around 1
        for (const std::uint64_t middle : {std::uint64_t{20}, finer.sign_mask() >> 1, finer.sign_mask()})
            if (!finer.is_nan(middle + code - 20)) add_around(decode<double>(middle + code - 20, strings), x);
    }
    for (const std::uint64_t m :
         {std::uint64_t{0}, std::uint64_t{1}, own.hidden_bit() - 1, own.hidden_bit(), own.infinity_magnitude() - 1,
          own.infinity_magnitude(), own.infinity_magnitude() + 1, own.nan_code(), own.magnitude_mask()}) {
        x.push_back(from_bits<T>(m));
        x.push_back(from_bits<T>(m | own.sign_mask()));
    }
    for (int i = 0; i < 20000; ++i) x.push_back(from_bits<T>(random() & own.code_mask()));
    std::shuffle(x.begin(), x.end(), random);
    return x;
}

template <carrier T, class C>
void check_codes(const std::vector<T>& x, const std::vector<std::uint64_t>& want, const format& f,
                 const projection& how, const std::string& where, oracle::report& out) {
    if (f.bits() > std::numeric_limits<C>::digits) return;
    std::vector<C> codes(x.size(), static_cast<C>(0x5A5A5A5A));
    encode(std::span<const T>(x), std::span(codes), f, how);
    for (std::size_t i = 0; i < x.size(); ++i) {
        out.check(codes[i] == want[i], [&] {
            return "encode to " + std::to_string(8 * sizeof(C)) + " bits " + where + hex(to_bits(x[i])) + " got " +
                   hex(codes[i]) + " want " + hex(want[i]);
        });
    }
}

template <carrier T>
void check_posits(const std::vector<T>& x, const format& f, const projection& how, oracle::report& out) {
    const bool has_values = holds(carrier_traits<T>::format, f);
    std::vector<std::uint64_t> codes(x.size());
    std::vector<std::uint64_t> values(x.size());
    const any_projector to(f, how);
    for (std::size_t i = 0; i < x.size(); ++i) {
        const projected number = project_value(x[i], to, 0);
        codes[i] = to_code(number, f);
        if (has_values) values[i] = to_bits(to_nearest_value<T>(number));
    }
    for (const backend b : vector_backends()) {
        const forced_backend forced(b);
        const std::string where =
            std::string(to_string(b)) + " " + carrier_name<T>() + " " + to_string(f) + " " + describe(how) + " x bits ";
        check_codes<T, std::uint8_t>(x, codes, f, how, where, out);
        check_codes<T, std::uint16_t>(x, codes, f, how, where, out);
        check_codes<T, std::uint32_t>(x, codes, f, how, where, out);
        check_codes<T, std::uint64_t>(x, codes, f, how, where, out);
        if (!has_values) continue;
        std::vector<T> y(x.size());
        std::vector<T> in_place(x);
        round(std::span<const T>(x), std::span(y), f, how);
        round(std::span<const T>(in_place), std::span(in_place), f, how);
        for (std::size_t i = 0; i < x.size(); ++i) {
            out.check(to_bits(y[i]) == values[i] && to_bits(in_place[i]) == values[i], [&] {
                return "round " + where + hex(to_bits(x[i])) + " got " + hex(to_bits(y[i])) + ", in place " +
                       hex(to_bits(in_place[i])) + " want " + hex(values[i]);
            });
        }
    }
}

template <carrier T, class C>
void check_decoded(const format& f, generator& random, oracle::report& out) {
    if (f.bits() > std::numeric_limits<C>::digits) return;
    const std::uint64_t step = f.bits() > 16 ? 61 : 1;
    std::vector<C> codes;
    for (std::uint64_t code = random() % step; code <= f.max_code(); code += step)
        codes.push_back(static_cast<C>(code));
    for (const std::uint64_t code : {std::uint64_t{0}, (f.max_code() >> 1) + 1, f.max_code() >> 1, std::uint64_t{1}})
        codes.push_back(static_cast<C>(code));
    std::shuffle(codes.begin(), codes.end(), random);
    for (const backend b : vector_backends()) {
        const forced_backend forced(b);
        for (const std::size_t size : {std::size_t{3}, std::size_t{70}, codes.size()}) {
            std::vector<T> y(size + 1);
            if (size > codes.size()) continue;
            decode(std::span<const C>(codes).first(size), std::span(y).subspan(1), f);
            for (std::size_t i = 0; i < size; ++i) {
                const std::uint64_t want = to_bits(decode<T>(codes[i], f));
                out.check(to_bits(y[i + 1]) == want, [&] {
                    return std::string(to_string(b)) + " " + carrier_name<T>() + " " + to_string(f) + " code " +
                           hex(codes[i]) + " got " + hex(to_bits(y[i + 1])) + " want " + hex(want);
                });
            }
        }
    }
}

}  // namespace

TEMPLATE_TEST_CASE("every backend rounds to the nearest posit as defined", "", float16, bfloat16, float, double) {
    generator random(1601);
    oracle::report out;
    for (const posit_format& p : shapes) {
        const std::uint64_t thin = p.width > 16 ? 509 : sizeof(TestType) == 8 ? 31 : 1;
        check_posits(inputs<TestType>(p, thin, random), format(p), {}, out);
    }
    out.conclude();
}

TEMPLATE_TEST_CASE("every backend rounds to posits in every mode as defined", "", float16, bfloat16, float, double) {
    static constexpr std::array<overflow_policy, 5> policies{overflow_policy::native, overflow_policy::sat_finite,
                                                             overflow_policy::sat_propagate, overflow_policy::sat_none,
                                                             overflow_policy::to_nan};
    generator random(1602);
    oracle::report out;
    for (const posit_format& p : shapes) {
        for (const rounding_mode_row& mode : rounding_modes) {
            if (is_stochastic(mode.mode)) continue;
            const std::vector<TestType> x = inputs<TestType>(p, p.width > 16 ? 50021 : p.width > 12 ? 61 : 3, random);
            check_posits(x, format(p), {.rounding = mode.mode, .overflow = policies[random() % 5]}, out);
        }
        for (const overflow_policy policy : policies)
            check_posits(inputs<TestType>(p, 4001, random), format(p), {.overflow = policy}, out);
    }
    out.conclude();
}

TEST_CASE("every backend encodes random numbers to posits as defined", "[long]") {
    constexpr std::size_t size = std::size_t{1} << 20;
    generator random(1603);
    oracle::report out;
    std::vector<float> x(size);
    std::vector<float> y(size);
    std::vector<std::uint16_t> codes(size);
    for (const posit_format& p : {posit_format{16, 2}, posit_format{16, 1}}) {
        const format f(p);
        const any_projector to(f, {});
        for (int part = 0; part < 96; ++part) {  // 10^8 numbers
            for (float& number : x) number = from_bits<float>(random() & 0xFFFFFFFFu);
            std::vector<std::uint16_t> want(size);
            for (std::size_t i = 0; i < size; ++i)
                want[i] = static_cast<std::uint16_t>(to_code(project_value(x[i], to, 0), f));
            for (const backend b : vector_backends()) {
                const forced_backend forced(b);
                encode(std::span<const float>(x), std::span(codes), f);
                round(std::span<const float>(x), std::span(y), f);
                for (std::size_t i = 0; i < size; ++i) {
                    out.check(codes[i] == want[i] && to_bits(y[i]) == to_bits(decode<float>(want[i], f)), [&] {
                        return std::string(to_string(b)) + " " + to_string(f) + " x bits " + hex(to_bits(x[i])) +
                               " code " + hex(codes[i]) + " value " + hex(to_bits(y[i])) + " want " + hex(want[i]);
                    });
                }
            }
        }
    }
    out.conclude();
}

TEMPLATE_TEST_CASE("every backend decodes posits as defined", "", float16, bfloat16, float, double) {
    generator random(1604);
    oracle::report out;
    for (const posit_format& p : shapes) {
        const format f(p);
        if (!holds(carrier_traits<TestType>::format, f)) continue;
        check_decoded<TestType, std::uint8_t>(f, random, out);
        check_decoded<TestType, std::uint16_t>(f, random, out);
        check_decoded<TestType, std::uint32_t>(f, random, out);
        check_decoded<TestType, std::uint64_t>(f, random, out);
    }
    out.conclude();
}

TEST_CASE("every backend refuses codes wider than the posit, wherever they stand") {
    for (const posit_format& p : {posit_format{9, 0}, posit_format{12, 2}, posit_format{15, 1}}) {
        const format f(p);
        for (const std::size_t size : {7U, 64U, 1000U, 5000U}) {
            for (std::size_t place = 0; place < size; place += 1 + size / 9) {
                std::vector<std::uint16_t> codes(size, 1);
                codes[place] = static_cast<std::uint16_t>(f.max_code() + 1);
                std::vector<std::uint64_t> wide(size, 1);
                wide[place] = std::uint64_t{1} << (32 + place % 32);
                std::vector<float> y(size);
                for (const backend b : vector_backends()) {
                    const forced_backend forced(b);
                    CHECK_THROWS_AS(decode(std::span<const std::uint16_t>(codes), std::span(y), f),
                                    std::invalid_argument);
                    CHECK_THROWS_AS(decode(std::span<const std::uint64_t>(wide), std::span(y), f),
                                    std::invalid_argument);
                }
            }
        }
    }
}

TEST_CASE("posits on every backend do not depend on the caller's floating-point environment") {
    generator random(1605);
    const format f(posit_format{16, 2});
    const std::vector<float> x = inputs<float>({16, 2}, 13, random);
    const auto run = [&](rounding_mode mode) {
        std::vector<std::uint16_t> codes(x.size());
        std::vector<float> y(x.size());
        std::vector<float> back(x.size());
        encode(std::span<const float>(x), std::span(codes), f, {.rounding = mode});
        round(std::span<const float>(x), std::span(y), f, {.rounding = mode});
        decode(std::span<const std::uint16_t>(codes), std::span(back), f);
        std::vector<std::uint64_t> all(codes.begin(), codes.end());
        for (const float number : y) all.push_back(to_bits(number));
        for (const float number : back) all.push_back(to_bits(number));
        return all;
    };
    for (const backend b : vector_backends()) {
        const forced_backend forced(b);
        for (const rounding_mode mode : {rounding_mode::nearest_ties_to_even, rounding_mode::toward_zero}) {
            const std::vector<std::uint64_t> want = run(mode);
            const hostile_environment environment;
            CHECK(run(mode) == want);
            CHECK(environment.still_set());
        }
    }
}

TEST_CASE("arrays beyond the caches: posits on every backend") {
    constexpr std::size_t size =
        (std::size_t{1} << 24) + 77;  // streamed where the last-level cache is no larger than 100 MB
    generator random(1606);
    const format f(posit_format{16, 2});
    const std::vector<float> some = inputs<float>({16, 2}, 101, random);
    std::vector<float> x(size + 1);
    for (std::size_t i = 0; i < size; ++i) x[i + 1] = some[i % some.size()];
    const std::span<const float> odd = std::span<const float>(x).subspan(1);
    std::vector<std::uint16_t> codes(size + 1);
    std::vector<float> y(size + 3);
    std::vector<float> back(size + 5);
    oracle::report out;
    for (const backend b : vector_backends()) {
        const forced_backend forced(b);
        encode(odd, std::span(codes).subspan(1), f, {}, {}, 2);
        round(odd, std::span(y).subspan(3), f, {}, {}, 2);
        decode(std::span<const std::uint16_t>(codes).subspan(1), std::span(back).subspan(5), f, 2);
        for (std::size_t i = 0; i < size; ++i) {
            const std::size_t first = i % some.size();
            if (i == first) {
                out.check(
                    codes[i + 1] == encode(x[i + 1], f) && to_bits(y[i + 3]) == to_bits(decode<float>(codes[i + 1], f)),
                    [&] { return std::string(to_string(b)) + " x bits " + hex(to_bits(x[i + 1])); });
            }
            out.check(codes[i + 1] == codes[first + 1] && to_bits(y[i + 3]) == to_bits(y[first + 3]) &&
                          to_bits(back[i + 5]) == to_bits(y[i + 3]),
                      [&] { return std::string(to_string(b)) + " element " + std::to_string(i); });
        }
    }
    out.conclude();
}
