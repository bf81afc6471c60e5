#include "shared/weights.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace halfulp::benchmarks {

namespace {

// splitmix64 (Steele, Lea, Flood, OOPSLA 2014): one independent word for each index.
std::uint64_t word(std::uint64_t index) {
    std::uint64_t z = (index + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

// The sum of four uniform numbers of variance 1/12, scaled to variance 1, and 1 in 64 of them sixteen times as large: weights
// have outliers. The low bits are filled, so that almost no number is a member of a format.
double weight(std::uint64_t index) {
    const std::uint64_t w = word(index);
    double sum = -2.0;
    for (int part = 0; part < 4; ++part) sum += static_cast<double>((w >> (16 * part)) & 0xFFFF) * 0x1p-16;
    sum += static_cast<double>(word(~index) >> 11) * 0x1p-53 * 0x1p-16;
    return sum * 1.7320508075688772 * ((w >> 58) == 0 ? 16.0 : 1.0);
}

template <class T>
void fill(std::span<T> out) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<T>(weight(i));
}

}  // namespace

void fill_weights(std::span<float> out) { fill(out); }
void fill_weights(std::span<double> out) { fill(out); }

std::span<const rounding_mode> deterministic_modes() {
    static const std::vector<rounding_mode> modes = [] {
        std::vector<rounding_mode> found;
        for (const rounding_mode_row& row : rounding_modes)
            if (!is_stochastic(row.mode)) found.push_back(row.mode);
        return found;
    }();
    return modes;
}

}  // namespace halfulp::benchmarks
