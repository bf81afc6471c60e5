// Residual stages of the complex code: each quantizes what the stages before have left.
#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/complex/phase_groups.hpp"
#include "kernels/project_each.hpp"

namespace halfulp {
namespace {

/// Exact sums of at most max_phase_stages numbers, rounded once.
template <complex_part T>
T rounded_sum(std::span<const double> numbers) {
    exact_sum sum;
    double special = 0;
    for (const double number : numbers) {
        if (!has_finite_parts(number, number)) {
            special += number;
        } else {
            sum.add(number);
        }
    }
    if (special != 0) return static_cast<T>(special);
    const extended exact = sum.quotient(1);
    constexpr projector to_carrier(carrier_traits<T>::format, projection{});
    return to_value<T>(to_carrier.finite(sum.negative(), exact.significand, exact.exponent, exact.sticky, 0));
}

/// The value of the codes of all stages together, two bits a stage, under the group's values at each stage.
template <complex_part T>
std::complex<T> staged_value(unsigned together, std::span<const std::array<std::complex<double>, 4>> stages) {
    std::array<double, max_phase_stages> re;
    std::array<double, max_phase_stages> im;
    for (std::size_t k = 0; k < stages.size(); ++k) {
        const std::complex<double> value = stages[k][together >> (2 * k) & 3];
        re[k] = value.real();
        im[k] = value.imag();
    }
    return {rounded_sum<T>(std::span(re).first(stages.size())), rounded_sum<T>(std::span(im).first(stages.size()))};
}

}  // namespace

template <complex_part T>
std::uint64_t phase_residual_quantize(std::span<const std::complex<T>> x, const phase_layout& layout, int stages,
                                      std::span<std::uint8_t> codes, std::span<std::uint64_t> scale_codes,
                                      const phase_options& options) {
    detail::check_stages(stages);
    detail::check_layout(layout);
    detail::check_count("x", x.size(), layout.size());
    const auto count = static_cast<std::size_t>(stages);
    const std::size_t scales = 2 * layout.groups();
    detail::check_count("codes", codes.size(), count * x.size());
    detail::check_count("scale_codes", scale_codes.size(), count * scales);
    std::uint64_t zeros = phase_quantize(x, layout, codes.first(x.size()), scale_codes.first(scales), options);
    std::vector<std::complex<T>> left(x.begin(), x.end());
    std::vector<std::complex<T>> value(stages > 1 ? x.size() : 0);
    for (std::size_t k = 1; k < count; ++k) {
        const std::span<const std::uint8_t> before = codes.subspan((k - 1) * x.size(), x.size());
        phase_dequantize(before, layout, std::span<const std::uint64_t>(scale_codes.subspan((k - 1) * scales, scales)),
                         options.scale, std::span(value), options.threads);
        detail::parallel_for(x.size(), options.threads, detail::thread_grain, [&](std::size_t begin, std::size_t end) {
            const detail::float_environment environment;
            for (std::size_t i = begin; i < end; ++i)
                left[i] = {left[i].real() - value[i].real(), left[i].imag() - value[i].imag()};
        });
        zeros += phase_quantize(std::span<const std::complex<T>>(left), layout, codes.subspan(k * x.size(), x.size()),
                                scale_codes.subspan(k * scales, scales), options);
    }
    return zeros;
}

template <complex_part T>
void phase_residual_dequantize(std::span<const std::uint8_t> codes, const phase_layout& layout, int stages,
                               std::span<const std::uint64_t> scale_codes, const float_format& scale,
                               std::span<std::complex<T>> out, int threads) {
    detail::check_stages(stages);
    detail::check_layout(layout);
    const auto count = static_cast<std::size_t>(stages);
    const std::size_t scales = 2 * layout.groups();
    const std::size_t size = layout.size();
    detail::check_count("codes", codes.size(), count * size);
    detail::check_count("out", out.size(), size);
    detail::check_count("scale_codes", scale_codes.size(), count * scales);
    detail::check_threads(threads);
    detail::check_scale_codes(scale_codes, scale);
    detail::check_phase_codes(codes);
    const auto together = [&](std::size_t i) {
        unsigned all = 0;
        for (std::size_t k = 0; k < count; ++k) all |= unsigned{codes[k * size + i]} << (2 * k);
        return all;
    };
    for (std::uint64_t g = 0; g < layout.groups(); ++g) {
        const detail::index_range range = detail::elements_of(layout, g);
        std::array<std::array<std::complex<double>, 4>, max_phase_stages> parts;
        for (std::size_t k = 0; k < count; ++k)
            parts[k] = detail::values_of<double>(&scale_codes[k * scales + 2 * g], scale);
        const auto used = std::span<const std::array<std::complex<double>, 4>>(parts).first(count);
        std::vector<std::complex<T>> table;  // of every combination, where there are more elements than those
        if (range.size() >= std::size_t{1} << (2 * count)) {
            for (unsigned all = 0; all < 1u << (2 * count); ++all) table.push_back(staged_value<T>(all, used));
        }
        detail::parallel_for(range.size(), threads, detail::thread_grain, [&](std::size_t begin, std::size_t end) {
            const detail::float_environment environment;
            for (std::size_t i = range.begin + begin; i < range.begin + end; ++i)
                out[i] = table.empty() ? staged_value<T>(together(i), used) : table[together(i)];
        });
    }
}

#define HALFULP_PHASE(T)                                                                                          \
    template std::uint64_t phase_residual_quantize<T>(std::span<const std::complex<T>>, const phase_layout&, int, \
                                                      std::span<std::uint8_t>, std::span<std::uint64_t>,          \
                                                      const phase_options&);                                      \
    template void phase_residual_dequantize<T>(std::span<const std::uint8_t>, const phase_layout&, int,           \
                                               std::span<const std::uint64_t>, const float_format&,               \
                                               std::span<std::complex<T>>, int);
HALFULP_PHASE(float)
HALFULP_PHASE(double)
#undef HALFULP_PHASE

}  // namespace halfulp
