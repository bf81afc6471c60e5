// The portable twins of PTX cvt: against the preset, against the vendor's host conversions, and their random bits.
// On the host hardware_convert.hpp is the twin; the instruction itself is judged on a device (halfulp validate-gpu).
#include <catch2/catch_test_macros.hpp>

#include <ios>
#include <random>
#include <vector>

#include "halfulp/rounding/presets.hpp"
#include "kernels/cuda/hardware_convert.hpp"
#include "kernels/cuda/host_machine.hpp"
#include "kernels/cuda/probe_random_bits.hpp"
#include "kernels/cuda/run_hardware.hpp"
#include "samples.hpp"

#if __has_include(<cuda_fp8.h>) && __has_include(<cuda_fp6.h>) && __has_include(<cuda_fp4.h>)
#include <cuda_fp4.h>
#include <cuda_fp6.h>
#include <cuda_fp8.h>
#define HAS_VENDOR_HEADERS 1
#endif

using namespace halfulp;
using namespace halfulp::cuda;

namespace {

template <class Form, std::size_t N>
std::vector<Form> all_forms() {
    std::vector<Form> out;
    for (std::size_t i = 0; i < N; ++i) out.push_back(static_cast<Form>(i));
    return out;
}
const std::vector<cvt_form> cvt_forms = all_forms<cvt_form, cvt_rows.size()>();
const std::vector<rs_form> rs_forms = all_forms<rs_form, rs_rows.size()>();
const std::vector<decode_form> decode_forms = all_forms<decode_form, decode_rows.size()>();

std::uint32_t lane_of(std::uint32_t packed, int lane, int lane_bits) {
    return packed >> (lane * lane_bits) & static_cast<std::uint32_t>(low_ones(lane_bits));
}

/// NaN as cvt gives it, else the code of the preset.
std::uint32_t expected(float x, const float_format& to, const projection& how, std::uint32_t random = 0) {
    const std::uint64_t code = encode(x, to, how, random);
    const bool from_nan = binary32_format.is_nan(to_bits(x));
    return from_nan ? canonical_nan(to) : static_cast<std::uint32_t>(code);
}

}  // namespace

TEST_CASE("the projection of a form is the preset ptx_satfinite") {
    for (const cvt_row& row : cvt_rows) {
        projection preset = preset_projection("ptx_satfinite", row.to, true);
        preset.rounding = row.rounding;
        CHECK(satfinite(row.to, row.rounding) == preset);
    }
}

TEST_CASE("both lanes of every form give the codes of the preset") {
    host_machine machine(3, 64);
    for (const cvt_form form : cvt_forms) {
        const cvt_row& row = row_of(form);
        INFO(row.ptx);
        const std::vector<float> x = tests::samples<float>(row.to, 6000, true, 17);
        const std::vector<std::uint32_t> got = hardware_on<host_machine>::convert(machine, form, x);
        std::size_t wrong = 0;
        for (std::size_t i = 0; i + 1 < x.size(); ++i) {
            const projection how = satfinite(row.to, row.rounding);
            wrong += lane_of(got[i / 2], static_cast<int>(i % 2), row.lane_bits) != expected(x[i], row.to, how);
        }
        CHECK(wrong == 0);
    }
}

TEST_CASE("every lane of a stochastic form adds its own random bits to the discarded ones") {
    host_machine machine(2, 32);
    std::mt19937 random(5);
    for (const rs_form form : rs_forms) {
        const rs_row& row = row_of(form);
        INFO(row.ptx);
        const std::vector<float> x = tests::samples<float>(row.to, 4000, true, 23);
        std::vector<rs_case> cases(x.size());
        for (std::size_t i = 0; i < cases.size(); ++i) {
            for (std::size_t lane = 0; lane < 4; ++lane) cases[i].x.lane[lane] = x[(i + 7 * lane) % x.size()];
            cases[i].rbits = static_cast<std::uint32_t>(random());
        }
        const std::vector<std::uint32_t> got = hardware_on<host_machine>::convert(machine, form, cases);
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < cases.size(); ++i) {
            for (int lane = 0; lane < row.lanes; ++lane) {
                const random_lane& bits = row.random[static_cast<std::size_t>(lane)];
                projection how = satfinite(row.to, rounding_mode::stochastic_a);
                how.random_bits = bits.count;
                const std::uint32_t r = random_bits_of(bits, cases[i].rbits);
                REQUIRE(r >> bits.count == 0);
                wrong += lane_of(got[i], lane, row.lane_bits) != expected(cases[i].x.lane[lane], row.to, how, r);
            }
        }
        CHECK(wrong == 0);
    }
}

TEST_CASE("the random bits of a lane, by hand") {
    const std::uint32_t rbits = 0xABCD1234u;
    const auto bits = [&](rs_form form, std::size_t lane) { return random_bits_of(row_of(form).random[lane], rbits); };
    CHECK(bits(rs_form::f16x2, 0) == 0x1234u);
    CHECK(bits(rs_form::f16x2, 1) == 0x0BCDu);  // 13 bits of ABCD
    CHECK(bits(rs_form::bf16x2, 0) == 0x1234u);
    CHECK(bits(rs_form::bf16x2, 1) == 0xABCDu);
    CHECK(bits(rs_form::e4m3x4, 0) == 0x1234u);
    CHECK(bits(rs_form::e4m3x4, 1) == 0x2C48u);  // 1234 with its 16 bits reversed
    CHECK(bits(rs_form::e4m3x4, 2) == 0xABCDu);
    CHECK(bits(rs_form::e4m3x4, 3) == 0xB3D5u);
    CHECK(bits(rs_form::e2m1x4, 0) == 0x34u);
    CHECK(bits(rs_form::e2m1x4, 1) == 0xCDu);
    CHECK(bits(rs_form::e2m1x4, 2) == 0x12u);
    CHECK(bits(rs_form::e2m1x4, 3) == 0xABu);
}

TEST_CASE("probing finds the random bits that a form is said to use") {
    host_machine machine(1, 32);
    for (const rs_form form : rs_forms) {
        const rs_row& row = row_of(form);
        for (int lane = 0; lane < row.lanes; ++lane) {
            INFO(row.ptx << " lane " << lane);
            const probed_lane probed = probe_random_bits(machine, form, lane);
            CHECK_FALSE(probed.ambiguous);
            CHECK(probed.lane == row.random[static_cast<std::size_t>(lane)]);
        }
    }
}

TEST_CASE("decoding forms give every code's value") {
    host_machine machine(2, 64);
    for (const decode_form form : decode_forms) {
        const decode_row& row = row_of(form);
        INFO(row.ptx);
        std::vector<std::uint32_t> codes(std::size_t{1} << (row.lane_bits + 8));
        for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::uint32_t>(i);
        const std::vector<std::uint32_t> got = hardware_on<host_machine>::convert(machine, form, codes);
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < codes.size(); ++i) {
            for (int lane = 0; lane < 2; ++lane) {
                const std::uint64_t code = codes[i] >> (lane * row.lane_bits) & row.from.code_mask();
                const auto value = row.to.exponent_bits == 5 ? to_bits(decode<float16>(code, row.from))
                                                             : to_bits(decode<bfloat16>(code, row.from));
                const std::uint64_t want = row.from.is_nan(code) ? canonical_nan(row.to) : value;
                wrong += lane_of(got[i], lane, 16) != want;
            }
        }
        CHECK(wrong == 0);
    }
}

TEST_CASE("a sweep finds no difference on the host, where both sides are the twin, and names no instruction") {
    host_machine machine(4, 32);
    const auto check = [&](auto form, std::uint64_t begin, std::uint64_t end) {
        const sweep_result result = hardware_on<host_machine>::sweep(machine, form, begin, end);
        CHECK(result.differences == 0);
        CHECK(result.first == ~std::uint64_t{0});
        CHECK(result.instructions == 0);
    };
    for (const cvt_form form : cvt_forms) check(form, 0x3F800000u, 0x3F801000u);
    for (const rs_form form : rs_forms) check(form, 0, 1000);
    for (const decode_form form : decode_forms) check(form, 0, 65536);
    sweep_result result{0, ~std::uint64_t{0}, 0};
    note(&result, false, 12);
    note(&result, true, 3);
    note(&result, false, 9);
    CHECK(result.differences == 2);
    CHECK(result.first == 9);
}

#if defined(HAS_VENDOR_HEADERS)
TEST_CASE("the twins give the bytes of the vendor's own host conversions, NaN included") {
    struct pair {
        cvt_form form;
        unsigned (*vendor)(float2);
    };
    const pair pairs[]{
        {cvt_form::rn_e4m3x2,
         [](float2 x) -> unsigned { return __nv_cvt_float2_to_fp8x2(x, __NV_SATFINITE, __NV_E4M3); }},
        {cvt_form::rn_e5m2x2,
         [](float2 x) -> unsigned { return __nv_cvt_float2_to_fp8x2(x, __NV_SATFINITE, __NV_E5M2); }},
        {cvt_form::rn_e2m3x2,
         [](float2 x) -> unsigned { return __nv_cvt_float2_to_fp6x2(x, __NV_E2M3, cudaRoundNearest); }},
        {cvt_form::rn_e3m2x2,
         [](float2 x) -> unsigned { return __nv_cvt_float2_to_fp6x2(x, __NV_E3M2, cudaRoundNearest); }},
        {cvt_form::rn_e2m1x2,
         [](float2 x) -> unsigned { return __nv_cvt_float2_to_fp4x2(x, __NV_E2M1, cudaRoundNearest); }},
        {cvt_form::rz_ue8m0x2,
         [](float2 x) -> unsigned { return __nv_cvt_float2_to_e8m0x2(x, __NV_SATFINITE, cudaRoundZero); }},
        {cvt_form::rp_ue8m0x2,
         [](float2 x) -> unsigned { return __nv_cvt_float2_to_e8m0x2(x, __NV_SATFINITE, cudaRoundPosInf); }},
    };
    host_machine machine(1, 1024);
    for (const pair& p : pairs) {
        INFO(row_of(p.form).ptx);
        std::vector<float> x = tests::samples<float>(row_of(p.form).to, 20000, true, 31);
        for (std::uint32_t i = 0; i < (1u << 18); ++i) x.push_back(from_bits<float>(i * 0x9E3779B1u));
        const std::vector<std::uint32_t> got = hardware_on<host_machine>::convert(machine, p.form, x);
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < got.size(); ++i) {
            float2 operands;
            operands.x = x[2 * i];  // .x is the low lane: the headers pass it as operand b
            operands.y = x[2 * i + 1];
            wrong += got[i] != p.vendor(operands);
        }
        CHECK(wrong == 0);
    }
}

TEST_CASE("the decoding twins give the bits of the vendor's own host conversions, NaN included") {
    struct pair {
        decode_form form;
        unsigned (*vendor)(unsigned);
    };
    const auto halves = [](__half2_raw h) -> unsigned { return unsigned{h.x} | unsigned{h.y} << 16; };
    static const auto packed = halves;
    const pair pairs[]{
        {decode_form::e4m3x2,
         [](unsigned x) {
             return packed(__nv_cvt_fp8x2_to_halfraw2(static_cast<__nv_fp8x2_storage_t>(x), __NV_E4M3));
         }},
        {decode_form::e5m2x2,
         [](unsigned x) {
             return packed(__nv_cvt_fp8x2_to_halfraw2(static_cast<__nv_fp8x2_storage_t>(x), __NV_E5M2));
         }},
        {decode_form::e2m3x2,
         [](unsigned x) {
             return packed(__nv_cvt_fp6x2_to_halfraw2(static_cast<__nv_fp6x2_storage_t>(x), __NV_E2M3));
         }},
        {decode_form::e3m2x2,
         [](unsigned x) {
             return packed(__nv_cvt_fp6x2_to_halfraw2(static_cast<__nv_fp6x2_storage_t>(x), __NV_E3M2));
         }},
        {decode_form::e2m1x2,
         [](unsigned x) {
             return packed(__nv_cvt_fp4x2_to_halfraw2(static_cast<__nv_fp4x2_storage_t>(x), __NV_E2M1));
         }},
        {decode_form::ue8m0x2,
         [](unsigned x) {
             const __nv_bfloat162_raw b = __nv_cvt_e8m0x2_to_bf162raw(static_cast<__nv_fp8x2_storage_t>(x));
             return unsigned{b.x} | unsigned{b.y} << 16;
         }},
    };
    host_machine machine(1, 1024);
    for (const pair& p : pairs) {
        INFO(row_of(p.form).ptx);
        std::vector<std::uint32_t> codes;
        for (std::uint32_t x = 0; x < 65536; ++x) {
            if ((x & ~decode_mask(p.form)) == 0) codes.push_back(x);
        }
        const std::vector<std::uint32_t> got = hardware_on<host_machine>::convert(machine, p.form, codes);
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < codes.size(); ++i) {
            if (got[i] != p.vendor(codes[i])) {
                if (wrong++ == 0)
                    UNSCOPED_INFO(std::hex << codes[i] << ": " << got[i] << " not " << p.vendor(codes[i]));
            }
        }
        CHECK(wrong == 0);
    }
}
#endif
