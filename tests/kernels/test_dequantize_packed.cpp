// dequantize_packed: the bits of dequantize() on the scalar backend, given codes that are read here bit by bit; products also against
// long double; and every error. Arrays lie against pages that cannot be touched.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "codecs/support/report.hpp"
#include "halfulp/codecs/any_projector.hpp"
#include "halfulp/codecs/pack.hpp"
#include "halfulp/kernels/quantize.hpp"
#include "hostile_environment.hpp"
#include "support/backends.hpp"
#include "support/guarded.hpp"

using namespace halfulp;
using namespace halfulp::tests;

namespace {

using generator = std::mt19937_64;

std::uint64_t bits_at(std::span<const std::uint8_t> packed, std::uint64_t index, int width) {
    std::uint64_t code = 0;
    for (int b = width - 1; b >= 0; --b) {
        const std::uint64_t at = index * static_cast<std::uint64_t>(width) + static_cast<std::uint64_t>(b);
        code = code << 1 | (packed[at / 8] >> at % 8 & 1u);
    }
    return code;
}

/// As an array of numbers with a sign holds it.
std::uint64_t with_sign(std::uint64_t code, const format& f) {
    if (!f.has_signed_codes() || (code >> (f.bits() - 1) & 1) == 0) return code;
    return code - (std::uint64_t{1} << f.bits());
}

std::vector<std::uint8_t> random_packed(const format& f, std::size_t count, generator& random) {
    std::vector<std::uint64_t> codes(count);
    for (std::uint64_t& code : codes) code = random() % (f.max_code() + 1);
    std::vector<std::uint8_t> packed(packed_size(count, f.bits()));
    pack(std::span<const std::uint64_t>(codes), f.bits(), std::span(packed));
    // Bits behind the last code are nobody's.
    if (const std::size_t used = count * static_cast<std::size_t>(f.bits()) % 8; used != 0)
        packed.back() = static_cast<std::uint8_t>(packed.back() | 0xFFu << used);
    return packed;
}

/// Codes of the scales of one level: of numbers near 1; where `any`, others too: zero, negative ones, infinity, NaN.
std::vector<std::uint64_t> random_scales(const format& f, std::uint64_t count, bool any, generator& random) {
    std::vector<std::uint64_t> scales(count);
    const double near = f.as_codebook() != nullptr ? 0.5 : 1.0;
    const std::uint64_t half = f.max_code() >> 1;
    const std::uint64_t infinity = f.as_float() != nullptr ? f.as_float()->infinity_magnitude() & f.max_code() : half;
    for (std::uint64_t& scale : scales) {
        const double size =
            std::ldexp(near + near * static_cast<double>(random() % 4096) / 4096, -static_cast<int>(random() % 3));
        scale = encode(size, f, projection{.overflow = overflow_policy::sat_finite});
        if (!any) continue;
        switch (random() % 8) {
            case 0: scale = random() % (f.max_code() + 1); break;
            case 1: scale = std::array{std::uint64_t{0}, infinity, half, half + 1, f.max_code()}[random() % 5]; break;
            default: break;
        }
    }
    return scales;
}

scale_planes random_planes(const scheme& s, const axis_view& view, bool any, generator& random) {
    const std::vector<std::uint64_t> counts = scale_counts(s, view);
    scale_planes planes;
    for (std::size_t k = 0; k < counts.size(); ++k) {
        if (k < s.levels.size()) {
            const format f = s.levels[k].stored ? format(s.levels[k].stored) : format(s.levels[k].format);
            planes.push_back(random_scales(f, counts[k], any, random));
        } else if (s.double_quant) {
            planes.push_back({to_bits(0.75f)});
        } else {
            planes.emplace_back(counts[k]);
            for (std::uint64_t& zero : planes.back()) zero = random() % (s.element.max_code() + 1);
        }
    }
    return planes;
}

template <carrier T>
std::vector<T> defined(std::span<const std::uint8_t> packed, const axis_view& view, const scheme& s,
                       const scale_planes& scales) {
    std::vector<std::uint64_t> codes(view.size());
    for (std::size_t i = 0; i < codes.size(); ++i)
        codes[i] = with_sign(bits_at(packed, i, s.element.bits()), s.element);
    std::vector<T> out(codes.size());
    const forced_backend scalar(backend::scalar);
    dequantize(std::span<const std::uint64_t>(codes), view, s, scales, std::span(out));
    return out;
}

template <carrier T>
void compare(const scheme& s, const axis_view& view, bool any_scales, generator& random, oracle::report& report) {
    const std::vector<std::uint8_t> packed = random_packed(s.element, view.size(), random);
    const scale_planes scales = random_planes(s, view, any_scales, random);
    const std::vector<T> want = defined<T>(packed, view, s, scales);
    guarded<std::uint8_t> in(packed.size(), array_end::back);
    std::copy(packed.begin(), packed.end(), in.span().begin());
    for (const backend b : available_backends()) {
        const forced_backend forced(b);
        for (const int threads : {1, 3}) {
            // From the front of a page, and of whole vectors; up to its back; and one element off.
            const array_end end = random() % 2 == 0 ? array_end::front : array_end::back;
            guarded<T> out(view.size(), end, random() % 2);
            {
                const hostile_environment caller;
                dequantize_packed(in.view(), view, s, scales, out.span(), threads);
                report.check(caller.still_set(), [&] { return "the caller's environment, " + to_string(s); });
            }
            report.check(out.surroundings_untouched(), [&] { return "outside of out, " + to_string(s); });
            for (std::size_t i = 0; i < want.size(); ++i) {
                report.check(to_bits(out.span()[i]) == to_bits(want[i]), [&] {
                    return std::string(to_string(b)) + " " + carrier_name<T>() + " " + to_string(s) + " " +
                           std::to_string(view.outer) + " x " + std::to_string(view.length) + " x " +
                           std::to_string(view.inner) + " [" + std::to_string(i) + "] code " +
                           hex(bits_at(packed, i, s.element.bits())) + ": got " + hex(to_bits(out.span()[i])) +
                           " want " + hex(to_bits(want[i]));
                });
            }
        }
    }
}

constexpr std::array<const char*, 33> schemes{
    "nf4/64:binary32@flat",
    "nf4/64:dynamic8/256:binary32@double_quant,flat",
    "int4s/128:binary16",
    "int4/128:binary16@zero_point",
    "mxfp4",
    "nvfp4",
    "e2m1/32:e4m3fn",
    "fp4_bnb/32:bfloat16",
    "pot4/64:binary32",
    "nf4/33:binary32",
    "int4s/96:e4m3fn/tensor:binary32",
    "int4s/tensor:binary32",
    "nf4/5000:binary32",
    "pm1/64:binary16",
    "ternary/64:binary32",
    "ternary/tensor:binary32",
    "nf2/32:binary16",
    "int3/40:binary16",
    "nf3/64:binary32",
    "int5s/32:binary32",
    "mxfp6_e2m3",
    "e4m3fnu/16:e8m0fnu",
    "mxfp8_e4m3",
    "int8s/32:binary16",
    "int11s/30:binary32",
    "posit16_2/64:binary32",
    "q8.8",
    "int19s/16:binary32",
    "mx4",
    "mxfp4@hadamard=16,signs=3",
    "nf4/channel:binary32",
    "e2m1fn/8x16:e8m0fnu",
    "e2m1fn",
};

std::string error_of(std::span<const std::uint8_t> packed, const axis_view& view, const char* text,
                     const scale_planes& scales, std::size_t elements, int threads = 1) {
    std::vector<float> out(elements);
    try {
        dequantize_packed(packed, view, parse_scheme(text), scales, std::span(out), threads);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "none";
}

}  // namespace

TEST_CASE("packed codes have the values of codes, for every width, shape, carrier, backend and number of threads") {
    generator random(101);
    for (const char* text : schemes) {
        const scheme s = parse_scheme(text);
        oracle::report report;
        for (const bool any_scales : {false, true}) {
            for (const axis_view& view : {axis_view{3, 1024, 1}, axis_view{5, 333, 1}, axis_view{1, 10'001, 1},
                                          axis_view{2, 67, 45}, axis_view{1, 1, 1}, axis_view{4, 0, 1}}) {
                compare<float>(s, view, any_scales, random, report);
                if (view.size() > 2000) continue;
                if (holds(binary16_format, s.element)) compare<float16>(s, view, any_scales, random, report);
                if (holds(bfloat16_format, s.element)) compare<bfloat16>(s, view, any_scales, random, report);
                compare<double>(s, view, any_scales, random, report);
            }
        }
        report.conclude();
    }
}

TEST_CASE("arrays beyond the caches have the same values") {
    generator random(103);
    for (const char* text : {"nf4/64:binary32", "mxfp4", "int4s/128:binary16", "nf3/64:binary32"}) {
        oracle::report report;
        compare<float>(parse_scheme(text), {230, 1024, 1}, false, random, report);
        report.conclude();
    }
}

TEST_CASE("values are the exact product, rounded once") {
    generator random(107);
    for (const char* text : {"nf4/64:binary32", "int4s/32:binary16", "e2m1fn/32:bfloat16", "nf3/16:binary32",
                             "int6s/64:binary32", "nvfp4"}) {
        const scheme s = parse_scheme(text);
        const axis_view view{3, 640, 1};
        const std::vector<std::uint8_t> packed = random_packed(s.element, view.size(), random);
        const scale_planes scales = random_planes(s, view, false, random);
        const std::uint64_t length = s.levels[0].group.length;
        for (const backend b : available_backends()) {
            const forced_backend forced(b);
            std::vector<float> out(view.size());
            dequantize_packed(std::span<const std::uint8_t>(packed), view, s, scales, std::span(out));
            oracle::report report;
            for (std::size_t i = 0; i < out.size(); ++i) {
                // 4 or 6 and 24, or 2 and 4 and 24 bits: a long double holds their product.
                long double product = decode<double>(bits_at(packed, i, s.element.bits()), s.element);
                product *= decode<double>(scales[0][i / length], format(s.levels[0].format));
                if (scales.size() == 2) product *= decode<double>(scales[1][0], format(s.levels[1].format));
                report.check(to_bits(out[i]) == to_bits(static_cast<float>(product)), [&] {
                    return std::string(to_string(b)) + " " + text + " [" + std::to_string(i) + "] got " +
                           hex(to_bits(out[i])) + " want " + hex(to_bits(static_cast<float>(product)));
                });
            }
            report.conclude();
        }
    }
}

TEST_CASE("quantize_packed and dequantize_packed are quantize and dequantize") {
    generator random(109);
    const axis_view view{7, 320, 1};
    std::vector<float> x(view.size());
    for (float& v : x) v = static_cast<float>(static_cast<double>(random() % 20001) / 10000 - 1);
    for (const char* text : {"nf4/64:binary32", "mxfp4", "int4s/128:binary16", "int3/32:binary16@zero_point",
                             "ternary/64:binary32", "nf4/64:dynamic8/256:binary32@double_quant,flat"}) {
        CAPTURE(text);
        const scheme s = parse_scheme(text);
        std::vector<std::uint8_t> packed(packed_size(x.size(), s.element.bits()));
        std::vector<std::uint8_t> codes(x.size());
        scale_planes scales;
        quantize_packed(std::span<const float>(x), view, s, std::span(packed), scales);
        quantize(std::span<const float>(x), view, s, std::span(codes), scales);
        std::vector<float> got(x.size());
        std::vector<float> want(x.size());
        dequantize_packed(std::span<const std::uint8_t>(packed), view, s, scales, std::span(got));
        dequantize(std::span<const std::uint8_t>(codes), view, s, scales, std::span(want));
        CHECK(got == want);
    }
}

TEST_CASE("what does not fit is refused by name") {
    for (const backend b : available_backends()) {
        const forced_backend forced(b);
        INFO(to_string(b));
        const std::vector<std::uint8_t> bytes(200);
        const std::span<const std::uint8_t> packed(bytes);
        const scale_planes ones{{0x3F800000u, 0x3F800000u, 0x3F800000u}};
        const axis_view view{1, 133, 1};
        const char* nf4 = "nf4/64:binary32";
        CHECK(error_of(packed.first(67), view, nf4, ones, 133) == "none");
        CHECK(error_of(packed.first(66), view, nf4, ones, 133) ==
              "packed has 66 bytes, allowed: 67 for 133 codes of 4 bits");
        CHECK(error_of(packed.first(68), view, nf4, ones, 133) ==
              "packed has 68 bytes, allowed: 67 for 133 codes of 4 bits");
        CHECK(error_of(packed.first(67), {1, 132, 1}, nf4, ones, 133).find("the axis view has 132 elements") == 0);
        CHECK(error_of(packed.first(67), view, nf4, ones, 133, 0) == "threads is 0, allowed: 1 or more");
        CHECK(error_of(packed.first(67), view, nf4, {}, 133) == "scales has 0 levels, allowed: 1");
        CHECK(error_of(packed.first(67), view, nf4, {{0, 0}}, 133) == "scales[0] has 2 codes, allowed: 3");
        CHECK(error_of(packed.first(67), view, nf4, {{0, std::uint64_t{1} << 32, 0}}, 133)
                  .find("scales[0][1] is 4294967296, allowed: 0 to 4294967295") == 0);
        CHECK(error_of(packed.first(67), view, "mxfp4", {{0, 0, 0, 0, 256}}, 133).find("scales[0][4] is 256") == 0);
    }
}

TEST_CASE("codes that a format lacks are refused wherever they stand") {
    for (const backend b : available_backends()) {
        const forced_backend forced(b);
        for (const char* text : {"ternary/64:binary32", "pot4/64:binary32", "ternary/64:binary32@hadamard=16"}) {
            const scheme s = parse_scheme(text);
            const std::uint64_t lacking = s.element.max_code() + 1;
            for (const std::uint64_t scale :
                 {0x3F800000u, 0u, 0x7FC00000u}) {  // 1; and two that no kernel multiplies by
                const scale_planes scales{std::vector<std::uint64_t>(3, scale)};
                for (std::size_t at = 0; at < 133; ++at) {
                    std::vector<std::uint64_t> codes(133);
                    codes[at] = lacking;
                    std::vector<std::uint8_t> packed(packed_size(codes.size(), s.element.bits()));
                    pack(std::span<const std::uint64_t>(codes), s.element.bits(), std::span(packed));
                    const std::string want = "codes[" + std::to_string(at) + "] is " + std::to_string(lacking) +
                                             ", allowed: 0 to " + std::to_string(lacking - 1);
                    INFO(to_string(b) << " " << text << " " << scale);
                    CHECK(error_of(packed, {1, 133, 1}, text, scales, 133).find(want) == 0);
                }
            }
        }
    }
}
