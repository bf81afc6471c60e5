#include <algorithm>
#include <vector>

#include "checks.hpp"
#include "double_quantization.hpp"
#include "halfulp/kernels/pack.hpp"
#include "halfulp/kernels/quantize.hpp"
#include "quantize_runs.hpp"
#include "scheme_arguments.hpp"

namespace halfulp {
namespace {

/// Are all groups runs along the axis, or the whole array, and are values nothing but products?
bool has_runs_of_products(const scheme& s) {
    return s.hadamard == 0 && !s.zero_point && std::ranges::none_of(s.levels, [](const scale_level& level) {
               return level.group.is_tile() || level.group.channel;
           });
}

/// False where the call is not covered, or a code is not the format's.
template <class C, carrier T>
bool dequantize_as_packed(std::span<const std::uint8_t> packed, const axis_view& view, const scheme& s,
                          const scale_planes& scales, std::span<T> out, int threads) {
    if (!has_runs_of_products(s)) return false;
    const axis_view seen = detail::seen_by(s, view);
    const detail::packed_codes<C> codes(packed, out.size(), s.element);
    if (!s.double_quant) return detail::dequantize_from(codes, seen, s, scales, out, threads);
    return detail::dequantize_from(codes, seen, detail::without_double_quantization(s),
                                   {detail::dequantize_scales(scales, s, threads)}, out, threads);
}

}  // namespace

template <carrier T>
void dequantize_packed(std::span<const std::uint8_t> packed, const axis_view& view, const scheme& s,
                       const scale_planes& scales, std::span<T> out, int threads) {
    validate(s);
    const int bits = s.element.bits();
    detail::check_packed_size(packed.size(), out.size(), s.element);
    detail::check_shape(s, view, out.size());
    detail::check_threads(threads);
    detail::check_planes(s, view, scales);
    if (bits == 8) return dequantize(packed, view, s, scales, out, threads);  // these bytes are the codes
    const auto held_by = [&](auto code) {
        using C = decltype(code);
        if constexpr (sizeof(C) <= 2) {
            if (dequantize_as_packed<C>(packed, view, s, scales, out, threads)) return;
        }
        std::vector<C> codes(out.size());
        unpack_codes(packed, bits, std::span(codes));
        if (s.element.has_signed_codes()) {
            for (C& c : codes) c = detail::stored_code<C>(c, bits, true);
        }
        dequantize(std::span<const C>(codes), view, s, scales, out, threads);
    };
    if (bits < 8) return held_by(std::uint8_t{});
    if (bits <= 16) return held_by(std::uint16_t{});
    return bits <= 32 ? held_by(std::uint32_t{}) : held_by(std::uint64_t{});
}

template void dequantize_packed<float16>(std::span<const std::uint8_t>, const axis_view&, const scheme&,
                                         const scale_planes&, std::span<float16>, int);
template void dequantize_packed<bfloat16>(std::span<const std::uint8_t>, const axis_view&, const scheme&,
                                          const scale_planes&, std::span<bfloat16>, int);
template void dequantize_packed<float>(std::span<const std::uint8_t>, const axis_view&, const scheme&,
                                       const scale_planes&, std::span<float>, int);
template void dequantize_packed<double>(std::span<const std::uint8_t>, const axis_view&, const scheme&,
                                        const scale_planes&, std::span<double>, int);

}  // namespace halfulp
