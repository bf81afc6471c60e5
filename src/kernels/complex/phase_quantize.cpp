// phase_quantize, phase_dequantize and phase_fake_quantize: codes {±1, ±i} and two scales for each group.
#include <algorithm>
#include <atomic>

#include "kernels/complex/phase_groups.hpp"
#include "kernels/project_each.hpp"

namespace halfulp {
namespace {

template <complex_part T>
void check_call(std::span<const std::complex<T>> x, const phase_layout& layout, const phase_options& options) {
    detail::check_layout(layout);
    detail::check_count("x", x.size(), layout.size());
    detail::check_phase_options(options);
    detail::check_scale_codes({}, options.scale);
}

}  // namespace

template <complex_part T>
std::uint64_t phase_quantize(std::span<const std::complex<T>> x, const phase_layout& layout,
                             std::span<std::uint8_t> codes, std::span<std::uint64_t> scale_codes,
                             const phase_options& options) {
    check_call(x, layout, options);
    detail::check_sizes(x.size(), codes.size());
    detail::check_count("scale_codes", scale_codes.size(), 2 * layout.groups());
    detail::check_not_kept(options.nan, "phase_quantize");
    const detail::phase_quantizer<T> by(options);
    std::atomic<std::uint64_t> zeros = 0;
    detail::each_group(
        layout, options.threads,
        [&](detail::index_range range, detail::phase_means& means) {
            return by.encode(x.data(), codes.data(), range, means);
        },
        [&](std::uint64_t g, detail::index_range range, const detail::phase_means& means, bool finite) {
            const detail::group_scale found = by.scales(means, finite);
            std::copy(found.codes.begin(), found.codes.end(), scale_codes.begin() + static_cast<std::ptrdiff_t>(2 * g));
            zeros += found.zeros;
            if (found.is_nan) {
                std::fill_n(codes.begin() + static_cast<std::ptrdiff_t>(range.begin), range.size(), phase_of_zero);
            } else if (!finite) {
                by.settle(x.data(), codes.data(), range);
            }
        });
    return zeros;
}

template <complex_part T>
void phase_dequantize(std::span<const std::uint8_t> codes, const phase_layout& layout,
                      std::span<const std::uint64_t> scale_codes, const float_format& scale,
                      std::span<std::complex<T>> out, int threads) {
    detail::check_layout(layout);
    detail::check_count("codes", codes.size(), layout.size());
    detail::check_sizes(codes.size(), out.size());
    detail::check_count("scale_codes", scale_codes.size(), 2 * layout.groups());
    detail::check_threads(threads);
    detail::check_scale_codes(scale_codes, scale);
    detail::check_phase_codes(codes);
    for (std::uint64_t g = 0; g < layout.groups(); ++g) {
        const detail::index_range range = detail::elements_of(layout, g);
        const auto values = detail::values_of<T>(&scale_codes[2 * g], scale);
        detail::parallel_for(range.size(), threads, detail::thread_grain, [&](std::size_t begin, std::size_t end) {
            for (std::size_t i = range.begin + begin; i < range.begin + end; ++i) out[i] = values[codes[i]];
        });
    }
}

template <complex_part T>
std::uint64_t phase_fake_quantize(std::span<const std::complex<T>> x, const phase_layout& layout,
                                  std::span<std::complex<T>> out, const phase_options& options) {
    check_call(x, layout, options);
    detail::check_sizes(x.size(), out.size());
    const detail::phase_quantizer<T> by(options);
    std::atomic<std::uint64_t> zeros = 0;
    const auto put = [&](detail::index_range range, const detail::group_scale& found, bool finite) {
        const auto values = detail::values_of<T>(found.codes.data(), options.scale);
        std::array<std::uint8_t, detail::phase_coder<T>::block> codes;
        for (std::size_t at = range.begin; at < range.end; at += codes.size()) {
            const std::size_t size = std::min(codes.size(), range.end - at);
            (void)by.coder().encode(x.data() + at, codes.data(), size);
            for (std::size_t i = 0; i < size; ++i) {
                const std::complex<T> own = x[at + i];
                if (!finite && !has_finite_parts(own.real(), own.imag())) {
                    if (options.nan == nan_policy::keep) {
                        out[at + i] = own;
                        continue;
                    }
                    if (options.nan == nan_policy::raise && !found.is_nan) detail::throw_no_phase(at + i);
                    codes[i] = phase_of_zero;
                }
                out[at + i] = values[codes[i]];
            }
        }
    };
    detail::each_group(
        layout, options.threads,
        [&](detail::index_range range, detail::phase_means& means) { return by.add_up(x.data(), range, means); },
        [&](std::uint64_t, detail::index_range range, const detail::phase_means& means, bool finite) {
            const detail::group_scale found = by.scales(means, finite);
            zeros += found.zeros;
            const int threads =
                range.size() == x.size() ? options.threads : 1;  // many groups have their threads already
            detail::parallel_for(range.size(), threads, simd::phase_block, [&](std::size_t begin, std::size_t end) {
                const detail::float_environment environment;
                put({range.begin + begin, range.begin + end}, found, finite);
            });
        });
    return zeros;
}

#define HALFULP_PHASE(T)                                                                                               \
    template std::uint64_t phase_quantize<T>(std::span<const std::complex<T>>, const phase_layout&,                    \
                                             std::span<std::uint8_t>, std::span<std::uint64_t>, const phase_options&); \
    template void phase_dequantize<T>(std::span<const std::uint8_t>, const phase_layout&,                              \
                                      std::span<const std::uint64_t>, const float_format&, std::span<std::complex<T>>, \
                                      int);                                                                            \
    template std::uint64_t phase_fake_quantize<T>(std::span<const std::complex<T>>, const phase_layout&,               \
                                                  std::span<std::complex<T>>, const phase_options&);
HALFULP_PHASE(float)
HALFULP_PHASE(double)
#undef HALFULP_PHASE

}  // namespace halfulp
