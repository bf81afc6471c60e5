#include "halfulp/kernels/widely_linear.hpp"

#include "halfulp/codecs/phase_codec.hpp"
#include "kernels/complex/phase_checks.hpp"
#include "kernels/float_environment.hpp"

namespace halfulp {
namespace {

/// ½(a + b), rounded once. Where a + b is below twice the smallest normal number it is exact, else its half is; and where it
/// overflows both halves are exact.
template <complex_part T>
T half_sum(T a, T b) noexcept {
    const T sum = a + b;
    return has_finite_parts(sum, sum) ? sum / 2 : a / 2 + b / 2;
}

}  // namespace

template <complex_part T>
void to_widely_linear(std::span<const T> matrix, std::uint64_t n, std::uint64_t m, std::span<std::complex<T>> u,
                      std::span<std::complex<T>> w) {
    detail::check_count("matrix", matrix.size(), 4 * n * m);
    detail::check_count("u", u.size(), n * m);
    detail::check_count("w", w.size(), n * m);
    const detail::float_environment environment;
    for (std::uint64_t row = 0; row < n; ++row) {
        for (std::uint64_t column = 0; column < m; ++column) {
            const T r11 = matrix[row * 2 * m + column];
            const T r12 = matrix[row * 2 * m + m + column];
            const T r21 = matrix[(n + row) * 2 * m + column];
            const T r22 = matrix[(n + row) * 2 * m + m + column];
            u[row * m + column] = {half_sum(r11, r22), half_sum(r21, -r12)};
            w[row * m + column] = {half_sum(r11, -r22), half_sum(r12, r21)};
        }
    }
}

template <complex_part T>
void from_widely_linear(std::span<const std::complex<T>> u, std::span<const std::complex<T>> w, std::uint64_t n,
                        std::uint64_t m, std::span<T> matrix) {
    detail::check_count("u", u.size(), n * m);
    detail::check_count("w", w.size(), n * m);
    detail::check_count("matrix", matrix.size(), 4 * n * m);
    const detail::float_environment environment;
    for (std::uint64_t row = 0; row < n; ++row) {
        for (std::uint64_t column = 0; column < m; ++column) {
            const std::complex<T> a = u[row * m + column];
            const std::complex<T> b = w[row * m + column];
            matrix[row * 2 * m + column] = b.real() + a.real();
            matrix[row * 2 * m + m + column] = b.imag() - a.imag();
            matrix[(n + row) * 2 * m + column] = b.imag() + a.imag();
            matrix[(n + row) * 2 * m + m + column] = a.real() - b.real();
        }
    }
}

#define HALFULP_WIDELY_LINEAR(T)                                                                                    \
    template void to_widely_linear<T>(std::span<const T>, std::uint64_t, std::uint64_t, std::span<std::complex<T>>, \
                                      std::span<std::complex<T>>);                                                  \
    template void from_widely_linear<T>(std::span<const std::complex<T>>, std::span<const std::complex<T>>,         \
                                        std::uint64_t, std::uint64_t, std::span<T>);
HALFULP_WIDELY_LINEAR(float)
HALFULP_WIDELY_LINEAR(double)
#undef HALFULP_WIDELY_LINEAR

}  // namespace halfulp
