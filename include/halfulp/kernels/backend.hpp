// Which implementation the array functions run: the scalar definition, or the same bits by vectors of some width.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace halfulp {

/// In the order of preference, the last one best.
enum class backend : std::uint8_t {
    scalar,  ///< the definition, element by element
    sse2,
    avx2,    ///< AVX2 and FMA
    avx512,  ///< AVX-512 F, CD, BW, DQ, VL
    neon,    ///< AArch64; not built yet
};
inline constexpr std::array<std::string_view, 5> backend_names{"scalar", "sse2", "avx2", "avx512", "neon"};

constexpr std::string_view to_string(backend b) noexcept { return backend_names[static_cast<std::size_t>(b)]; }

/// Those that this build has and this machine can run, in the order of preference.
std::vector<backend> available_backends();

/// The one that array functions run: what set_backend() chose, else what the environment variable HALFULP_BACKEND names, else
/// the best one. Throws std::invalid_argument where HALFULP_BACKEND names none that is available.
backend active_backend();

/// Forces a backend for the whole process, or gives the choice back (nullopt). Results have the same bits with every one.
/// Throws std::invalid_argument where it is not available. Not to be called while array functions run in other threads.
void set_backend(std::optional<backend> chosen);

/// The backend of this name among those available. Throws std::invalid_argument.
backend parse_backend(std::string_view name);

}  // namespace halfulp
