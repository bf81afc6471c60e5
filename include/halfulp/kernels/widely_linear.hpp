// Real matrices as widely-linear complex maps and back (Fairy2i, arXiv 2512.02901): y = U x + W conj(x) on complex vectors of m parts is
// R (Re x, Im x) on real vectors of 2m, R = (R11, R12; R21, R22) with U = ½(R11 + R22) + ½i(R21 - R12), W = ½(R11 - R22) + ½i(R12 + R21).
#pragma once

#include <complex>
#include <cstdint>
#include <span>

#include "halfulp/kernels/phase.hpp"

namespace halfulp {

/// U and W (n × m each) of a real 2n × 2m matrix, all in C order. Every part is the exact half sum, rounded once to nearest even.
/// Throws std::invalid_argument where sizes do not fit.
template <complex_part T>
void to_widely_linear(std::span<const T> matrix, std::uint64_t n, std::uint64_t m, std::span<std::complex<T>> u,
                      std::span<std::complex<T>> w);

/// The real 2n × 2m matrix of U and W: R11 = Re W + Re U, R12 = Im W - Im U, R21 = Im W + Im U, R22 = Re U - Re W, each rounded once.
template <complex_part T>
void from_widely_linear(std::span<const std::complex<T>> u, std::span<const std::complex<T>> w, std::uint64_t n,
                        std::uint64_t m, std::span<T> matrix);

}  // namespace halfulp
