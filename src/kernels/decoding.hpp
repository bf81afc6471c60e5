// One call of decode by vector kernels: codes to binary32, and from there to the other carriers, exactly.
#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include "halfulp/codecs/carrier.hpp"
#include "run_plan.hpp"
#include "streaming.hpp"

namespace halfulp::detail {

template <carrier T, class C>
class decoding {
  public:
    explicit decoding(const float_format& format) {
        kernels_ = simd::active_table();
        if (kernels_ == nullptr || !holds(binary32_format, format)) return;
        plan_ = simd::plan_decoding(format);
        if constexpr (sizeof(T) == 2) {
            from_float_ = simd::plan_conversion<float>(carrier_traits<T>::format, {}, true, false);
        }
    }

    [[nodiscard]] bool covers() const noexcept { return plan_.has_value(); }
    [[nodiscard]] bool may_stream() const noexcept { return std::is_same_v<T, float> && sizeof(C) <= 4; }

    /// Elements first to first + size - 1; false where a code among them is too wide for the format.
    [[nodiscard]] bool run(const C* codes, T* out, std::size_t first, std::size_t size, bool stream) const {
        const std::size_t head = stream ? std::min(size, elements_to_alignment(out + first)) : 0;
        const std::size_t end = first + size;
        simd::flags wide = 0;
        const float_environment environment;
        for (std::size_t begin = first; begin < end;) {
            const bool at_head = begin == first && head != 0;
            const std::size_t count = at_head ? head : std::min(may_stream() ? large_block : small_block, end - begin);
            wide |= decode_block(codes + begin, out + begin, count, stream && !at_head);
            begin += count;
        }
        fence_streams(stream);
        return wide == 0;
    }

  private:
    static constexpr std::size_t small_block = 2048;
    static constexpr std::size_t large_block = 1 << 20;

    [[nodiscard]] simd::flags decode_block(const C* codes, T* out, std::size_t size, bool stream) const {
        if constexpr (std::is_same_v<T, float>) {
            return to_floats(codes, out, size, stream);
        } else {
            alignas(64) std::array<float, small_block> values;
            const simd::flags wide = to_floats(codes, values.data(), size, false);
            if constexpr (std::is_same_v<T, double>) {
                kernels_->widen(values.data(), out, size);
            } else {
                run_plan(kernels_->encode32_16, *from_float_, values.data(), reinterpret_cast<std::uint16_t*>(out),
                         size);
            }
            return wide;
        }
    }

    [[nodiscard]] simd::flags to_floats(const C* codes, float* out, std::size_t size, bool stream) const {
        if constexpr (sizeof(C) == 1) {
            return kernels_->decode8(codes, out, size, *plan_, stream);
        } else if constexpr (sizeof(C) == 2) {
            return kernels_->decode16(codes, out, size, *plan_, stream);
        } else if constexpr (sizeof(C) == 4) {
            return kernels_->decode32(codes, out, size, *plan_, stream);
        } else {
            alignas(64) std::array<std::uint32_t, small_block> narrow;
            simd::flags wide = 0;
            for (std::size_t i = 0; i < size; ++i) {
                narrow[i] = static_cast<std::uint32_t>(codes[i]);
                wide |= codes[i] >> 32 != 0;
            }
            return wide | kernels_->decode32(narrow.data(), out, size, *plan_, stream);
        }
    }

    const simd::kernel_table* kernels_ = nullptr;
    std::optional<simd::decode_plan> plan_;
    std::optional<simd::conversion_plan<float>> from_float_;
};

}  // namespace halfulp::detail
