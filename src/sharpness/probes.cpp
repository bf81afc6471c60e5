#include "halfulp/sharpness/probes.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <string>

#include "halfulp/core/random.hpp"
#include "halfulp/matrices/random_matrix.hpp"
#include "halfulp/sharpness/orthonormal_basis.hpp"

namespace halfulp {
namespace {

constexpr std::pair<std::string_view, probe_distribution> names[] = {{"rademacher", probe_distribution::rademacher},
                                                                     {"normal", probe_distribution::normal},
                                                                     {"sphere", probe_distribution::sphere}};

}  // namespace

probe_distribution parse_probe_distribution(std::string_view text) {
    std::string allowed;
    for (const auto& [name, distribution] : names) {
        if (name == text) return distribution;
        allowed += (allowed.empty() ? "'" : ", '") + std::string(name) + "'";
    }
    throw std::invalid_argument("distribution is '" + std::string(text) + "', allowed: " + allowed);
}

void fill_probe(probe_distribution distribution, std::uint64_t seed, std::uint32_t index, std::span<double> z) {
    if (distribution == probe_distribution::rademacher) {
        const random_source source{seed, index, 0};
        for (std::size_t first = 0; first < z.size(); first += 4) {
            const std::array<std::uint32_t, 4> words = source.block(first / 4);
            for (std::size_t k = 0; k < 4 && first + k < z.size(); ++k) z[first + k] = words[k] >> 31 ? -1.0 : 1.0;
        }
        return;
    }
    const matrix drawn = normal_matrix(1, z.size(), seed, index);
    std::copy(drawn.begin(), drawn.end(), z.begin());
    if (distribution == probe_distribution::sphere) {
        const double factor = std::sqrt(static_cast<double>(z.size())) / euclidean_norm(z);
        for (double& x : z) x *= factor;
    }
}

}  // namespace halfulp
