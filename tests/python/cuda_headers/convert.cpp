// Converts what it reads with NVIDIA's own host headers.
//   convert FORMAT CARRIER < raw numbers (little-endian) > raw bytes, one group of codes for each number
// FORMAT: e4m3fn e5m2 (satfinite, nosat), e3m2fn e2m3fn e2m1fn (nearest, toward zero),
// e8m0fnu (rz satfinite, rz nosat, rp satfinite, rp nosat). CARRIER: binary64 binary32 binary16 bfloat16.
// Without arguments: lists the formats that the installed headers know.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <type_traits>

#include <cuda_fp8.h>
#if __has_include(<cuda_fp6.h>) && __has_include(<cuda_fp4.h>)
#include <cuda_fp4.h>
#include <cuda_fp6.h>
#define HAS_NARROW 1
#else
#define HAS_NARROW 0
#endif

namespace {

using byte = unsigned char;

#define TO_FP8(T, NAME) \
    byte fp8(T x, __nv_saturation_t s, __nv_fp8_interpretation_t i) { return NAME(x, s, i); }
TO_FP8(double, __nv_cvt_double_to_fp8)
TO_FP8(float, __nv_cvt_float_to_fp8)
TO_FP8(__half_raw, __nv_cvt_halfraw_to_fp8)
TO_FP8(__nv_bfloat16_raw, __nv_cvt_bfloat16raw_to_fp8)

#if HAS_NARROW
#define TO_NARROW(T, NAME6, NAME4)                                                         \
    byte fp6(T x, __nv_fp6_interpretation_t i, cudaRoundMode r) { return NAME6(x, i, r); } \
    byte fp4(T x, cudaRoundMode r) { return NAME4(x, __NV_E2M1, r); }
TO_NARROW(double, __nv_cvt_double_to_fp6, __nv_cvt_double_to_fp4)
TO_NARROW(float, __nv_cvt_float_to_fp6, __nv_cvt_float_to_fp4)
TO_NARROW(__half_raw, __nv_cvt_halfraw_to_fp6, __nv_cvt_halfraw_to_fp4)
TO_NARROW(__nv_bfloat16_raw, __nv_cvt_bfloat16raw_to_fp6, __nv_cvt_bfloat16raw_to_fp4)

byte e8m0(double x, __nv_saturation_t s, cudaRoundMode r) { return __nv_cvt_double_to_e8m0(x, s, r); }
byte e8m0(float x, __nv_saturation_t s, cudaRoundMode r) { return __nv_cvt_float_to_e8m0(x, s, r); }
byte e8m0(__nv_bfloat16_raw x, __nv_saturation_t s, cudaRoundMode r) { return __nv_cvt_bfloat16raw_to_e8m0(x, s, r); }
#endif

template <class T>
int convert(const std::string& format) {
    T x;
    while (std::fread(&x, sizeof x, 1, stdin) == 1) {
        byte codes[4];
        int count = 2;
        if (format == "e4m3fn" || format == "e5m2") {
            const auto kind = format == "e5m2" ? __NV_E5M2 : __NV_E4M3;
            codes[0] = fp8(x, __NV_SATFINITE, kind);
            codes[1] = fp8(x, __NV_NOSAT, kind);
#if HAS_NARROW
        } else if (format == "e3m2fn" || format == "e2m3fn") {
            const auto kind = format == "e3m2fn" ? __NV_E3M2 : __NV_E2M3;
            codes[0] = fp6(x, kind, cudaRoundNearest);
            codes[1] = fp6(x, kind, cudaRoundZero);
        } else if (format == "e2m1fn") {
            codes[0] = fp4(x, cudaRoundNearest);
            codes[1] = fp4(x, cudaRoundZero);
        } else if (format == "e8m0fnu") {
            if constexpr (!std::is_same_v<T, __half_raw>) {
                count = 4;
                codes[0] = e8m0(x, __NV_SATFINITE, cudaRoundZero);
                codes[1] = e8m0(x, __NV_NOSAT, cudaRoundZero);
                codes[2] = e8m0(x, __NV_SATFINITE, cudaRoundPosInf);
                codes[3] = e8m0(x, __NV_NOSAT, cudaRoundPosInf);
            } else {
                return 2;
            }
#endif
        } else {
            return 2;
        }
        std::fwrite(codes, 1, static_cast<std::size_t>(count), stdout);
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::puts(HAS_NARROW ? "e4m3fn e5m2 e3m2fn e2m3fn e2m1fn e8m0fnu" : "e4m3fn e5m2");
        return 0;
    }
    const std::string format = argv[1], carrier = argv[2];
    if (carrier == "binary64") return convert<double>(format);
    if (carrier == "binary32") return convert<float>(format);
    if (carrier == "binary16") return convert<__half_raw>(format);
    if (carrier == "bfloat16") return convert<__nv_bfloat16_raw>(format);
    return 2;
}
