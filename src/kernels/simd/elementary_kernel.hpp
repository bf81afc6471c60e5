// Elementary functions of arrays (elementary_plan.hpp).
#pragma once

#include <algorithm>
#include <xsimd/xsimd.hpp>

#include "elementary_plan.hpp"

namespace halfulp::simd {

/// out = f(x), a vector at a time; the last one is filled up with ones.
template <class A, class F>
inline void each_vector(const double* x, double* out, std::size_t size, const F& f) {
    using vd = xsimd::batch<double, A>;
    std::size_t i = 0;
    for (; i + vd::size <= size; i += vd::size) f(vd::load_unaligned(x + i)).store_unaligned(out + i);
    if (i == size) return;
    double rest[vd::size];
    for (std::size_t k = 0; k < vd::size; ++k) rest[k] = i + k < size ? x[i + k] : 1.0;
    f(vd::load_unaligned(rest)).store_unaligned(rest);
    for (std::size_t k = 0; i + k < size; ++k) out[i + k] = rest[k];
}

template <class A>
void exp_of(const double* x, double* out, std::size_t size) {
    each_vector<A>(x, out, size, [](const xsimd::batch<double, A>& v) { return xsimd::exp(v); });
}

template <class A>
void log_of(const double* x, double* out, std::size_t size) {
    each_vector<A>(x, out, size, [](const xsimd::batch<double, A>& v) { return xsimd::log(v); });
}

template <class A>
constexpr elementary_kernels make_elementary_kernels() {
    return {exp_of<A>, log_of<A>};
}

}  // namespace halfulp::simd
