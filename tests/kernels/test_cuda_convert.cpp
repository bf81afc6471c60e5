// The CUDA bodies of round, encode and decode, run on the host thread by thread, give the array functions' bits.
#include <catch2/catch_test_macros.hpp>

#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "halfulp/formats/name.hpp"
#include "halfulp/formats/registry.hpp"
#include "halfulp/kernels/convert.hpp"
#include "kernels/cuda/host_machine.hpp"
#include "kernels/cuda/run_arrays.hpp"
#include "samples.hpp"

using namespace halfulp;

namespace {

/// One thread, fewer threads than elements, more threads than elements.
constexpr std::pair<std::uint32_t, std::uint32_t> grids[]{{1, 1}, {3, 32}, {40, 128}};

struct named_format {
    std::string name;
    float_format format;
};

/// The registry and the shapes that it lacks: P3109 of both ranges, no subnormals, precision 1, unsigned, a wide one.
std::vector<named_format> formats() {
    std::vector<named_format> out;
    for (const registered_format& row : registry) out.push_back({std::string(row.name), row.format});
    for (const char* name : {"Binary8p3se", "Binary8p1uf", "Binary6p4sf", "e4m3_nosub", "e5m0f", "e8m0fnu", "e1m2f",
                             "e3m2u", "e2m1b1fn", "e6m0fnu", "e7m9fnuz", "e5m2f_nosub"})
        out.push_back({name, parse_float_format(name)});
    return out;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (to_bits(a[i]) != to_bits(b[i])) return false;
    }
    return true;
}

/// Is nan_policy::raise what the body reports? The array function throws with the same index, or does not throw.
template <class Call>
void check_missing(std::uint64_t missing, const Call& call) {
    if (missing == cuda::none_missing) {
        CHECK_NOTHROW(call());
        return;
    }
    try {
        call();
        FAIL("the array function does not throw");
    } catch (const std::invalid_argument& error) {
        CHECK(std::string(error.what()).find("[" + std::to_string(missing) + "]") != std::string::npos);
    }
}

template <carrier T>
void check_round(const named_format& named, const projection& how, const randomness& random, const std::vector<T>& x) {
    std::vector<T> expected(x.size());
    round(std::span<const T>(x), std::span(expected), named.format, how, random);
    for (const auto& [grid, block] : grids) {
        cuda::host_machine machine(grid, block);
        std::vector<T> out(x.size());
        cuda::round_on<cuda::host_machine, T>(machine, x, out, named.format, how, random);
        CHECK(same_bits(out, expected));
    }
}

template <carrier T, code_type C>
void check_encode(const named_format& named, const projection& how, const randomness& random, const std::vector<T>& x) {
    std::vector<C> expected(x.size());
    encode(std::span<const T>(x), std::span(expected), named.format, how, random);
    for (const auto& [grid, block] : grids) {
        cuda::host_machine machine(grid, block);
        std::vector<C> codes(x.size());
        cuda::encode_on<cuda::host_machine, T, C>(machine, x, codes, named.format, how, random);
        CHECK(codes == expected);
    }
}

template <carrier T>
void check_modes_and_policies() {
    for (const named_format& named : formats()) {
        const std::vector<T> x = tests::samples<T>(named.format, 700, true, 4);
        const bool held = holds(carrier_traits<T>::format, named.format);
        for (const rounding_mode_row& mode : rounding_modes) {
            for (const auto overflow :
                 {overflow_policy::native, overflow_policy::sat_finite, overflow_policy::sat_propagate,
                  overflow_policy::sat_none, overflow_policy::to_nan, overflow_policy::unbounded}) {
                INFO(named.name << " " << mode.name << " "
                                << overflow_policy_names[static_cast<std::size_t>(overflow)]);
                const auto ftz = static_cast<ftz_policy>(static_cast<int>(overflow) % 3);
                projection how{
                    .rounding = mode.mode, .overflow = overflow, .nan = nan_policy::keep, .ftz = ftz, .random_bits = 9};
                const random_source random{11, 2, 5};
                if (held) check_round<T>(named, how, random, x);
                if (overflow == overflow_policy::unbounded) continue;
                how.nan = overflow == overflow_policy::native ? nan_policy::to_zero : nan_policy::to_max;
                check_encode<T, std::uint64_t>(named, how, random, x);
            }
        }
    }
}

}  // namespace

TEST_CASE("the CUDA bodies of round and encode equal the array functions: float16") {
    check_modes_and_policies<float16>();
}
TEST_CASE("the CUDA bodies of round and encode equal the array functions: bfloat16") {
    check_modes_and_policies<bfloat16>();
}
TEST_CASE("the CUDA bodies of round and encode equal the array functions: float32") {
    check_modes_and_policies<float>();
}
TEST_CASE("the CUDA bodies of round and encode equal the array functions: float64") {
    check_modes_and_policies<double>();
}

TEST_CASE("the CUDA bodies of round and encode equal the array functions for every mode of E4M3 and E2M1") {
    for (const named_format& row : {named_format{"e4m3fn", named("e4m3fn")}, {"e2m1fn", named("e2m1fn")}}) {
        for (const rounding_mode_row& mode : rounding_modes) {
            const projection how{.rounding = mode.mode, .nan = nan_policy::to_max, .random_bits = 13};
            const random_source random{7};
            check_round<float>(row, how, random, tests::samples<float>(row.format, 1500, true, 1));
            check_encode<float, std::uint8_t>(row, how, random, tests::samples<float>(row.format, 1500, true, 2));
            check_encode<double, std::uint16_t>(row, how, random, tests::samples<double>(row.format, 1500, true, 3));
            check_encode<bfloat16, std::uint32_t>(row, how, random, tests::samples<bfloat16>(row.format, 900, true, 3));
        }
    }
}

TEST_CASE("the CUDA bodies take R where it is given, and binary64 by way of binary32 where the projection says so") {
    const named_format named{"e4m3fn", halfulp::named("e4m3fn")};
    const std::vector<double> x = tests::samples<double>(named.format, 1500, true, 8);
    std::mt19937 generator(3);
    std::vector<std::uint32_t> given(x.size());
    for (std::uint32_t& r : given) r = static_cast<std::uint32_t>(generator()) >> 21;
    for (const auto mode : {rounding_mode::stochastic_a, rounding_mode::stochastic_b, rounding_mode::stochastic_c,
                            rounding_mode::stochastic_equal}) {
        check_encode<double, std::uint8_t>(named, {.rounding = mode, .random_bits = 11},
                                           randomness(std::span<const std::uint32_t>(given)), x);
    }
    check_round<double>(named, {.through_binary32 = true}, {}, x);
}

TEST_CASE("a NaN that the format lacks is reported by its lowest index, as the array functions throw it") {
    const float_format e2m1 = named("e2m1fn");
    std::vector<float> x(1000, 1.0f);
    const projection how{.nan = nan_policy::raise};
    for (const bool with_nan : {false, true}) {
        if (with_nan) x[813] = x[77] = x[78] = from_bits<float>(binary32_format.nan_code());
        std::vector<float> out(x.size());
        std::vector<std::uint8_t> codes(x.size());
        cuda::host_machine machine(5, 7);
        const std::uint64_t missing = cuda::round_on<cuda::host_machine, float>(machine, x, out, e2m1, how, {});
        CHECK(missing == (with_nan ? 77 : cuda::none_missing));
        CHECK(cuda::encode_on<cuda::host_machine, float, std::uint8_t>(machine, x, codes, e2m1, how, {}) == missing);
        check_missing(missing, [&] { round(std::span<const float>(x), std::span(out), e2m1, how); });
    }
}

TEST_CASE("the CUDA body of decode equals the array function for every code of up to 16 bits") {
    for (const named_format& named : formats()) {
        if (named.format.bits() > 16) continue;
        std::vector<std::uint16_t> codes(std::size_t{1} << named.format.bits());
        for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::uint16_t>(i);
        const auto check = [&]<carrier T>(T) {
            if (!holds(carrier_traits<T>::format, named.format)) return;
            INFO(named.name);
            std::vector<T> expected(codes.size()), out(codes.size());
            decode(std::span<const std::uint16_t>(codes), std::span(expected), named.format);
            for (const auto& [grid, block] : grids) {
                cuda::host_machine machine(grid, block);
                cuda::decode_on<cuda::host_machine, T, std::uint16_t>(machine, codes, out, named.format);
                CHECK(same_bits(out, expected));
            }
        };
        check(float16{});
        check(bfloat16{});
        check(float{});
        check(double{});
    }
}

TEST_CASE("a machine that flips a bit is noticed") {
    const std::vector<float> x{1.0f, 2.0f};
    std::vector<float> out(2);
    cuda::host_machine machine(1, 1, true);
    cuda::round_on<cuda::host_machine, float>(machine, x, out, named("e5m2"), {}, {});
    CHECK_FALSE(same_bits(out, x));
}
