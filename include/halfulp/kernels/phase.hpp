// Arrays of complex numbers as codes {±1, ±i} (codecs/phase_codec.hpp) and scales, two for each group: s_re, the mean of |re| over the
// elements coded ±1, and s_im, the mean of |im| over those coded ±i. Sums are exact, so results depend neither on threads nor on backends.
#pragma once

#include <complex>
#include <concepts>
#include <cstdint>
#include <span>

#include "halfulp/codecs/phase_codec.hpp"

namespace halfulp {

template <class T>
concept complex_part = std::same_as<T, float> || std::same_as<T, double>;

/// How an angle's sector is found.
enum class phase_rule : std::uint8_t {
    exact,  ///< encode_phase()
    /// As the libraries do it: the angle in binary32 against π/4 and 3π/4 in binary32. Here the parts are rounded to binary32, and the
    /// angle is binary64's rounded to binary32. Differs from `exact` next to the diagonals, and for (-0, ±0), which it codes -1.
    atan2_binary32,
};

/// Groups of an array in C order, seen as rows: runs of group_length elements within each row, the last of which may be shorter.
/// One row with one group is a scale for the whole tensor; one group a row is a scale for each channel.
struct phase_layout {
    std::uint64_t rows = 1;
    std::uint64_t row_length = 0;
    std::uint64_t group_length = 1;

    [[nodiscard]] constexpr std::uint64_t size() const noexcept { return rows * row_length; }
    [[nodiscard]] constexpr std::uint64_t groups_per_row() const noexcept {
        return row_length / group_length + (row_length % group_length != 0);
    }
    [[nodiscard]] constexpr std::uint64_t groups() const noexcept { return rows * groups_per_row(); }
};

/// The least scale of Fairy2i (arXiv 2512.02901), in binary32.
inline constexpr float fairy2i_floor = 1e-6f;

struct phase_options {
    float_format scale = binary32_format;
    rounding_mode scale_rounding = rounding_mode::nearest_ties_to_even;  ///< of the exact means; deterministic
    float floor = 0;  ///< no scale is less than this, rounded in the same way; 0 or more
    phase_rule rule = phase_rule::exact;
    nan_policy nan = nan_policy::to_max;
    int threads = 1;
};

/// The code of every x. Throws std::invalid_argument where sizes differ, threads are below 1, nan_policy::keep is asked for, or a NaN
/// meets nan_policy::raise (then `codes` is unspecified).
template <complex_part T>
void phase_encode(std::span<const std::complex<T>> x, std::span<std::uint8_t> codes,
                  phase_rule rule = phase_rule::exact, nan_policy nan = nan_policy::to_max, int threads = 1);

/// The value of every code. Throws std::invalid_argument where sizes differ, threads are below 1, or a code is beyond 3.
template <complex_part T>
void phase_decode(std::span<const std::uint8_t> codes, std::span<std::complex<T>> out, int threads = 1);

/// decode ∘ encode; nan_policy::keep leaves NaN in both parts. `out` may be x itself. Errors as in phase_encode().
template <complex_part T>
void phase_round(std::span<const std::complex<T>> x, std::span<std::complex<T>> out,
                 phase_rule rule = phase_rule::exact, nan_policy nan = nan_policy::to_max, int threads = 1);

/// Codes, and scale_codes[2 g] = s_re, scale_codes[2 g + 1] = s_im of group g: the exact means rounded once, saturating. A class
/// without elements has the scale 0 (or the floor). A group with a NaN or an infinity takes phase_of_zero throughout and NaN for both
/// scales where the scale format has one; elsewhere such elements follow `nan` and count in no mean.
/// Returns how many positive means have become the scale 0. Throws std::invalid_argument where sizes do not fit, for options out of
/// range, and as phase_encode() for NaN.
template <complex_part T>
std::uint64_t phase_quantize(std::span<const std::complex<T>> x, const phase_layout& layout,
                             std::span<std::uint8_t> codes, std::span<std::uint64_t> scale_codes,
                             const phase_options& options = {});

/// The values of codes and scales: ±s_re or ±i s_im, rounded once to T, with +0 as the other part (a NaN scale gives NaN in both).
/// Throws std::invalid_argument where sizes do not fit or a code or a scale code is none.
template <complex_part T>
void phase_dequantize(std::span<const std::uint8_t> codes, const phase_layout& layout,
                      std::span<const std::uint64_t> scale_codes, const float_format& scale,
                      std::span<std::complex<T>> out, int threads = 1);

/// phase_dequantize(phase_quantize(x)); nan_policy::keep leaves elements with a NaN or an infinity as they are. `out` may be x itself.
template <complex_part T>
std::uint64_t phase_fake_quantize(std::span<const std::complex<T>> x, const phase_layout& layout,
                                  std::span<std::complex<T>> out, const phase_options& options = {});

inline constexpr int max_phase_stages = 4;

/// Residual stages (Fairy2i-W2 has two): each quantizes what the stages before have left, x - value in T, one rounding a stage and part,
/// with scales of its own. codes holds `stages` planes of x's size, scale_codes as many of 2 scales a group. Errors as in
/// phase_quantize(), and for stages beyond 1 to max_phase_stages.
template <complex_part T>
std::uint64_t phase_residual_quantize(std::span<const std::complex<T>> x, const phase_layout& layout, int stages,
                                      std::span<std::uint8_t> codes, std::span<std::uint64_t> scale_codes,
                                      const phase_options& options = {});

/// The exact sum of the stages' values, rounded once to T.
template <complex_part T>
void phase_residual_dequantize(std::span<const std::uint8_t> codes, const phase_layout& layout, int stages,
                               std::span<const std::uint64_t> scale_codes, const float_format& scale,
                               std::span<std::complex<T>> out, int threads = 1);

}  // namespace halfulp
