#include "halfulp/kernels/phase_product.hpp"

#include <algorithm>
#include <array>
#include <type_traits>
#include <vector>

#include "halfulp/codecs/codec.hpp"
#include "kernels/checks.hpp"
#include "kernels/complex/fixed_vector.hpp"
#include "kernels/complex/phase_checks.hpp"
#include "kernels/complex/scaled_sum.hpp"
#include "kernels/float_environment.hpp"
#include "kernels/parallel.hpp"

namespace halfulp {
namespace {

/// The sums of elements begin to end by add(sum, ±part).
template <class Sum, class T, class Add>
detail::four_sums<Sum> summed(const std::uint8_t* codes, const std::complex<T>* x, std::size_t begin, std::size_t end,
                              const Add& add) {
    detail::four_sums<Sum> s;
    for (std::size_t j = begin; j < end; ++j) {
        const bool minus = (codes[j] & 1) == 0;
        const bool imaginary = (codes[j] & 2) != 0;
        add(imaginary ? s.re_of_imaginary : s.re_of_real, minus ? -x[j].real() : x[j].real());
        add(imaginary ? s.im_of_imaginary : s.im_of_real, minus ? -x[j].imag() : x[j].imag());
    }
    return s;
}

constexpr bool is_finite(double x) noexcept { return has_finite_parts(x, x); }

double sign_of(std::int64_t sum) noexcept { return sum < 0 ? -1.0 : sum > 0 ? 1.0 : 0.0; }
double sign_of(const exact_sum& sum) noexcept { return sum.negative() ? -1.0 : sum.is_zero() ? 0.0 : 1.0; }

/// A part of y: what is finite, exactly, and what is not.
struct exact_part {
    detail::scaled_sum finite;
    double special = 0;

    template <class Sum>
    void add(bool negative, const Sum& sum, double special_sum, double scale, std::int32_t unit) {
        if (!is_finite(scale)) {
            special += (negative ? -scale : scale) * (special_sum != 0 ? special_sum : sign_of(sum));
            return;
        }
        if (special_sum != 0) special += (negative ? -scale : scale) * special_sum;
        dyadic factor = binary64_format.finite_value(to_bits(scale));
        factor.negative = factor.negative != negative;
        if constexpr (std::is_same_v<Sum, exact_sum>) {
            finite.add_product(sum, factor);
        } else {
            const auto magnitude = static_cast<std::uint64_t>(sum < 0 ? -sum : sum);
            finite.add_product(sum < 0, magnitude, unit, factor);
        }
    }
    template <complex_part T>
    [[nodiscard]] T rounded() const {
        return special != 0 ? static_cast<T>(special) : finite.rounded<T>();
    }
};

/// The vector, its parts that are no finite numbers kept apart.
template <complex_part T>
struct exact_vector {
    std::vector<std::complex<T>> finite;
    std::vector<std::complex<double>> special;  ///< empty where all is finite
    detail::fixed_vector<T> fixed;

    explicit exact_vector(std::span<const std::complex<T>> x)
        : finite(x.begin(), x.end()), special(separate(finite)), fixed(finite) {}

    /// Calls use(sums, special sums, unit) for elements begin to end under codes.
    template <class Use>
    void each(const std::uint8_t* codes, std::size_t begin, std::size_t end, const Use& use) const {
        detail::four_sums<double> other;
        if (!special.empty())
            other = summed<double>(codes, special.data(), begin, end, [](double& sum, double part) { sum += part; });
        if (fixed.fits()) {
            use(fixed.sums(codes, begin, end), other, fixed.unit());
        } else {
            use(summed<exact_sum>(codes, finite.data(), begin, end, [](exact_sum& sum, T part) { sum.add(part); }),
                other, 0);
        }
    }

  private:
    static std::vector<std::complex<double>> separate(std::vector<std::complex<T>>& x) {
        std::vector<std::complex<double>> apart;
        if (std::ranges::all_of(x, [](const auto& z) { return has_finite_parts(z.real(), z.imag()); })) return apart;
        const auto rest = [](T part) { return has_finite_parts(part, part) ? T{0} : part; };
        for (std::complex<T>& z : x) {
            apart.emplace_back(rest(z.real()), rest(z.imag()));
            z = {has_finite_parts(z.real(), z.real()) ? z.real() : T{0},
                 has_finite_parts(z.imag(), z.imag()) ? z.imag() : T{0}};
        }
        return apart;
    }
};

/// Calls run(group, begin, end) for the parts of row `row` of m columns that lie in one group.
template <class Run>
void each_run(const phase_layout& layout, std::uint64_t row, std::uint64_t m, const Run& run) {
    for (std::uint64_t begin = 0; begin < m;) {
        const std::uint64_t index = row * m + begin;
        const std::uint64_t within = index % layout.row_length;
        const std::uint64_t group = within / layout.group_length;
        const std::uint64_t rest = std::min((group + 1) * layout.group_length, layout.row_length) - within;
        const std::uint64_t end = begin + std::min(rest, m - begin);
        run(index / layout.row_length * layout.groups_per_row() + group, begin, end);
        begin = end;
    }
}

/// Calls part(which, first is negative, sum over ±1, second is negative, sum over ±i) for both parts of y. w x is ±(Re + i Im) or
/// ±(-Im + i Re), and w conj(x) is ±(Re - i Im) or ±(Im + i Re).
template <class Sum, class Part>
void each_part(const detail::four_sums<Sum>& sums, phase_convention convention, const Part& part) {
    const bool conjugated = convention == phase_convention::conjugated;
    part(std::size_t{0}, false, sums.re_of_real, !conjugated, sums.im_of_imaginary);
    part(std::size_t{1}, conjugated, sums.im_of_real, false, sums.re_of_imaginary);
}

}  // namespace

template <complex_part T>
void phase_matvec(std::span<const std::uint8_t> codes, std::uint64_t n, std::uint64_t m, const phase_layout& layout,
                  std::span<const std::uint64_t> scale_codes, const float_format& scale,
                  std::span<const std::complex<T>> x, std::span<std::complex<T>> y, phase_convention convention,
                  phase_accumulation accumulation, int threads) {
    detail::check_layout(layout);
    detail::check_count("codes", codes.size(), n * m);
    detail::check_count("layout", layout.size(), n * m);
    detail::check_count("x", x.size(), m);
    detail::check_count("y", y.size(), n);
    detail::check_count("scale_codes", scale_codes.size(), 2 * layout.groups());
    detail::check_threads(threads);
    detail::check_scale_codes(scale_codes, scale);
    detail::check_phase_codes(codes);
    const auto exact_row = [&](const exact_vector<T>& vector, std::uint64_t row) {
        std::array<exact_part, 2> parts;
        each_run(layout, row, m, [&](std::uint64_t g, std::uint64_t begin, std::uint64_t end) {
            const auto s_re = decode<double>(scale_codes[2 * g], scale);
            const auto s_im = decode<double>(scale_codes[2 * g + 1], scale);
            vector.each(
                codes.data() + row * m, begin, end, [&](const auto& sums, const auto& other, std::int32_t unit) {
                    std::array<std::array<double, 2>, 2> special;
                    each_part(other, convention, [&](std::size_t k, bool, double first, bool, double second) {
                        special[k] = {first, second};
                    });
                    each_part(
                        sums, convention,
                        [&](std::size_t k, bool minus_first, const auto& first, bool minus_second, const auto& second) {
                            parts[k].add(minus_first, first, special[k][0], s_re, unit);
                            parts[k].add(minus_second, second, special[k][1], s_im, unit);
                        });
                });
        });
        y[row] = {parts[0].template rounded<T>(), parts[1].template rounded<T>()};
    };
    const auto sequential_row = [&](std::uint64_t row) {
        std::array<T, 2> parts{};
        each_run(layout, row, m, [&](std::uint64_t g, std::uint64_t begin, std::uint64_t end) {
            const T s_re = decode<T>(scale_codes[2 * g], scale);
            const T s_im = decode<T>(scale_codes[2 * g + 1], scale);
            const auto sums =
                summed<T>(codes.data() + row * m, x.data(), begin, end, [](T& sum, T part) { sum += part; });
            each_part(sums, convention, [&](std::size_t k, bool minus_first, T first, bool minus_second, T second) {
                const T a = (minus_first ? -first : first) * s_re;
                const T b = (minus_second ? -second : second) * s_im;
                parts[k] += a + b;
            });
        });
        y[row] = {parts[0], parts[1]};
    };
    if (accumulation == phase_accumulation::exact) {
        const exact_vector<T> vector(x);
        detail::parallel_for(n, threads, 1, [&](std::size_t begin, std::size_t end) {
            const detail::float_environment environment;
            for (std::size_t row = begin; row < end; ++row) exact_row(vector, row);
        });
    } else {
        detail::parallel_for(n, threads, 1, [&](std::size_t begin, std::size_t end) {
            const detail::float_environment environment;
            for (std::size_t row = begin; row < end; ++row) sequential_row(row);
        });
    }
}

#define HALFULP_PHASE_PRODUCT(T)                                                                                    \
    template void phase_matvec<T>(std::span<const std::uint8_t>, std::uint64_t, std::uint64_t, const phase_layout&, \
                                  std::span<const std::uint64_t>, const float_format&,                              \
                                  std::span<const std::complex<T>>, std::span<std::complex<T>>, phase_convention,   \
                                  phase_accumulation, int);
HALFULP_PHASE_PRODUCT(float)
HALFULP_PHASE_PRODUCT(double)
#undef HALFULP_PHASE_PRODUCT

}  // namespace halfulp
