// phase_encode, phase_decode and phase_round: codes {±1, ±i} without scales.
#include <array>
#include <type_traits>

#include "kernels/checks.hpp"
#include "kernels/complex/phase_checks.hpp"
#include "kernels/complex/phase_coder.hpp"
#include "kernels/float_environment.hpp"
#include "kernels/parallel.hpp"
#include "kernels/project_each.hpp"

namespace halfulp {
namespace {

template <complex_part T>
void refuse_nan(std::span<const std::complex<T>> x, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
        if (has_nan_part(x[i].real(), x[i].imag())) detail::throw_no_phase(i);
    }
}

}  // namespace

template <complex_part T>
void phase_encode(std::span<const std::complex<T>> x, std::span<std::uint8_t> codes, phase_rule rule, nan_policy nan,
                  int threads) {
    detail::check_sizes(x.size(), codes.size());
    detail::check_threads(threads);
    detail::check_not_kept(nan, "phase_encode");
    const detail::phase_coder<T> coder(rule);
    detail::parallel_for(x.size(), threads, detail::thread_grain, [&](std::size_t begin, std::size_t end) {
        const detail::float_environment environment;
        const bool finite = coder.encode(x.data() + begin, codes.data() + begin, end - begin);
        if (!finite && nan == nan_policy::raise) refuse_nan(x, begin, end);
    });
}

template <complex_part T>
void phase_decode(std::span<const std::uint8_t> codes, std::span<std::complex<T>> out, int threads) {
    detail::check_sizes(codes.size(), out.size());
    detail::check_threads(threads);
    detail::check_phase_codes(codes);
    const std::array<std::complex<T>, 4> values{decode_phase<T>(0), decode_phase<T>(1), decode_phase<T>(2),
                                                decode_phase<T>(3)};
    detail::parallel_for(codes.size(), threads, detail::thread_grain, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) out[i] = values[codes[i]];
    });
}

template <complex_part T>
void phase_round(std::span<const std::complex<T>> x, std::span<std::complex<T>> out, phase_rule rule, nan_policy nan,
                 int threads) {
    detail::check_sizes(x.size(), out.size());
    detail::check_threads(threads);
    const detail::phase_coder<T> coder(rule);
    detail::parallel_for(x.size(), threads, detail::thread_grain, [&](std::size_t begin, std::size_t end) {
        const detail::float_environment environment;
        for (std::size_t i = begin; i < end; ++i) {
            const bool no_number = has_nan_part(x[i].real(), x[i].imag());
            if (no_number && nan == nan_policy::raise) detail::throw_no_phase(i);
            out[i] = no_number && nan == nan_policy::keep ? round_phase(x[i], nan) : decode_phase<T>(coder.one(x[i]));
        }
    });
}

#define HALFULP_PHASE(T)                                                                                               \
    template void phase_encode<T>(std::span<const std::complex<T>>, std::span<std::uint8_t>, phase_rule, nan_policy,   \
                                  int);                                                                                \
    template void phase_decode<T>(std::span<const std::uint8_t>, std::span<std::complex<T>>, int);                     \
    template void phase_round<T>(std::span<const std::complex<T>>, std::span<std::complex<T>>, phase_rule, nan_policy, \
                                 int);
HALFULP_PHASE(float)
HALFULP_PHASE(double)
#undef HALFULP_PHASE

}  // namespace halfulp
