// Random vectors with E z zᵀ = 1, as a pure function of a seed and their number.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace halfulp {

enum class probe_distribution : std::uint8_t {
    rademacher,  ///< ±1: least variance of zᵀAz among independent elements; the same bits on every machine
    normal,  ///< last bits depend on the C library's logarithm, sine and cosine
    sphere,  ///< normal, scaled to length √n
};

/// "rademacher", "normal", "sphere". Throws std::invalid_argument for other texts.
probe_distribution parse_probe_distribution(std::string_view text);

/// Probe `index` of a seed: element i comes from the Philox word of element i in the stream `index` (normal: by Box and
/// Muller from the words of each four elements), so more probes never change earlier ones.
void fill_probe(probe_distribution distribution, std::uint64_t seed, std::uint32_t index, std::span<double> z);

}  // namespace halfulp
