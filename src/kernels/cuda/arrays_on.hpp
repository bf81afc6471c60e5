// The array functions on a machine (host_machine, device_machine), for one carrier, codes in 64-bit words. Declared apart from their
// definitions (run_arrays.hpp), so that each carrier's kernels compile in one file of their own (device_<carrier>.cu).
#pragma once

#include <cstdint>
#include <limits>
#include <span>

#include "halfulp/codecs/carrier.hpp"
#include "halfulp/kernels/quantize.hpp"

namespace halfulp::cuda {

/// No element called for a NaN that the format lacks.
inline constexpr std::uint64_t none_missing = std::numeric_limits<std::uint64_t>::max();

/// The report of the array function, and the lowest index of a NaN that the element format lacks.
struct device_report {
    quantize_report report;
    std::uint64_t missing = none_missing;
};

/// Arguments are those of the array functions in halfulp/kernels/, which also check them. round and encode return the lowest index
/// at which a NaN was called for that the format lacks, or none_missing.
template <class Machine, carrier T>
struct arrays_on {
    static std::uint64_t round(Machine& machine, std::span<const T> x, std::span<T> out, const float_format& format,
                               const projection& how, const randomness& random);
    static std::uint64_t encode(Machine& machine, std::span<const T> x, std::span<std::uint64_t> codes,
                                const float_format& format, const projection& how, const randomness& random);
    static void decode(Machine& machine, std::span<const std::uint64_t> codes, std::span<T> out,
                       const float_format& format);
    static device_report quantize(Machine& machine, std::span<const T> x, const axis_view& view, const scheme& s,
                                  std::span<std::uint64_t> codes, scale_planes& scales,
                                  const quantize_options& options);
    static device_report fake_quantize(Machine& machine, std::span<const T> x, const axis_view& view, const scheme& s,
                                       std::span<T> out, const quantize_options& options);
    static void dequantize(Machine& machine, std::span<const std::uint64_t> codes, const axis_view& view,
                           const scheme& s, const scale_planes& scales, std::span<T> out);
};

}  // namespace halfulp::cuda
