#include <halfulp/kernels/quantize.hpp>
#include <halfulp/reconstruct/low_rank.hpp>

#include <cstdio>

int main() {
    // y = x W with 4 inputs and 3 outputs; inputs 0 and 1 mostly move together, E[xᵀx] says.
    const halfulp::matrix weight{{0.9, -0.4, 0.1}, {0.7, 0.3, -0.2}, {-0.5, 0.8, 0.6}, {0.2, -0.1, 0.4}};
    const halfulp::matrix moment{{4, 3.5, 0, 0}, {3.5, 4, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 0.25}};

    const halfulp::scheme scheme = halfulp::parse_scheme("int2/channel:binary16");
    halfulp::matrix rounded = weight;
    halfulp::fake_quantize(std::span<const double>(weight.data(), weight.size()), {.outer = 4, .length = 3}, scheme,
                           std::span<double>(rounded.data(), rounded.size()));

    const halfulp::matrix error = weight - rounded;
    const auto norm = halfulp::error_norm::of_second_moment(moment, 0, false);
    for (const std::size_t rank : {0U, 1U, 2U, 3U}) {
        const halfulp::low_rank_correction found = halfulp::correct(error, norm, {.rank = rank});
        std::printf("rank %zu leaves an output error of %.4f\n", rank, found.error);
    }
}
