// The CUDA bodies of quantize, fake_quantize and dequantize, run on the host thread by thread, give the array functions' bits.
#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "halfulp/kernels/quantize.hpp"
#include "kernels/cuda/host_machine.hpp"
#include "kernels/cuda/run_arrays.hpp"

using namespace halfulp;

namespace {

constexpr std::pair<std::uint32_t, std::uint32_t> grids[]{{1, 1}, {2, 5}, {20, 64}};

/// Every published scheme of floats, scales that are neither powers of two nor floats of 8 bits, three and four levels, signed
/// scales, scales without NaN, an outer level over few scales.
constexpr const char* schemes[]{"mxfp4",
                                "mxfp6_e3m2",
                                "mxfp6_e2m3",
                                "mxfp8_e4m3",
                                "mxfp8_e5m2",
                                "nvfp4",
                                "e4m3fn",
                                "e5m2/tensor:binary32",
                                "e2m1fn/7:bfloat16",
                                "e3m2f/5:e2m1f",
                                "e2m3fn/4:e4m3fnu/3:e5m3fnu",
                                "e3m4/6:binary32",
                                "Binary8p4se/16:e5m2/tensor:e8m0fnu",
                                "e2m1fn/3:e4m3fn/2:e5m10/tensor:binary32",
                                "e2m1fn/2:e3m4/2:e3m4/2:e3m4/2:binary32",
                                "e8m0fnu/8:e4m3fn"};

constexpr axis_view views[]{{1, 100, 1}, {3, 33, 1}, {2, 17, 5}, {1, 1, 1}, {2, 64, 3}, {5, 0, 2}};

template <carrier T>
std::vector<T> values(std::size_t n, int kind, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    std::vector<T> x(n);
    for (std::size_t i = 0; i < n; ++i) {
        double v = normal(random) * std::exp2(static_cast<int>(random() % 12) - 6);
        if (random() % 20 == 0) v = random() % 2 == 0 ? 0.0 : -0.0;
        if (random() % 30 == 0) v = std::round(v * 4) / 4;
        if (kind == 1 && (i / 40) % 2 == 1) v = std::copysign(0.0, v);  // whole groups of zeros
        x[i] = decode<T>(encode(v, carrier_traits<T>::format), carrier_traits<T>::format);
        if (kind == 2 && random() % 10 == 0) {  // anything at all: subnormals, infinities, NaNs
            const std::uint64_t bits =
                (std::uint64_t{random()} << 32 | random()) & carrier_traits<T>::format.code_mask();
            x[i] = from_bits<T>(bits);
        }
        if (kind == 2 && random() % 40 == 0)
            x[i] = from_bits<T>(random() % 2 == 0 ? carrier_traits<T>::format.infinity_magnitude()
                                                  : carrier_traits<T>::format.nan_code());
    }
    return x;
}

template <class T>
std::string first_difference(const std::vector<T>& got, const std::vector<T>& want) {
    for (std::size_t i = 0; i < got.size(); ++i) {
        const bool both_nan =
            carrier_traits<T>::format.is_nan(to_bits(got[i])) && carrier_traits<T>::format.is_nan(to_bits(want[i]));
        if (to_bits(got[i]) != to_bits(want[i]) && !both_nan) return "[" + std::to_string(i) + "]";
    }
    return {};
}

template <carrier T>
void check(const scheme& s, const axis_view& view, const std::vector<T>& x, const quantize_options& options) {
    INFO(to_string(s) << " view " << view.outer << " " << view.length << " " << view.inner << " mode "
                      << static_cast<int>(options.rounding));
    quantize_options coded = options;
    if (coded.nan == nan_policy::keep) coded.nan = nan_policy::to_max;
    std::vector<std::uint16_t> codes(x.size());
    scale_planes scales;
    const quantize_report report = quantize(std::span<const T>(x), view, s, std::span(codes), scales, coded);
    std::vector<T> values(x.size()), fake(x.size());
    const bool held = holds(carrier_traits<T>::format, s.element);
    dequantize(std::span<const std::uint16_t>(codes), view, s, scales, std::span(values));
    quantize_report fake_report;
    if (held) fake_report = fake_quantize(std::span<const T>(x), view, s, std::span(fake), options);
    for (const auto& [grid, block] : grids) {
        cuda::host_machine machine(grid, block);
        std::vector<std::uint16_t> got(x.size());
        scale_planes found;
        const cuda::device_report on =
            cuda::quantize_on<cuda::host_machine, T, std::uint16_t>(machine, x, view, s, got, found, coded);
        CHECK(got == codes);
        CHECK(found == scales);
        CHECK(on.report.saturated == report.saturated);
        CHECK(on.report.zero_scales == report.zero_scales);
        std::vector<T> back(x.size());
        cuda::dequantize_on<cuda::host_machine, T, std::uint16_t>(machine, codes, view, s, scales, back);
        CHECK(first_difference(back, values).empty());
        if (!held) continue;
        const cuda::device_report on_fake =
            cuda::fake_quantize_on<cuda::host_machine, T>(machine, x, view, s, back, options);
        CHECK(first_difference(back, fake).empty());
        CHECK(on_fake.report.saturated == fake_report.saturated);
        CHECK(on_fake.report.zero_scales == fake_report.zero_scales);
    }
}

template <carrier T>
void check_schemes() {
    unsigned seed = 1;
    for (const char* text : schemes) {
        const scheme s = parse_scheme(text);
        for (const axis_view& view : views) {
            for (const int kind : {0, 1, 2}) {
                const std::vector<T> x = values<T>(view.size(), kind, ++seed);
                check<T>(s, view, x, {.scale_rounding = {}, .nan = kind == 0 ? nan_policy::to_zero : nan_policy::keep});
                const auto mode = rounding_modes[seed % rounding_modes.size()].mode;
                const auto ftz = static_cast<ftz_policy>(seed % 3);
                check<T>(s, view, x,
                         {.rounding = mode,
                          .scale_rounding = {},
                          .ftz = ftz,
                          .random_bits = 12,
                          .random = random_source{seed, 1, 3}});
            }
        }
    }
}

}  // namespace

TEST_CASE("the CUDA bodies of quantization equal the array functions: float16") { check_schemes<float16>(); }
TEST_CASE("the CUDA bodies of quantization equal the array functions: bfloat16") { check_schemes<bfloat16>(); }
TEST_CASE("the CUDA bodies of quantization equal the array functions: float32") { check_schemes<float>(); }
TEST_CASE("the CUDA bodies of quantization equal the array functions: float64") { check_schemes<double>(); }

TEST_CASE("the CUDA bodies of quantization equal the array functions in every mode of elements and of scales") {
    for (const char* text : {"mxfp4", "nvfp4", "e4m3fn/5:bfloat16"}) {
        const scheme s = parse_scheme(text);
        const axis_view view{2, 40, 3};
        const std::vector<float> x = values<float>(view.size(), 2, 5);
        for (const rounding_mode_row& mode : rounding_modes) {
            const random_source source{9, 3, 100};
            check<float>(s, view, x, {.rounding = mode.mode, .scale_rounding = {}, .random_bits = 5, .random = source});
            check<float>(s, view, x, {.scale_rounding = mode.mode, .random_bits = 7, .random = source});
        }
    }
}

TEST_CASE("a NaN that the elements of a scheme lack is reported by its lowest index") {
    const scheme s = parse_scheme("e2m1fn/4:e3m2f");  // neither elements nor scales have NaN
    std::vector<float> x(64, 1.5f);
    x[40] = x[23] = from_bits<float>(binary32_format.nan_code());
    std::vector<float> out(x.size());
    cuda::host_machine machine(3, 4);
    const quantize_options options{.scale_rounding = {}, .nan = nan_policy::raise};
    CHECK(cuda::fake_quantize_on<cuda::host_machine, float>(machine, x, {1, 64, 1}, s, out, options).missing == 23);
    CHECK_THROWS_AS(fake_quantize(std::span<const float>(x), {1, 64, 1}, s, std::span(out), options),
                    std::invalid_argument);
}
