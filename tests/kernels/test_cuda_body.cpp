// The CUDA body of round, run on the host thread by thread, gives the array function's bits.
#include <catch2/catch_test_macros.hpp>

#include "halfulp/formats/registry.hpp"
#include "halfulp/kernels/convert.hpp"
#include "kernels/cuda/round_body.hpp"
#include "samples.hpp"

using namespace halfulp;

TEST_CASE(
    "the CUDA round body equals the array function for every format that float32 holds, every mode and any grid") {
    for (const registered_format& row : registry) {
        if (!holds(binary32_format, row.format)) continue;
        const std::vector<float> x = tests::samples<float>(row.format, 1500, true, 4);
        for (const rounding_mode_row& mode : rounding_modes) {
            INFO(row.name << " " << mode.name);
            const projection how{.rounding = mode.mode, .nan = nan_policy::keep, .random_bits = 9};
            const random_source random{11, 2, 5};
            std::vector<float> expected(x.size());
            round(std::span<const float>(x), std::span(expected), row.format, how, random);
            const cuda::round_body body{projector(row.format, how), random, true};
            for (const std::uint32_t grid : {1u, 3u, 100u}) {
                std::vector<float> out(x.size());
                cuda::host_launch(grid, 32, body, x.data(), out.data(), std::uint64_t{x.size()});
                bool same = true;
                for (std::size_t i = 0; i < x.size(); ++i) same = same && to_bits(out[i]) == to_bits(expected[i]);
                CHECK(same);
            }
        }
    }
}
