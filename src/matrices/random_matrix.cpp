#include "halfulp/matrices/random_matrix.hpp"

#include <array>
#include <cmath>
#include <numbers>

#include "halfulp/core/random.hpp"

namespace halfulp {

matrix normal_matrix(std::size_t rows, std::size_t columns, std::uint64_t seed, std::uint32_t stream) {
    matrix out = matrix::from_shape({rows, columns});
    const random_source source{seed, stream, 0};
    const auto uniform = [](std::uint32_t word) { return (word + 0.5) * 0x1p-32; };  // inside (0, 1)
    for (std::size_t first = 0; first < out.size(); first += 4) {
        const std::array<std::uint32_t, 4> words = source.block(first / 4);
        for (std::size_t k = 0; k < 4 && first + k < out.size(); ++k) {
            const double radius = std::sqrt(-2 * std::log(uniform(words[k & 2])));
            const double angle = 2 * std::numbers::pi * uniform(words[(k & 2) + 1]);
            out.data()[first + k] = radius * (k % 2 == 0 ? std::cos(angle) : std::sin(angle));
        }
    }
    return out;
}

}  // namespace halfulp
