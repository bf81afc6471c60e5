// Integers and fixed point on every backend: round, encode, quantize and fake_quantize give the bits of the scalar definition.
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "halfulp/codecs/fixed_codec.hpp"
#include "halfulp/codecs/pack.hpp"
#include "halfulp/kernels/quantize.hpp"
#include "support/conversion_cases.hpp"

using namespace halfulp;
using namespace halfulp::tests;

namespace {

fixed_format make_fixed(int width, int fraction_bits, bool is_signed, bool symmetric) {
    return {static_cast<std::uint8_t>(width), static_cast<std::uint8_t>(fraction_bits), is_signed, symmetric};
}

/// Every width that the lanes have, the first that they have not, each signed, symmetric, unsigned, with and without a fraction.
std::vector<fixed_format> all_fixed() {
    std::vector<fixed_format> all;
    for (const int width :
         {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20, 22, 23, 24, 25, 31, 32, 33, 48, 51, 52, 64}) {
        for (const int fraction_bits : {0, width / 2, width}) {
            all.push_back(make_fixed(width, fraction_bits, false, false));
            if (width < 2) continue;
            all.push_back(make_fixed(width, fraction_bits, true, false));
            all.push_back(make_fixed(width, fraction_bits, true, true));
        }
    }
    return all;
}

std::string name_of(const fixed_format& f) { return to_string(format(f)); }

/// Quarters of the quantum around members and ends, a carrier's step beside them, specials, any bits. Shuffled.
template <carrier T>
std::vector<T> inputs(const fixed_format& f, std::size_t many, bool with_nan, generator& random) {
    constexpr float_format own = carrier_traits<T>::format;
    const projector to_own(own, {});
    std::vector<std::uint64_t> bits;
    const auto add = [&](std::uint64_t quarters) {
        const std::uint64_t at = to_bits(to_value<T>(to_own.finite(false, quarters, -f.fraction_bits - 2, false, 0)));
        if (at >= own.infinity_magnitude()) return;
        for (const std::uint64_t b : {at - 1, at, at + 1}) {
            if (at == 0 && b != at) continue;
            bits.push_back(b);
            bits.push_back(b | own.sign_mask());
        }
    };
    const std::uint64_t ends[] = {0, f.largest(), f.largest_negative(), f.largest() / 2};
    for (const std::uint64_t end : ends) {
        for (std::uint64_t quarter = 0; quarter < 12 && end < std::uint64_t{1} << 60; ++quarter)
            add(std::max<std::uint64_t>(4 * end + quarter, 4) - 4);
    }
    while (bits.size() < many) {
        switch (random() % 6) {
            case 0: bits.push_back(random() & own.magnitude_mask()); break;
            case 1: add(random() & low_ones(std::min<int>(f.width + 3, 63))); break;
            case 2: add(random() & low_ones(6)); break;
            case 3: add((random() & low_ones(std::min<int>(f.width, 61))) * 4 + 2); break;  // midpoints
            default: {  // as large as members, any fraction
                const double x = std::ldexp(static_cast<double>(random() >> 11), f.width + 1 - f.fraction_bits - 53);
                bits.push_back(encode(x, own) | (random() & own.sign_mask()));
            }
        }
    }
    bits.resize(many);
    std::vector<T> x;
    for (const std::uint64_t b : bits) {
        const std::uint64_t magnitude = b & own.magnitude_mask();
        const bool nan = magnitude > own.infinity_magnitude();
        x.push_back(
            from_bits<T>(nan && !with_nan ? b & own.sign_mask() : b & (own.magnitude_mask() | own.sign_mask())));
    }
    x[0] = from_bits<T>(own.infinity_magnitude());
    x[1] = from_bits<T>(own.infinity_magnitude() | own.sign_mask());
    x[2] = from_bits<T>(own.sign_mask());
    if (with_nan) {
        x[3] = from_bits<T>(own.infinity_magnitude() | 1);
        x[4] = from_bits<T>(own.infinity_magnitude() | own.sign_mask() | (own.magnitude_mask() >> 1));
    }
    std::shuffle(x.begin(), x.end(), random);
    return x;
}

projection policies(rounding_mode mode, const fixed_format& f, bool codes, bool& with_nan, generator& random) {
    static constexpr overflow_policy overflow[] = {
        overflow_policy::native, overflow_policy::sat_finite, overflow_policy::sat_propagate, overflow_policy::sat_none,
        overflow_policy::to_nan, overflow_policy::wrap,       overflow_policy::unbounded};
    static constexpr nan_policy nan[] = {nan_policy::to_max, nan_policy::to_zero, nan_policy::keep, nan_policy::raise};
    static constexpr std::uint8_t random_bits[] = {1, 2, 8, 13, 24, 31, 32};
    projection how{.rounding = mode};
    if (random() % 2 == 0) how.overflow = overflow[random() % 7];
    if (how.overflow == overflow_policy::wrap && f.symmetric) how.overflow = overflow_policy::to_nan;
    if (how.overflow == overflow_policy::unbounded && codes) how.overflow = overflow_policy::sat_none;
    how.nan = nan[random() % 4];
    if (how.nan == nan_policy::keep && codes) how.nan = nan_policy::to_zero;
    how.random_bits = random_bits[random() % 7];
    if (random() % 8 == 0) how.magnitude_if_unsigned = true;
    if (how.nan == nan_policy::raise) with_nan = false;
    const bool overflow_is_nan = how.overflow == overflow_policy::to_nan || how.overflow == overflow_policy::wrap ||
                                 (how.overflow == overflow_policy::sat_none && !f.is_signed);
    if (overflow_is_nan && how.nan == nan_policy::raise) how.nan = nan_policy::to_max;  // infinities would raise
    return how;
}

/// The bits that a code type holds of a code: two's complement as wide as the type.
template <code_type C>
C stored(std::uint64_t code, const fixed_format& f) {
    const bool negative = (code & f.sign_mask()) != 0;
    return static_cast<C>(negative ? code | ~f.code_mask() : code);
}

template <code_type C, carrier T>
void compare_codes(std::span<const T> x, const fixed_format& f, const projection& how, const randomness& r,
                   std::span<const std::uint64_t> want, const std::string& where, oracle::report& out) {
    std::vector<C> got(x.size() + 2, static_cast<C>(0x5A));
    encode(x, std::span(got).subspan(1, x.size()), format(f), how, r);
    out.check(got.front() == static_cast<C>(0x5A) && got.back() == static_cast<C>(0x5A),
              [&] { return "beside the codes " + where; });
    for (std::size_t i = 0; i < x.size(); ++i) {
        out.check(got[i + 1] == stored<C>(want[i], f), [&] {
            return "code[" + std::to_string(i) + "] " + where + " x bits " + hex(to_bits(x[i])) + " got " +
                   hex(got[i + 1]) + " want " + hex(stored<C>(want[i], f));
        });
    }
}

template <carrier T>
void compare(const fixed_format& f, rounding_mode mode, std::size_t size, generator& random, oracle::report& out) {
    for (const bool codes : {true, false}) {
        if (!codes && !holds(carrier_traits<T>::format, f)) continue;
        bool with_nan = random() % 2 == 0;
        const projection how = policies(mode, f, codes, with_nan, random);
        const std::vector<T> made = inputs<T>(f, std::max<std::size_t>(size, 8), with_nan, random);
        const std::span<const T> x = std::span<const T>(made).first(size);

        randomness source;
        std::vector<std::uint32_t> given;
        if (is_stochastic(mode)) {
            const random_source drawn{random(), static_cast<std::uint32_t>(random()), random() % 1000};
            source = drawn;
            if (random() % 2 == 0) {
                for (std::size_t i = 0; i < size; ++i)
                    given.push_back(static_cast<std::uint32_t>(random()) >> (32 - how.random_bits));
                source = randomness(std::span<const std::uint32_t>(given));
            }
        }
        std::vector<std::uint64_t> want(size);
        for (std::size_t i = 0; i < size; ++i) {
            const std::uint32_t word = !is_stochastic(mode) ? 0
                                       : !given.empty()     ? given[i]
                                                            : source.source.word(i) >> (32 - how.random_bits);
            want[i] = codes ? encode(x[i], f, how, word) : to_bits(round(x[i], f, how, word));
        }
        for (const backend b : vector_backends()) {
            const forced_backend forced(b);
            const std::string where = std::string(to_string(b)) + " " + carrier_name<T>() + " " + name_of(f) + " " +
                                      describe(how) + (given.empty() ? "" : " given");
            if (codes) {
                if (f.width <= 8) compare_codes<std::uint8_t>(x, f, how, source, want, where, out);
                if (f.width <= 16 && random() % 2 == 0)
                    compare_codes<std::uint16_t>(x, f, how, source, want, where, out);
                if (f.width <= 32 && random() % 2 == 0)
                    compare_codes<std::uint32_t>(x, f, how, source, want, where, out);
                if (f.width > 8 || random() % 2 == 0) compare_codes<std::uint64_t>(x, f, how, source, want, where, out);
                continue;
            }
            std::vector<T> got(x.begin(), x.end());  // in place
            const bool in_place = random() % 2 == 0;
            round(in_place ? std::span<const T>(got) : x, std::span(got), format(f), how, source);
            for (std::size_t i = 0; i < size; ++i) {
                out.check(to_bits(got[i]) == want[i], [&] {
                    return "value[" + std::to_string(i) + "] " + where + " x bits " + hex(to_bits(x[i])) + " got " +
                           hex(to_bits(got[i])) + " want " + hex(want[i]);
                });
            }
        }
    }
}

const char* const scheme_texts_of_integers[] = {"int4s/128:binary16",
                                                "int8s/32:binary16",
                                                "int8/64:binary32",
                                                "int8s/128:binary32",
                                                "mxint8",
                                                "uint8/32:binary16",
                                                "uint4/16:bfloat16",
                                                "int4/32:binary16",
                                                "int2s/8:binary16",
                                                "int2/5:bfloat16",
                                                "uint1/16:binary32",
                                                "int3/7:binary16",
                                                "int5s/100:binary32",
                                                "int6/64:bfloat16",
                                                "q1.3/16:e4m3fn",
                                                "q2.6/32:e8m0fnu",
                                                "q4.4s/48:binary32",
                                                "int8/32:e8m0fnu",
                                                "int4s/32:e8m0fnu",
                                                "uint8/32:e8m0fnu",
                                                "int2s/32:e8m0fnu",
                                                "uint1/16:e8m0fnu",
                                                "int8s/32:e8m0fnu@recipe=ceil",
                                                "int8/16:e8m0fnu@recipe=even",
                                                "uint4/24:e8m0fnu@recipe=rceil",
                                                "int7s/17:e8m0fnu@recipe=rceil",
                                                "int8s/16:e4m3fn/tensor:binary32",
                                                "int4/16:e4m3fn/tensor:binary32",
                                                "int4s/32:e5m2/4:binary16",
                                                "int8/tensor:binary32",
                                                "int4s/tensor:binary16",
                                                "int8",
                                                "q3.5s",
                                                "uint8",
                                                "int16/64:binary32",
                                                "int12s/32:binary16",
                                                "int16s/32:e8m0fnu",
                                                "uint16/32:binary32",
                                                "int20/32:binary32",
                                                "int24/16:binary32",
                                                "int8s/16:e4m3fnu",
                                                "int8/3:e3m2fn",
                                                "int4s/1:binary16",
                                                "int8s/2100:binary16",
                                                "int8/64:binary64",
                                                "int6s/16:e9m0fnu",
                                                "int8s/32:e8m0fnu/4:e8m0fnu"};

/// Lines in runs of one kind each: around 1, ends of the carrier, zeros, one large number, specials now and then.
template <carrier T>
std::vector<T> lines(const axis_view& view, std::uint64_t group, bool specials_too, generator& random) {
    constexpr float_format own = carrier_traits<T>::format;
    const std::uint64_t fraction = low_ones(own.mantissa_bits);
    const std::uint64_t top = (std::uint64_t{1} << own.exponent_bits) - 2;
    const auto near = [&](std::uint64_t field, std::uint64_t spread) {
        const std::uint64_t e = field < spread ? random() % (spread + 1) : field - random() % spread;
        return std::min(e, top) << own.mantissa_bits | (random() & fraction);
    };
    const auto one = static_cast<std::uint64_t>(own.bias);
    std::vector<T> x(view.size());
    std::uint64_t kind = 0;
    std::uint64_t field = one;
    for (std::uint64_t line = 0; line < view.outer * view.inner; ++line) {
        const std::uint64_t start = line / view.inner * view.length * view.inner + line % view.inner;
        for (std::uint64_t j = 0; j < view.length; ++j) {
            if (j % group == 0) {
                kind = random() % 12;
                field = one + random() % 16 - 8;
            }
            std::uint64_t bits = near(field, 10);
            if (kind == 0) bits = random() & own.magnitude_mask();
            if (kind == 1) bits = random() & fraction;  // subnormals
            if (kind == 2) bits = near(top, 3);
            if (kind == 3) bits = 0;
            if (kind == 4) bits = random() % 16 == 0 ? near(field, 2) : 0;
            if (kind == 5) bits = near(16, 16);
            if (bits >= own.infinity_magnitude()) bits = own.infinity_magnitude() - 1;
            if (specials_too && random() % 150 == 0) bits = own.infinity_magnitude() | (random() % 2);
            x[start + j * view.inner] = from_bits<T>(bits | (random() & own.sign_mask()));
        }
    }
    return x;
}

/// Moves numbers to midpoints between codes under the scales that they have, or to the carrier's next number on either side.
template <carrier T>
void to_midpoints(std::vector<T>& x, const scheme& s, const axis_view& view, generator& random) {
    constexpr float_format own = carrier_traits<T>::format;
    const forced_backend scalar(backend::scalar);
    std::vector<std::uint64_t> codes(x.size());
    scale_planes scales;
    quantize(std::span<const T>(x), view, s, std::span(codes), scales);
    std::vector<std::uint64_t> next(codes);
    for (std::uint64_t& c : next) {
        const auto k = static_cast<std::int64_t>(c);
        const auto most = static_cast<std::int64_t>(s.element.as_fixed()->largest());
        c = static_cast<std::uint64_t>(k < most ? k + 1 : k);
    }
    std::vector<double> a(x.size());
    std::vector<double> b(x.size());
    dequantize(std::span<const std::uint64_t>(codes), view, s, scales, std::span(a));
    dequantize(std::span<const std::uint64_t>(next), view, s, scales, std::span(b));
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double middle = a[i] / 2 + b[i] / 2;
        if (!(std::abs(middle) > 0) || std::isinf(middle) || random() % 8 == 0) continue;
        const std::uint64_t bits = encode(middle, own) + random() % 3 - 1;
        if ((bits & own.magnitude_mask()) < own.infinity_magnitude()) x[i] = from_bits<T>(bits);
    }
}

struct made {
    std::vector<std::uint64_t> codes, values;
    std::vector<std::uint8_t> packed;
    scale_planes scales, packed_scales;
    std::vector<std::uint64_t> counts;
};

template <code_type C, carrier T>
made run_as(std::span<const T> x, const axis_view& view, const scheme& s, const quantize_options& options) {
    made out;
    std::vector<C> codes(x.size(), static_cast<C>(0x5A));
    const auto count = [&](const quantize_report& r) {
        out.counts.push_back(r.saturated);
        out.counts.push_back(r.zero_scales);
    };
    count(quantize(x, view, s, std::span(codes), out.scales, options));
    for (const C c : codes) out.codes.push_back(c);
    out.packed.resize(packed_size(x.size(), s.element.bits()));
    count(quantize_packed(x, view, s, std::span(out.packed), out.packed_scales, options));
    if (holds(carrier_traits<T>::format, s.element)) {
        std::vector<T> y(x.size());
        count(fake_quantize(x, view, s, std::span(y), options));
        for (const T v : y) out.values.push_back(to_bits(v));
    }
    std::vector<float> back(x.size());
    dequantize(std::span<const C>(codes), view, s, out.scales, std::span(back));
    for (const float v : back) out.values.push_back(to_bits(v));
    return out;
}

template <carrier T>
made run(int wider, std::span<const T> x, const axis_view& view, const scheme& s, const quantize_options& options) {
    const int bits = s.element.bits();
    if (bits <= 8 && wider == 0) return run_as<std::uint8_t>(x, view, s, options);
    if (bits <= 16 && wider <= 1) return run_as<std::uint16_t>(x, view, s, options);
    if (bits <= 32 && wider <= 2) return run_as<std::uint32_t>(x, view, s, options);
    return run_as<std::uint64_t>(x, view, s, options);
}

template <class List, class Say>
void same(const List& got, const List& want, const char* what, oracle::report& out, const Say& say) {
    out.check(got.size() == want.size(), [&] { return std::string("how many ") + what + say(std::size_t{0}); });
    for (std::size_t i = 0; i < std::min(got.size(), want.size()); ++i) {
        out.check(got[i] == want[i], [&] {
            return std::string(what) + "[" + std::to_string(i) + "]" + say(i) + " got " + hex(got[i]) + " want " +
                   hex(want[i]);
        });
    }
}

template <carrier T>
void compare_scheme(const scheme& s, rounding_mode mode, std::size_t size, generator& random, oracle::report& out) {
    static constexpr int random_bits[] = {1, 8, 24, 32};
    const bool grouped = !s.levels.empty() && !s.levels[0].group.is_tensor();
    const std::uint64_t group = grouped ? s.levels[0].group.length : 32;
    const std::uint64_t length = random() % 2 == 0 ? group * (1 + random() % 3) : 1 + random() % (3 * group);
    const std::uint64_t others = std::max<std::uint64_t>(1, size / length);
    const std::uint64_t inner = random() % 2 == 0 ? 1 : 1 + random() % std::min<std::uint64_t>(others, 90);
    const axis_view view{std::max<std::uint64_t>(1, others / inner), length, inner};
    quantize_options options;
    options.rounding = mode;
    options.nan = random() % 2 == 0 ? nan_policy::to_zero : nan_policy::to_max;
    options.random_bits = random_bits[random() % 4];
    options.threads = random() % 4 == 0 ? 3 : 1;
    if (random() % 4 == 0) options.scale_rounding = rounding_mode::toward_negative;  // elements beyond both ends
    if (is_stochastic(mode)) options.random = random_source{random(), 3, random() % 1000};
    std::vector<T> x = lines<T>(view, group, random() % 2 == 0, random);
    if (random() % 2 == 0) to_midpoints(x, s, view, random);
    const std::span<const T> in(x);
    const int wider = random() % 3 == 0 ? static_cast<int>(random() % 4) : 0;
    made want;
    {
        const forced_backend scalar(backend::scalar);
        want = run<T>(wider, in, view, s, options);
    }
    for (const backend b : vector_backends()) {
        const forced_backend forced(b);
        const made got = run<T>(wider, in, view, s, options);
        const auto where = [&](bool input) {
            return [&, input](std::size_t i) {
                return " " + std::string(to_string(b)) + " " + carrier_name<T>() + " " + to_string(s) + " {" +
                       std::to_string(view.outer) + "," + std::to_string(view.length) + "," +
                       std::to_string(view.inner) + "} " + std::string(to_string(mode)) +
                       (options.scale_rounding ? " scales down" : "") +
                       (input && i < x.size() ? " x bits " + hex(to_bits(x[i])) : "");
            };
        };
        for (std::size_t k = 0; k < want.scales.size(); ++k) {
            same(got.scales[k], want.scales[k], "scales", out, where(false));
            same(got.packed_scales[k], want.packed_scales[k], "scales of packed", out, where(false));
        }
        same(got.codes, want.codes, "codes", out, where(true));
        same(got.packed, want.packed, "packed", out, where(false));
        same(got.values, want.values, "values", out, where(true));
        same(got.counts, want.counts, "counts", out, where(false));
    }
}

}  // namespace

TEMPLATE_TEST_CASE("every backend rounds and encodes integers as defined, widths x modes", "", float16, bfloat16, float,
                   double) {
    generator random(701);
    oracle::report out;
    for (const fixed_format& f : all_fixed()) {
        for (const rounding_mode_row& mode : rounding_modes) compare<TestType>(f, mode.mode, 700, random, out);
    }
    out.conclude();
}

TEMPLATE_TEST_CASE("every backend rounds and encodes integers as defined, sizes around the vectors", "", float16,
                   bfloat16, float, double) {
    generator random(702);
    oracle::report out;
    for (const fixed_format& f :
         {make_fixed(8, 0, true, false), make_fixed(4, 2, true, true), make_fixed(8, 3, false, false)}) {
        for (std::size_t size = 0; size < 140; ++size)
            compare<TestType>(f, rounding_modes[random() % rounding_modes.size()].mode, size, random, out);
        for (const std::size_t size : {2047u, 2049u, 5000u})
            compare<TestType>(f, rounding_mode::nearest_ties_to_even, size, random, out);
    }
    out.conclude();
}

TEMPLATE_TEST_CASE("every backend names the NaN that an integer cannot be", "", float16, float, double) {
    generator random(703);
    for (int i = 0; i < 20; ++i) {
        const fixed_format f = make_fixed(2 + i % 15, 1, i % 2 == 0, false);
        std::vector<TestType> x = inputs<TestType>(f, 3000, false, random);
        const std::size_t at = random() % x.size();
        x[at] = from_bits<TestType>(carrier_traits<TestType>::format.nan_code());
        const auto said = [&](backend b) {
            const forced_backend forced(b);
            std::vector<std::uint16_t> codes(x.size());
            try {
                encode(std::span<const TestType>(x), std::span(codes), format(f), {.nan = nan_policy::raise});
            } catch (const std::invalid_argument& error) {
                return std::string(error.what());
            }
            return std::string("nothing");
        };
        const std::string want = said(backend::scalar);
        CHECK(want.find(std::to_string(at)) != std::string::npos);
        for (const backend b : vector_backends()) CHECK(said(b) == want);
    }
}

TEMPLATE_TEST_CASE("every backend quantizes with integer elements as defined, schemes x modes", "", float16, bfloat16,
                   float, double) {
    generator random(704);
    oracle::report out;
    for (const char* text : scheme_texts_of_integers) {
        const scheme s = parse_scheme(text);
        for (const rounding_mode_row& mode : rounding_modes) compare_scheme<TestType>(s, mode.mode, 900, random, out);
        for (int i = 0; i < 6; ++i)
            compare_scheme<TestType>(s, rounding_mode::nearest_ties_to_even, i < 4 ? 2500 : 9000, random, out);
    }
    out.conclude();
}

// Arrays this long are stored past the caches where this program says that these are small (test_backends_streaming.cpp).
TEST_CASE("every backend gives the same integers past the caches", "") {
    generator random(705);
    oracle::report out;
    for (const char* text : {"int4s/128:binary16", "int8s/32:binary16", "mxint8", "int8/64:binary32"})
        compare_scheme<float>(parse_scheme(text), rounding_mode::nearest_ties_to_even, 250000, random, out);
    for (const rounding_mode mode : {rounding_mode::nearest_ties_to_even, rounding_mode::stochastic_a}) {
        compare<float>(make_fixed(8, 0, true, true), mode, 250003, random, out);
        compare<float>(make_fixed(12, 4, true, false), mode, 250003, random, out);
        compare<double>(make_fixed(8, 0, false, false), mode, 120003, random, out);
    }
    out.conclude();
}
