// Reads lines "FORMAT CARRIER HEXBITS" and prints the codes that NVIDIA's host headers give.
// Column order: e4m3fn e5m2: satfinite, nosat. e3m2fn e2m3fn e2m1fn: nearest, toward zero.
// e8m0fnu: toward zero satfinite, toward zero nosat, upward satfinite, upward nosat.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

#include <cuda_fp4.h>
#include <cuda_fp6.h>
#include <cuda_fp8.h>

namespace {
__nv_fp8_storage_t fp8(float x, __nv_saturation_t s, __nv_fp8_interpretation_t i) {
    return __nv_cvt_float_to_fp8(x, s, i);
}
__nv_fp8_storage_t fp8(double x, __nv_saturation_t s, __nv_fp8_interpretation_t i) {
    return __nv_cvt_double_to_fp8(x, s, i);
}
__nv_fp6_storage_t fp6(float x, __nv_fp6_interpretation_t i, cudaRoundMode r) { return __nv_cvt_float_to_fp6(x, i, r); }
__nv_fp6_storage_t fp6(double x, __nv_fp6_interpretation_t i, cudaRoundMode r) {
    return __nv_cvt_double_to_fp6(x, i, r);
}
__nv_fp4_storage_t fp4(float x, cudaRoundMode r) { return __nv_cvt_float_to_fp4(x, __NV_E2M1, r); }
__nv_fp4_storage_t fp4(double x, cudaRoundMode r) { return __nv_cvt_double_to_fp4(x, __NV_E2M1, r); }
__nv_fp8_storage_t e8m0(float x, __nv_saturation_t s, cudaRoundMode r) { return __nv_cvt_float_to_e8m0(x, s, r); }
__nv_fp8_storage_t e8m0(double x, __nv_saturation_t s, cudaRoundMode r) { return __nv_cvt_double_to_e8m0(x, s, r); }

template <class T>
bool convert(const std::string& format, T x) {
    if (format == "e4m3fn" || format == "e5m2") {
        const auto kind = format == "e5m2" ? __NV_E5M2 : __NV_E4M3;
        std::printf("%02x %02x\n", fp8(x, __NV_SATFINITE, kind), fp8(x, __NV_NOSAT, kind));
    } else if (format == "e3m2fn" || format == "e2m3fn") {
        const auto kind = format == "e3m2fn" ? __NV_E3M2 : __NV_E2M3;
        std::printf("%02x %02x\n", fp6(x, kind, cudaRoundNearest), fp6(x, kind, cudaRoundZero));
    } else if (format == "e2m1fn") {
        std::printf("%02x %02x\n", fp4(x, cudaRoundNearest), fp4(x, cudaRoundZero));
    } else if (format == "e8m0fnu") {
        std::printf("%02x %02x %02x %02x\n", e8m0(x, __NV_SATFINITE, cudaRoundZero), e8m0(x, __NV_NOSAT, cudaRoundZero),
                    e8m0(x, __NV_SATFINITE, cudaRoundPosInf), e8m0(x, __NV_NOSAT, cudaRoundPosInf));
    } else {
        return false;
    }
    return true;
}
} // namespace

int main() {
    char format[16];
    char carrier[16];
    unsigned long long bits = 0;
    while (std::scanf("%15s %15s %llx", format, carrier, &bits) == 3) {
        bool known = false;
        if (std::strcmp(carrier, "binary32") == 0) {
            const auto word = static_cast<std::uint32_t>(bits);
            float x = 0;
            std::memcpy(&x, &word, sizeof x);
            known = convert(format, x);
        } else {
            double x = 0;
            std::memcpy(&x, &bits, sizeof x);
            known = convert(format, x);
        }
        if (!known) {
            return 1;
        }
    }
    return 0;
}
