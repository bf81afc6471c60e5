// One call of round or encode by step functions (steps.hpp), block by block.
#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include "checks.hpp"
#include "decoding.hpp"
#include "halfulp/rounding/projection.hpp"
#include "steps.hpp"

namespace halfulp::detail {

template <carrier T>
class step_conversion {
  public:
    /// `size`: how many elements the call has.
    step_conversion(const format& f, const projection& how, std::size_t size) : format_(f), how_(how) {
        kernels_ = simd::active_table();
        blocks_ = simd::active_blocks();
        step_kernels_ = simd::active_steps();
        if constexpr (sizeof(T) == 8) return;
        if (step_kernels_ == nullptr || size < worth_steps(f)) return;
        steps_ = find_number_steps(f, how);
        if constexpr (sizeof(T) == 2) {
            to_float_ = simd::plan_decoding(carrier_traits<T>::format);
            from_float_ = simd::plan_conversion<float>(carrier_traits<T>::format, {}, true, false);
        }
        if (steps_ && steps_->many) values_ = make_table_plan(steps_->value_of, 256);
    }

    [[nodiscard]] bool covers() const noexcept { return steps_ != nullptr; }

    template <code_type C>
    void encode(const T* x, C* codes, std::size_t first, std::size_t size) const {
        each_block(first, size, [&](std::size_t at, std::size_t count) {
            alignas(64) std::array<float, block> widened;
            alignas(64) std::array<std::uint8_t, block> narrow;
            const float* numbers = load(x + at, count, widened.data());
            std::uint8_t* to = narrow.data();
            if constexpr (sizeof(C) == 1) to = codes + at;
            const bool special = find_codes(numbers, to, count);
            if (special) {
                each_special(numbers, count, at, [&](std::size_t i, const step_result& r) { to[i] = r.code; });
            }
            if constexpr (sizeof(C) > 1) {
                const bool is_signed = format_.has_signed_codes();
                for (std::size_t i = 0; i < count; ++i)
                    codes[at + i] = is_signed ? static_cast<C>(static_cast<std::int8_t>(narrow[i])) : C{narrow[i]};
            }
        });
    }

    /// `out` may be x itself.
    void round(const T* x, T* out, std::size_t first, std::size_t size, bool stream) const {
        each_block(first, size, [&](std::size_t at, std::size_t count) {
            alignas(64) std::array<float, block> widened;
            alignas(64) std::array<float, block> results;
            const float* numbers = load(x + at, count, widened.data());
            float* to = results.data();
            if constexpr (std::is_same_v<T, float>) to = out + at;
            if (largest(numbers, count) < infinity) {
                find_values(numbers, to, count, stream && sizeof(T) == 4);
            } else {
                std::array<float, block> own;  // what is not finite, before it is overwritten
                std::copy_n(numbers, count, own.data());
                find_values(own.data(), to, count, false);
                each_special(own.data(), count, at,
                             [&](std::size_t i, const step_result& r) { to[i] = from_bits<float>(r.value); });
            }
            if constexpr (sizeof(T) == 2)
                run_plan(kernels_->encode32_16, *from_float_, to, reinterpret_cast<std::uint16_t*>(out + at), count);
        });
    }

  private:
    static constexpr std::size_t block = 2048;
    static constexpr std::uint32_t infinity = 0x7F800000u;

    template <class Body>
    void each_block(std::size_t first, std::size_t size, const Body& body) const {
        const float_environment environment;
        for (std::size_t done = 0; done < size; done += block) body(first + done, std::min(block, size - done));
    }

    const float* load(const T* x, std::size_t size, float* buffer) const {
        if constexpr (sizeof(T) == 2) {
            kernels_->decode16(reinterpret_cast<const std::uint16_t*>(x), buffer, size, *to_float_, false);
            return buffer;
        } else {
            return reinterpret_cast<const float*>(x);
        }
    }

    [[nodiscard]] std::uint32_t largest(const float* x, std::size_t size) const {
        std::uint32_t most = 0;
        blocks_->largest_of_groups(x, 1, size, &most);
        return most;
    }

    /// Is one of them not finite?
    bool find_codes(const float* x, std::uint8_t* codes, std::size_t size) const {
        const bool special = largest(x, size) >= infinity;
        if (steps_->few) {
            const few_steps& s = *steps_->few;
            step_kernels_->few_codes(x, codes, 1, size, s.thresholds.data(), s.codes.data(), s.keyed, nullptr, nullptr);
        } else {
            step_kernels_->many_codes(x, codes, size, steps_->many->plan);
        }
        return special;
    }

    void find_values(const float* x, float* out, std::size_t size, bool stream) const {
        if (steps_->few) {
            const few_steps& s = *steps_->few;
            step_kernels_->few_values(x, out, 1, size, s.thresholds.data(), s.values.data(), s.keyed, stream, nullptr,
                                      nullptr);
            return;
        }
        alignas(64) std::array<std::uint8_t, block> codes;
        step_kernels_->many_codes(x, codes.data(), size, steps_->many->plan);
        (void)decode_by_table(step_kernels_, *values_, codes.data(), out, size, stream);
    }

    /// body(place in the block, result) for what is not finite. `at`: the block's first element.
    template <class Body>
    void each_special(const float* x, std::size_t size, std::size_t at, const Body& body) const {
        for (std::size_t i = 0; i < size; ++i) {
            const std::uint32_t bits = static_cast<std::uint32_t>(to_bits(x[i]));
            const std::uint32_t magnitude = bits & 0x7FFFFFFFu;
            if (magnitude < infinity) continue;
            const step_result& r = magnitude > infinity ? steps_->nan
                                   : bits > infinity    ? steps_->negative_infinity
                                                        : steps_->infinity;
            if (r.missing_nan && how_.nan == nan_policy::raise) throw_missing_nan(at + i, format_);
            body(i, r);
        }
    }

    const format& format_;
    projection how_;
    const simd::kernel_table* kernels_ = nullptr;
    const simd::block_kernels* blocks_ = nullptr;
    const simd::step_kernels* step_kernels_ = nullptr;
    std::shared_ptr<const number_steps> steps_;
    std::optional<simd::table_plan> values_;
    std::optional<simd::decode_plan> to_float_;
    std::optional<simd::conversion_plan<float>> from_float_;
};

}  // namespace halfulp::detail
