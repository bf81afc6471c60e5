// Compiled with -O3 (cmake/halfulp_benchmarks.cmake); g++ vectorizes every loop here.
#include "shared/plain_loops.hpp"

#include <bit>
#include <cstddef>

namespace halfulp::benchmarks {

namespace {

template <class C>
[[gnu::always_inline]] inline void narrow_all(const float* x, C* out, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<C>(std::bit_cast<std::uint32_t>(x[i]));
}

template <class C>
[[gnu::always_inline]] inline void widen_all(const C* codes, float* out, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<float>(codes[i]);
}

#if defined(__x86_64__) && defined(__GNUC__)
template <class C>
[[gnu::target("arch=x86-64-v4,prefer-vector-width=512")]] void narrow_avx512(const float* x, C* out, std::size_t n) {
    narrow_all(x, out, n);
}
template <class C>
[[gnu::target("arch=x86-64-v3")]] void narrow_avx2(const float* x, C* out, std::size_t n) {
    narrow_all(x, out, n);
}
template <class C>
[[gnu::target("arch=x86-64-v4,prefer-vector-width=512")]] void widen_avx512(const C* codes, float* out, std::size_t n) {
    widen_all(codes, out, n);
}
template <class C>
[[gnu::target("arch=x86-64-v3")]] void widen_avx2(const C* codes, float* out, std::size_t n) {
    widen_all(codes, out, n);
}

bool has_avx512() {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

template <class C>
void narrow_best(std::span<const float> x, std::span<C> out) {
#if defined(__x86_64__) && defined(__GNUC__)
    if (has_avx512()) return narrow_avx512(x.data(), out.data(), x.size());
    if (__builtin_cpu_supports("avx2")) return narrow_avx2(x.data(), out.data(), x.size());
#endif
    narrow_all(x.data(), out.data(), x.size());
}

template <class C>
void widen_best(std::span<const C> codes, std::span<float> out) {
#if defined(__x86_64__) && defined(__GNUC__)
    if (has_avx512()) return widen_avx512(codes.data(), out.data(), codes.size());
    if (__builtin_cpu_supports("avx2")) return widen_avx2(codes.data(), out.data(), codes.size());
#endif
    widen_all(codes.data(), out.data(), codes.size());
}

}  // namespace

void narrow(std::span<const float> x, std::span<std::uint8_t> out) { narrow_best(x, out); }
void narrow(std::span<const float> x, std::span<std::uint16_t> out) { narrow_best(x, out); }
void widen(std::span<const std::uint8_t> codes, std::span<float> out) { widen_best(codes, out); }
void widen(std::span<const std::uint16_t> codes, std::span<float> out) { widen_best(codes, out); }

}  // namespace halfulp::benchmarks
