// round, encode and decode on every backend for formats of at most 8 bits that are no floats: the bits of the scalar definition at
// members, at midpoints and beside them, at random bits and at all that is not finite.
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <stdexcept>

#include "halfulp/codecs/any_projector.hpp"
#include "halfulp/codecs/pack.hpp"
#include "halfulp/formats/catalog.hpp"
#include "halfulp/formats/codebooks.hpp"
#include "halfulp/kernels/quantize.hpp"
#include "support/conversion_cases.hpp"

using namespace halfulp;
using namespace halfulp::tests;

namespace {

std::vector<format> short_formats() {
    std::vector<format> found;
    for (const catalog_row& row : catalog())
        if (row.is.as_float() == nullptr && row.is.bits() <= 8) found.push_back(row.is);
    for (const char* name : {"nf5", "nf8", "dynamic5u", "pot8", "apot7", "sqrt2pot6", "posit2_0", "posit3_1",
                             "posit5_2", "posit8_1", "posit8_3", "q2.2", "uint5", "int5s", "int6", "q1.7"})
        found.push_back(parse_format(name));
    // Uneven, one-sided, without zero, with both zeros, close pairs, and 256 members.
    found.push_back(make_codebook(std::vector<double>{-3, 0.1, 0.1000001}, ""));
    found.push_back(make_codebook(std::vector<double>{1, 2, 4, 1e-3}, "", even_rule::smaller_magnitude));
    found.push_back(make_codebook(std::vector<double>{0.0, -0.0, 1, -1, 5}, "", even_rule::upper_value));
    found.push_back(make_codebook(std::vector<double>{0x1p-149, 0x1p-130, -0x1p-149}, ""));
    found.push_back(make_codebook(std::vector<double>{0x1p100, 0x1.fffffep127, -0x1p127}, ""));
    std::vector<double> many;
    for (int i = 0; i < 256; ++i) many.push_back((i - 100) * (i % 3 == 0 ? 1.25 : 0.875) + 0.0078125 * (i % 7));
    std::sort(many.begin(), many.end());
    many.erase(std::unique(many.begin(), many.end()), many.end());
    found.push_back(make_codebook(many, ""));
    return found;
}

template <carrier T>
T from_double(double x) {
    return from_bits<T>(encode(x, carrier_traits<T>::format, {.overflow = overflow_policy::sat_finite}));
}

template <carrier T>
std::vector<T> inputs(const format& f, generator& random, std::size_t size) {
    constexpr float_format own = carrier_traits<T>::format;
    std::vector<double> members;
    for (std::uint64_t code = 0; code <= f.max_code(); ++code) {
        const double value = decode<double>(code, f);
        if (value - value == 0) members.push_back(value);
    }
    std::sort(members.begin(), members.end());
    std::vector<T> x;
    const auto add = [&](double value) {
        const std::uint64_t bits = to_bits(from_double<T>(value));
        for (const std::uint64_t step : {0U, 1U, 2U})
            if (bits + step != 0) x.push_back(from_bits<T>(bits + step - 1));
    };
    for (std::size_t i = 0; i < members.size(); ++i) {
        add(members[i]);
        if (i + 1 < members.size()) add(members[i] / 2 + members[i + 1] / 2);
        if (i + 1 < members.size()) add(std::sqrt(std::fabs(members[i] * members[i + 1])));
    }
    for (const std::uint64_t bits : {std::uint64_t{0}, std::uint64_t{1}, own.infinity_magnitude() - 1}) {
        x.push_back(from_bits<T>(bits));
        x.push_back(from_bits<T>(bits | own.sign_mask()));
    }
    std::shuffle(x.begin(), x.end(), random);
    while (x.size() < size) {
        std::uint64_t bits = random() & own.code_mask();
        if (random() % 4 != 0) {
            const double a = members[random() % members.size()];
            bits =
                to_bits(from_double<T>(a + (static_cast<double>(random() % 2000) / 1000 - 1) * (std::fabs(a) + 0.01)));
        }
        if ((bits & own.magnitude_mask()) < own.infinity_magnitude()) x.push_back(from_bits<T>(bits));
    }
    return x;
}

/// Puts NaN and infinities of both signs here and there.
template <carrier T>
void add_specials(std::vector<T>& x, generator& random) {
    constexpr float_format own = carrier_traits<T>::format;
    for (std::size_t i = random() % 300; i < x.size(); i += 1 + random() % 700) {
        const std::uint64_t fraction = random() % 2 == 0 ? 0 : 1 + random() % (own.hidden_bit() - 1);
        x[i] = from_bits<T>(own.infinity_magnitude() | fraction | (random() & own.sign_mask()));
    }
}

template <class C>
C stored(std::uint64_t code, const format& f) {
    if (!f.has_signed_codes() || (code >> (f.bits() - 1) & 1) == 0) return static_cast<C>(code);
    return static_cast<C>(code | ~low_ones(f.bits()));
}

template <carrier T>
void check_array(const std::vector<T>& x, const format& f, const projection& how, oracle::report& out) {
    std::vector<std::uint64_t> codes(x.size());
    std::vector<std::uint64_t> values(x.size());
    const bool has_values = holds(carrier_traits<T>::format, f);
    const bool has_codes = how.nan != nan_policy::keep;
    const any_projector to(f, how);
    for (std::size_t i = 0; i < x.size(); ++i) {
        const projected number = project_value(x[i], to, 0);
        codes[i] = to_code(number, f);
        values[i] = number.missing_nan && how.nan == nan_policy::keep ? carrier_traits<T>::format.nan_code()
                                                                      : to_bits(to_nearest_value<T>(number));
    }
    const std::span<const T> in(x);
    for (const backend b : vector_backends()) {
        const forced_backend forced(b);
        const std::string where =
            std::string(to_string(b)) + " " + carrier_name<T>() + " " + to_string(f) + " " + describe(how) + " x bits ";
        std::vector<std::uint8_t> bytes(x.size());
        std::vector<std::uint16_t> words(x.size());
        if (has_codes) {
            encode(in, std::span(bytes), f, how);
            encode(in, std::span(words), f, how, {}, 2);
        }
        std::vector<T> y(x);
        if (has_values) round(in, std::span(y), f, how);
        std::vector<T> in_place(x);
        if (has_values) round(std::span<const T>(in_place), std::span(in_place), f, how);
        for (std::size_t i = 0; i < x.size(); ++i) {
            const auto tell = [&](const char* what, std::uint64_t got, std::uint64_t want) {
                return what + (" " + where) + hex(to_bits(x[i])) + " got " + hex(got) + " want " + hex(want);
            };
            if (has_codes) {
                out.check(bytes[i] == stored<std::uint8_t>(codes[i], f),
                          [&] { return tell("encode", bytes[i], stored<std::uint8_t>(codes[i], f)); });
                out.check(words[i] == stored<std::uint16_t>(codes[i], f),
                          [&] { return tell("encode to 16 bits", words[i], stored<std::uint16_t>(codes[i], f)); });
            }
            if (!has_values) continue;
            out.check(to_bits(y[i]) == values[i], [&] { return tell("round", to_bits(y[i]), values[i]); });
            out.check(to_bits(in_place[i]) == values[i],
                      [&] { return tell("round in place", to_bits(in_place[i]), values[i]); });
        }
    }
}

}  // namespace

TEMPLATE_TEST_CASE("every backend rounds into short tables as defined", "", float16, bfloat16, float, double) {
    generator random(1201);
    oracle::report out;
    for (const format& f : short_formats()) {
        const std::size_t size = 32 * (f.max_code() + 1) + random() % 100;
        for (const rounding_mode_row& mode : rounding_modes) {
            if (is_stochastic(mode.mode) || (sizeof(TestType) == 8 && random() % 4 != 0)) continue;
            std::vector<TestType> x = inputs<TestType>(f, random, size);
            projection how{.rounding = mode.mode};
            check_array(x, f, how, out);
            add_specials(x, random);
            static constexpr overflow_policy overflow[] = {overflow_policy::native, overflow_policy::sat_finite,
                                                           overflow_policy::sat_propagate, overflow_policy::sat_none,
                                                           overflow_policy::to_nan};
            static constexpr nan_policy nan[] = {nan_policy::to_max, nan_policy::to_zero, nan_policy::keep};
            how.overflow = overflow[random() % 5];
            how.nan = nan[random() % 3];
            check_array(x, f, how, out);
        }
    }
    out.conclude();
}

TEST_CASE("every backend raises at the first NaN that a table lacks") {
    for (const char* name : {"nf4", "dynamic8"}) {
        const format f = parse_format(name);
        std::vector<float> x(20000, 0.5f);
        x[12345] = x[12346] = -std::numeric_limits<float>::quiet_NaN();
        std::vector<std::uint8_t> codes(x.size());
        for (const backend b : vector_backends()) {
            const forced_backend forced(b);
            bool raised = false;
            try {
                encode(std::span<const float>(x), std::span(codes), f, {.nan = nan_policy::raise});
            } catch (const std::invalid_argument& error) {
                raised = std::string(error.what()).find("12345") != std::string::npos;
            }
            CHECK(raised);
        }
    }
}

TEMPLATE_TEST_CASE("every backend decodes short tables as defined", "", float16, bfloat16, float, double) {
    generator random(1202);
    oracle::report out;
    for (const format& f : short_formats()) {
        if (!holds(carrier_traits<TestType>::format, f)) continue;
        for (const std::size_t size : {1U, 15U, 16U, 17U, 63U, 64U, 65U, 200U, 5000U}) {
            std::vector<std::uint8_t> bytes(size);
            std::vector<std::uint32_t> words(size);
            for (std::size_t i = 0; i < size; ++i) {
                const std::uint64_t code = random() % (f.max_code() + 1);
                bytes[i] = stored<std::uint8_t>(code, f);
                words[i] = stored<std::uint32_t>(code, f);
            }
            for (const backend b : vector_backends()) {
                const forced_backend forced(b);
                std::vector<TestType> y(size + 1), z(size);
                decode(std::span<const std::uint8_t>(bytes), std::span(y).subspan(1), f);
                decode(std::span<const std::uint32_t>(words), std::span(z), f);
                for (std::size_t i = 0; i < size; ++i) {
                    const std::uint64_t want = to_bits(decode<TestType>(bytes[i] & low_ones(f.bits()), f));
                    out.check(to_bits(y[i + 1]) == want && to_bits(z[i]) == want, [&] {
                        return std::string(to_string(b)) + " " + to_string(f) + " code " + hex(bytes[i]) + " got " +
                               hex(to_bits(y[i + 1])) + " and " + hex(to_bits(z[i])) + " want " + hex(want);
                    });
                }
            }
        }
    }
    out.conclude();
}

TEST_CASE("every backend refuses codes that a table lacks, wherever they stand") {
    for (const char* name : {"ternary", "nf4", "nf3", "dynamic6", "posit6_1"}) {
        const format f = parse_format(name);
        for (const std::size_t size : {7U, 64U, 1000U}) {
            for (std::size_t place = 0; place < size; place += 1 + size / 9) {
                std::vector<std::uint8_t> codes(size, 0);
                codes[place] = static_cast<std::uint8_t>(f.max_code() + 1);
                std::vector<float> y(size);
                for (const backend b : vector_backends()) {
                    const forced_backend forced(b);
                    CHECK_THROWS_AS(decode(std::span<const std::uint8_t>(codes), std::span(y), f),
                                    std::invalid_argument);
                }
            }
        }
    }
}

namespace {

/// Groups of every kind: ordinary ones, zeros, tiny and huge ones, some with NaN or infinity, many elements beside boundaries.
template <carrier T>
std::vector<T> grouped(const scheme& s, const axis_view& view, bool specials, generator& random) {
    constexpr float_format own = carrier_traits<T>::format;
    std::vector<double> members;
    for (std::uint64_t code = 0; code <= s.element.max_code(); ++code) {
        const double value = decode<double>(code, s.element);
        if (value - value == 0) members.push_back(value);
    }
    std::sort(members.begin(), members.end());
    const double largest = std::max(std::fabs(members.front()), std::fabs(members.back()));
    const std::uint64_t length =
        s.levels.empty() || s.levels[0].group.is_tensor() ? view.length : s.levels[0].group.length;
    std::vector<T> x(view.size());
    double size = 1;
    std::uint64_t kind = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        if (i % view.length % length == 0) {
            kind = random() % 16;
            size = std::ldexp(1 + static_cast<double>(random() % 4096) / 4096, static_cast<int>(random() % 12) - 6);
            if (kind == 0) size = std::ldexp(size, -static_cast<int>(random() % 140));
            if (kind == 1) size = std::ldexp(size, static_cast<int>(random() % 130));
            if (kind == 2) size = 0;
            if (kind == 3) size = 1;
        }
        const double a = members[random() % members.size()];
        const double b = members[random() % members.size()];
        const double q = random() % 8 == 0 ? largest : random() % 3 == 0 ? a : a / 2 + b / 2;
        std::uint64_t bits = to_bits(from_double<T>(q / largest * size));
        if (random() % 4 == 0 && bits != 0) bits += random() % 3 - 1;
        if (random() % 16 == 0) bits = random() % 2 == 0 ? 0 : own.sign_mask();
        if ((bits & own.magnitude_mask()) >= own.infinity_magnitude()) bits = own.infinity_magnitude() - 1;
        if (specials && kind == 4 && random() % 40 == 0) bits = own.infinity_magnitude() | (random() % 3);
        x[i] = from_bits<T>(bits);
    }
    return x;
}

template <carrier T>
void check_scheme(const scheme& s, const axis_view& view, const quantize_options& options, const std::vector<T>& x,
                  oracle::report& out) {
    struct result {
        std::vector<std::uint8_t> codes, packed;
        std::vector<std::uint32_t> wide;
        std::vector<T> values, back;
        scale_planes scales;
        quantize_report report, fake;
    };
    const auto run = [&](backend b) {
        const forced_backend forced(b);
        const std::span<const T> in(x);
        result r;
        r.codes.resize(x.size());
        r.wide.resize(x.size());
        r.values = x;
        r.packed.resize(packed_size(x.size(), s.element.bits()));
        r.report = quantize(in, view, s, std::span(r.codes), r.scales, options);
        scale_planes again;
        quantize(in, view, s, std::span(r.wide), again, options);
        quantize_packed(in, view, s, std::span(r.packed), again, options);
        if (holds(carrier_traits<T>::format, s.element)) {
            r.fake = fake_quantize(std::span<const T>(r.values), view, s, std::span(r.values), options);
            r.back.resize(x.size());
            dequantize(std::span<const std::uint8_t>(r.codes), view, s, r.scales, std::span(r.back));
        }
        return r;
    };
    const result want = run(backend::scalar);
    for (const backend b : vector_backends()) {
        const result got = run(b);
        const std::string where = std::string(to_string(b)) + " " + carrier_name<T>() + " " + to_string(s) + " " +
                                  std::string(to_string(options.rounding)) + " ";
        for (std::size_t i = 0; i < x.size(); ++i) {
            const auto tell = [&](const char* what, std::uint64_t a, std::uint64_t z) {
                return where + what + " [" + std::to_string(i) + "] x " + hex(to_bits(x[i])) + " got " + hex(a) +
                       " want " + hex(z);
            };
            out.check(got.codes[i] == want.codes[i], [&] { return tell("code", got.codes[i], want.codes[i]); });
            out.check(got.wide[i] == want.wide[i], [&] { return tell("wide code", got.wide[i], want.wide[i]); });
            if (want.back.empty()) continue;
            out.check(to_bits(got.values[i]) == to_bits(want.values[i]),
                      [&] { return tell("fake", to_bits(got.values[i]), to_bits(want.values[i])); });
            out.check(to_bits(got.back[i]) == to_bits(want.back[i]),
                      [&] { return tell("back", to_bits(got.back[i]), to_bits(want.back[i])); });
        }
        out.check(got.packed == want.packed, [&] { return where + "packed"; });
        out.check(got.scales == want.scales, [&] { return where + "scales"; });
        out.check(got.report.saturated == want.report.saturated && got.fake.saturated == want.fake.saturated, [&] {
            return where + "saturated " + std::to_string(got.report.saturated) + " want " +
                   std::to_string(want.report.saturated);
        });
        out.check(got.report.zero_scales == want.report.zero_scales, [&] { return where + "zero_scales"; });
    }
}

}  // namespace

TEMPLATE_TEST_CASE("every backend quantizes with tables as defined", "", float16, bfloat16, float, double) {
    generator random(1203);
    oracle::report out;
    for (const char* text : {"nf4/64:binary32",
                             "nf4/64:bfloat16",
                             "nf4/17:binary16",
                             "nf4/32:e4m3fn",
                             "nf4/32:e8m0fnu",
                             "nf4/tensor:binary32",
                             "nf4/64:e4m3fn/tensor:binary32",
                             "fp4_bnb/64:binary32",
                             "fp4_bnb/16:e8m0fnu",
                             "af4/64:binary32",
                             "pot4/50:binary32",
                             "apot4/64:bfloat16",
                             "iq4_nl/32:binary16",
                             "ternary/64:binary32@recipe=absmax",
                             "pm1/64:binary32@recipe=absmax",
                             "ternary/64:binary32",
                             "ternary/64:binary64",  // more bits than sums in binary64 decide
                             "ternary/30:e4m3fn",
                             "pm1/64:binary64",
                             "pm1/20:e2m3fn",  // many of whose scales round to zero
                             "int4/32:e6m0b900fnu",  // scales far below, and far above, what a carrier holds
                             "int8/32:e6m0b-900fnu",
                             "int4/32:e4m3b300",
                             "nf4/64:e4m3b-400",
                             "int4/32:binary16",
                             "int4/64:e8m0fnu",
                             "int4s/64:binary32",
                             "q1.2/64:binary32",
                             "uint4/64:binary32",
                             "int2/64:binary32",
                             "dynamic8/64:binary32",
                             "dynamic8/3000:binary32",
                             "dynamic8/64:e4m3fn/tensor:binary32",
                             "int8/64:binary32",
                             "int8/32:e8m0fnu",
                             "posit8_2/64:binary32",
                             "posit4_1/64:binary32",
                             "hif8/64:bfloat16",
                             "pot8/64:binary32",
                             "nf8/100:binary32",
                             "uint8/64:binary16"}) {
        const scheme s = parse_scheme(text);
        const std::uint64_t length = 64 * (1 + random() % 3) + (random() % 2 == 0 ? 0 : random() % 64);
        const axis_view view{std::max<std::uint64_t>(1, 9000 / length), length, 1};
        for (const rounding_mode mode :
             {rounding_mode::nearest_ties_to_even, rounding_mode::nearest_ties_to_away, rounding_mode::toward_positive,
              rounding_mode::toward_zero, rounding_mode::to_odd}) {
            quantize_options options;
            options.rounding = mode;
            options.nan = random() % 2 == 0 ? nan_policy::to_max : nan_policy::to_zero;
            options.threads = random() % 3 == 0 ? 2 : 1;
            check_scheme(s, view, options, grouped<TestType>(s, view, random() % 2 == 0, random), out);
        }
    }
    out.conclude();
}
