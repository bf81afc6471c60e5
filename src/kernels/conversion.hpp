// One call of round or encode, by vector kernels where a backend has them: widens 16-bit carriers, picks lanes, cuts the array
// into blocks, draws random words. A block that a kernel does not vouch for is done again by the scalar definition.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "halfulp/codecs/codec.hpp"
#include "halfulp/kernels/convert.hpp"
#include "run_plan.hpp"
#include "streaming.hpp"

namespace halfulp::detail {

/// The kernels and plans of floats.
struct float_conversions {
    using format = float_format;
    template <class Lane>
    using plan = simd::conversion_plan<Lane>;

    template <class Lane, class Out>
    static std::optional<plan<Lane>> make(const format& f, const projection& how, bool random_is_given) {
        return simd::plan_conversion<Lane>(f, how, !std::is_same_v<Lane, Out>, random_is_given);
    }
    static const simd::kernel_table* active() { return simd::active_table(); }
    /// A code as the kernels make it, as a wider one.
    static std::uint64_t widened(std::uint32_t code) noexcept { return code; }
};

/// T to Out: the same type for round, a code type for encode. Formats: whose kernels do it.
template <carrier T, class Out, class Formats = float_conversions>
class conversion {
    static constexpr bool codes = !std::is_same_v<T, Out>;
    /// What kernels in lanes of this type give.
    template <class Lane>
    using lane_result = std::conditional_t<codes, Out, Lane>;

  public:
    /// Covers nothing (covers() is false) where there are no kernels for this call.
    conversion(const typename Formats::format& format, const projection& how, const randomness& random)
        : random_(random) {
        kernels_ = simd::active_table();
        converters_ = Formats::active();
        if (kernels_ == nullptr) return;
        const bool given = random.from == randomness::kind::given;
        if constexpr (!std::is_same_v<T, double>)
            in_float_ = Formats::template make<float, lane_result<float>>(format, how, given);
        if (!in_float_) in_double_ = Formats::template make<double, lane_result<double>>(format, how, given);
        if constexpr (sizeof(T) == 2) {
            to_float_ = simd::plan_decoding(carrier_traits<T>::format);
            to_float_->nan_sign = to_float_->sign_mask;  // nan_policy::negated_zero looks at it
            from_float_ = simd::plan_conversion<float>(carrier_traits<T>::format, {}, true, false);
        }
        narrows_ = narrow_first(how);
    }

    [[nodiscard]] bool covers() const noexcept { return in_float_.has_value() || in_double_.has_value(); }

    /// Elements first to first + size - 1 of the whole array. `redo(begin, end, x)` is the scalar definition on a part of it, x
    /// pointing to the element `begin`.
    template <class Redo>
    void run(const T* x, Out* out, std::size_t first, std::size_t size, bool stream, const Redo& redo) const {
        const bool in_place = static_cast<const void*>(x + first) == static_cast<const void*>(out + first);
        // Without buffers a block may be long; with them it stays in the first-level cache.
        const std::size_t block = buffered() || (in_place && may_report()) ? small_block : large_block;
        const std::size_t head = stream ? std::min(size, elements_to_alignment(out + first)) : 0;
        alignas(64) std::array<T, small_block> copy;
        const std::size_t end = first + size;
        const float_environment environment;  // for what stands around the kernels, which choose their own direction
        for (std::size_t begin = first; begin < end;) {
            const bool at_head = begin == first && head != 0;
            const std::size_t count = at_head ? head : std::min(block, end - begin);
            const T* from = x + begin;
            if (in_place && may_report()) {
                std::memcpy(copy.data(), from, count * sizeof(T));
                from = copy.data();
            }
            if (convert(from, out + begin, count, words_from(begin), stream && !at_head) != 0) {
                fence_streams(stream);
                redo(begin, begin + count, from);
            }
            begin += count;
        }
        fence_streams(stream);
    }

    /// May results be stored past the caches? Only a kernel's own results can.
    [[nodiscard]] bool may_stream() const noexcept { return !buffered() || (codes && sizeof(Out) <= 4 && in_float_); }

  private:
    static constexpr std::size_t small_block = 2048;
    static constexpr std::size_t large_block = 32768;

    static constexpr bool narrow_first(const projection& how) noexcept {
        return std::is_same_v<T, double> && how.through_binary32;
    }
    [[nodiscard]] bool is_stochastic() const noexcept {
        return in_float_ ? in_float_->stochastic : in_double_->stochastic;
    }
    [[nodiscard]] simd::random_words words_from(std::size_t begin) const noexcept {
        if (!is_stochastic()) return {};
        if (random_.from == randomness::kind::given) return {random_.given.data() + begin, 0, 0, 0};
        return {nullptr, random_.source.seed, random_.source.stream, random_.source.offset + begin};
    }
    [[nodiscard]] bool may_report() const noexcept {
        return in_float_ ? in_float_->may_report : in_double_->may_report;
    }
    /// Do elements pass through a buffer of another type?
    [[nodiscard]] bool buffered() const noexcept {
        if (sizeof(T) == 2 || narrows_) return true;
        if (in_float_) return codes && sizeof(Out) == 8;
        return std::is_same_v<T, float> || codes;
    }

    simd::flags convert(const T* x, Out* out, std::size_t size, const simd::random_words& words, bool stream) const {
        if constexpr (std::is_same_v<T, float>) {
            return in_float_ ? convert_floats(x, out, size, words, stream) : convert_widened(x, out, size, words);
        } else if constexpr (std::is_same_v<T, double>) {
            if (!narrows_) return convert_doubles(x, out, size, words, stream);
            alignas(64) std::array<float, small_block> narrow;
            kernels_->narrow(x, narrow.data(), size);
            return convert_widened(narrow.data(), out, size, words);
        } else {
            alignas(64) std::array<float, small_block> wide;
            kernels_->decode16(reinterpret_cast<const std::uint16_t*>(x), wide.data(), size, *to_float_, false);
            if constexpr (codes) {
                return in_float_ ? convert_floats(wide.data(), out, size, words, stream)
                                 : convert_widened(wide.data(), out, size, words);
            } else {
                simd::flags report = in_float_ ? convert_floats(wide.data(), wide.data(), size, words, false)
                                               : convert_widened(wide.data(), wide.data(), size, words);
                report |= run_plan(kernels_->encode32_16, *from_float_, wide.data(),
                                   reinterpret_cast<std::uint16_t*>(out), size);
                return report;
            }
        }
    }

    template <class O>
    simd::flags convert_floats(const float* x, O* out, std::size_t size, const simd::random_words& words,
                               bool stream) const {
        if constexpr (std::is_same_v<O, float>) {
            return run_plan(converters_->round32, *in_float_, x, out, size, words, stream);
        } else if constexpr (sizeof(O) == 1) {
            return run_plan(converters_->encode32_8, *in_float_, x, out, size, words, stream);
        } else if constexpr (sizeof(O) == 2) {
            return run_plan(converters_->encode32_16, *in_float_, x, out, size, words, stream);
        } else if constexpr (sizeof(O) == 4) {
            return run_plan(converters_->encode32_32, *in_float_, x, out, size, words, stream);
        } else {
            alignas(64) std::array<std::uint32_t, small_block> narrow;
            const simd::flags report =
                run_plan(converters_->encode32_32, *in_float_, x, narrow.data(), size, words, false);
            std::transform(narrow.data(), narrow.data() + size, out, Formats::widened);
            return report;
        }
    }

    template <class O>
    simd::flags convert_doubles(const double* x, O* out, std::size_t size, const simd::random_words& words,
                                bool stream) const {
        if constexpr (std::is_same_v<O, double>) {
            return run_plan(converters_->round64, *in_double_, x, out, size, words, stream);
        } else if constexpr (sizeof(O) == 8) {
            return run_plan(converters_->encode64, *in_double_, x, out, size, words, stream);
        } else {
            alignas(64) std::array<std::uint64_t, small_block> wide;
            const simd::flags report = run_plan(converters_->encode64, *in_double_, x, wide.data(), size, words, false);
            for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<O>(wide[i]);
            return report;
        }
    }

    /// binary32 numbers in binary64 lanes. Values come back exactly, or beyond binary32's range as infinities.
    template <class O>
    simd::flags convert_widened(const float* x, O* out, std::size_t size, const simd::random_words& words) const {
        alignas(64) std::array<double, small_block> wide;
        kernels_->widen(x, wide.data(), size);
        if constexpr (std::is_same_v<O, float>) {
            const simd::flags report =
                run_plan(converters_->round64, *in_double_, wide.data(), wide.data(), size, words, false);
            kernels_->narrow(wide.data(), out, size);
            return report;
        } else {
            return convert_doubles(wide.data(), out, size, words, false);
        }
    }

    const simd::kernel_table* kernels_ = nullptr;
    decltype(Formats::active()) converters_ = nullptr;
    const randomness& random_;
    std::optional<typename Formats::template plan<float>> in_float_;
    std::optional<typename Formats::template plan<double>> in_double_;
    std::optional<simd::decode_plan> to_float_;
    std::optional<simd::conversion_plan<float>> from_float_;
    bool narrows_ = false;
};

}  // namespace halfulp::detail
