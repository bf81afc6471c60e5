// Products of a matrix of codes {±1, ±i} with a complex vector, without multiplication but for the scales: in each row and group of scales
// four sums are formed, of ±Re x and ±Im x over the codes ±1 and over the codes ±i.
#pragma once

#include <complex>
#include <cstdint>
#include <span>

#include "halfulp/kernels/phase.hpp"

namespace halfulp {

/// Σ w x, or Σ w conj(x) as the iFairy papers' kernels have it.
enum class phase_convention : std::uint8_t { plain, conjugated };

enum class phase_accumulation : std::uint8_t {
    exact,  ///< no rounding but the last, to T
    /// In T, every operation rounded to nearest even: each of the four sums from the first column to the last; then in each group, for
    /// each part of y, the product of the sum over ±1 with s_re and of that over ±i with s_im, the first plus (or minus) the second; and
    /// that added to the part, groups in order.
    sequential,
};

/// y = C x for the n × m matrix C of codes and scales. The layout, of n m elements, says how the matrix is cut into groups: a row each, runs
/// within rows, or one for all. Scales are codes of `scale`. Infinities and NaN go through as IEEE 754's sums and products have them.
/// Throws std::invalid_argument where sizes do not fit, for codes that are none, and for threads below 1.
template <complex_part T>
void phase_matvec(std::span<const std::uint8_t> codes, std::uint64_t n, std::uint64_t m, const phase_layout& layout,
                  std::span<const std::uint64_t> scale_codes, const float_format& scale,
                  std::span<const std::complex<T>> x, std::span<std::complex<T>> y,
                  phase_convention convention = phase_convention::plain,
                  phase_accumulation accumulation = phase_accumulation::exact, int threads = 1);

}  // namespace halfulp
