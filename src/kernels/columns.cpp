#include "columns.hpp"

#include <cmath>

#include "halfulp/kernels/backend.hpp"
#include "simd/columns_kernel.hpp"

namespace halfulp::detail {
namespace {

/// One number as a vector.
struct single {
    static constexpr std::size_t size = 1;
    double x = 0;

    single() = default;
    explicit single(double number) : x(number) {}
    static single load_unaligned(const double* from) { return single(*from); }
    void store_unaligned(double* to) const { *to = x; }
    friend single operator+(single a, single b) { return single(a.x + b.x); }
    friend single operator-(single a, single b) { return single(a.x - b.x); }
    friend single operator*(single a, single b) { return single(a.x * b.x); }
    friend single operator/(single a, single b) { return single(a.x / b.x); }
    friend single operator-(single a) { return single(-a.x); }
    friend single abs(single a) { return single(std::fabs(a.x)); }
    friend single min(single a, single b) { return single(a.x < b.x ? a.x : b.x); }  // as SSE2 has it for NaN
    friend single copysign(single a, single b) { return single(std::copysign(a.x, b.x)); }
};

constexpr simd::column_kernels of_numbers = simd::make_column_kernels<single>();

}  // namespace

const simd::column_kernels& active_columns() {
    switch (active_backend()) {
#if defined(HALFULP_SIMD_X86)
        case backend::sse2: return simd::columns_sse2;
        case backend::avx2: return simd::columns_avx2;
        case backend::avx512: return simd::columns_avx512;
#endif
        default: return of_numbers;
    }
}

}  // namespace halfulp::detail
