#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "checks.hpp"
#include "double_quantization.hpp"
#include "halfulp/kernels/pack.hpp"
#include "halfulp/kernels/quantize.hpp"
#include "quantize_runs.hpp"

namespace halfulp {
namespace {

/// Are the planes those that dequantize() takes? What is wrong with others is left to it to say.
bool planes_fit(const scheme& s, const axis_view& view, const scale_planes& scales) {
    const std::vector<std::uint64_t> counts = scale_counts(s, view);
    if (scales.size() != counts.size()) return false;
    for (std::size_t k = 0; k < scales.size(); ++k) {
        if (scales[k].size() != counts[k]) return false;
        const format plane = k >= s.levels.size() ? format(binary32_format)  // the offset of double quantization
                             : s.levels[k].stored ? format(s.levels[k].stored)
                                                  : format(s.levels[k].format);
        if (!detail::has_codes(std::span<const std::uint64_t>(scales[k]), plane)) return false;
    }
    return true;
}

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
    if (view.size() != out.size() || threads < 1 || !has_runs_of_products(s) || !planes_fit(s, view, scales))
        return false;
    const axis_view seen = s.flat ? axis_view{1, view.size(), 1} : view;
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
    if (packed.size() != packed_size(out.size(), bits)) {
        throw std::invalid_argument("packed has " + std::to_string(packed.size()) +
                                    " bytes, allowed: " + std::to_string(packed_size(out.size(), bits)) + " for " +
                                    std::to_string(out.size()) + " codes of " + std::to_string(bits) + " bits");
    }
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
