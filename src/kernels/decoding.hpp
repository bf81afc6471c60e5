// One call of decode by vector kernels: codes to binary32, and from there to the other carriers, exactly.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "halfulp/codecs/any_projector.hpp"
#include "run_plan.hpp"
#include "streaming.hpp"

namespace halfulp::detail {

/// `size` values of codes of at most 8 bits, for the kernels.
inline simd::table_plan make_table_plan(std::span<const float> values, std::size_t size) {
    simd::table_plan plan{};
    plan.size = size;
    for (std::size_t code = 0; code < size; ++code) {
        plan.values[code] = values[code];
        const std::uint64_t bits = to_bits(values[code]);
        for (int b = 0; b < 4; ++b) plan.planes[b][code] = static_cast<std::uint8_t>(bits >> (8 * b));
    }
    return plan;
}

/// values[codes[i]]; nonzero where a code is not below the table's size, which is not zero.
inline simd::flags decode_by_table(const simd::step_kernels* kernels, const simd::table_plan& plan,
                                   const std::uint8_t* codes, float* out, std::size_t size, bool stream) {
    if (plan.size <= kernels->decodes) return kernels->decode_table(codes, out, size, plan, nullptr, 0, stream);
    std::uint8_t most = 0;
    for (std::size_t i = 0; i < size; ++i) {
        most = std::max(most, codes[i]);
        out[i] = plan.values[codes[i]];
    }
    return most >= plan.size ? 1 : 0;
}

template <carrier T, class C>
class decoding {
  public:
    explicit decoding(const format& f) {
        kernels_ = simd::active_table();
        if (kernels_ == nullptr || !holds(binary32_format, f)) return;
        posits_ = simd::active_posits();
        // Posits by rule, unless registers hold the table.
        const bool by_table =
            sizeof(C) == 1 && (posits_->decode8 == nullptr || f.max_code() < simd::active_steps()->decodes);
        if (const posit_format* posit = f.as_posit(); posit != nullptr && !by_table) {
            posit_ = simd::plan_posit_decoding(*posit);
        } else if (const float_format* is = f.as_float()) {
            plan_ = simd::plan_decoding(*is);
        } else if (f.as_fixed() == nullptr && f.bits() <= 16) {
            table_.resize(f.max_code() + 1);
            for (std::uint64_t code = 0; code < table_.size(); ++code) table_[code] = halfulp::decode<float>(code, f);
            if (f.bits() <= 8) short_table_ = make_table_plan(table_, table_.size());
        } else if (f.as_fixed() != nullptr && f.bits() <= 25) {
            integer_.emplace(f);
            if (sizeof(C) == 1 && kernels_ != nullptr && simd::active_steps()->decodes == 256) {
                // By bytes as they are stored: codes with a sign fill the table, and whoever calls has looked at them.
                std::array<float, 256> values{};
                for (std::uint64_t byte = 0; byte < values.size(); ++byte)
                    values[byte] = halfulp::decode<float>(byte & low_ones(f.bits()), f);
                short_table_ = make_table_plan(values, f.has_signed_codes() ? 256 : f.max_code() + 1);
            }
        }
        if constexpr (sizeof(T) == 2) {
            from_float_ = simd::plan_conversion<float>(carrier_traits<T>::format, {}, true, false);
        }
    }

    [[nodiscard]] bool covers() const noexcept { return plan_ || posit_ || integer_ || !table_.empty(); }
    [[nodiscard]] bool may_stream() const noexcept {
        return std::is_same_v<T, float> && ((sizeof(C) <= 4 && (plan_ || posit_)) || by_registers());
    }
    /// The table that vector kernels take, and null where there is none.
    [[nodiscard]] const simd::table_plan* short_table() const noexcept {
        return by_registers() ? &*short_table_ : nullptr;
    }
    /// Does run() tell codes that are too wide apart from others?
    [[nodiscard]] bool checks_codes() const noexcept {
        return posit_ || (by_registers() && !(integer_ && integer_->is_signed));
    }

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

    [[nodiscard]] bool by_registers() const noexcept {
        return sizeof(C) == 1 && short_table_ && short_table_->size <= simd::active_steps()->decodes;
    }

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
            if (short_table_) return decode_by_table(simd::active_steps(), *short_table_, codes, out, size, stream);
        }
        if (integer_) return integers(codes, out, size);
        if (posit_) return by_rule(*posits_, *posit_, codes, out, size, stream);
        if (plan_) return by_rule(*kernels_, *plan_, codes, out, size, stream);
        return from_table(codes, out, size);
    }

    template <class Kernels, class Plan>
    static simd::flags by_rule(const Kernels& kernels, const Plan& plan, const C* codes, float* out, std::size_t size,
                               bool stream) {
        if constexpr (sizeof(C) == 1) {
            return kernels.decode8(codes, out, size, plan, stream);
        } else if constexpr (sizeof(C) == 2) {
            return kernels.decode16(codes, out, size, plan, stream);
        } else if constexpr (sizeof(C) == 4) {
            return kernels.decode32(codes, out, size, plan, stream);
        } else {
            alignas(64) std::array<std::uint32_t, small_block> narrow;
            simd::flags wide = 0;
            for (std::size_t i = 0; i < size; ++i) {
                narrow[i] = static_cast<std::uint32_t>(codes[i]);
                wide |= codes[i] >> 32 != 0;
            }
            return wide | kernels.decode32(narrow.data(), out, size, plan, stream);
        }
    }

    [[nodiscard]] simd::flags from_table(const C* codes, float* out, std::size_t size) const {
        const std::uint64_t last = table_.size() - 1;
        simd::flags wide = 0;
        for (std::size_t i = 0; i < size; ++i) {
            const std::uint64_t code = codes[i];
            wide |= code > last;
            out[i] = table_[std::min(code, last)];
        }
        return wide;
    }

    /// Integers of at most 25 bits times a power of two: exact in binary32 whatever the environment.
    [[nodiscard]] simd::flags integers(const C* codes, float* out, std::size_t size) const {
        simd::flags wide = 0;
        for (std::size_t i = 0; i < size; ++i) {
            const auto number = static_cast<std::make_signed_t<C>>(codes[i]);
            const auto value =
                integer_->is_signed ? static_cast<std::int64_t>(number) : static_cast<std::int64_t>(codes[i]);
            wide |= value < integer_->least || value > integer_->most;
            out[i] = static_cast<float>(static_cast<std::int32_t>(value)) * integer_->quantum;
        }
        return wide;
    }

    struct integer_codes {
        bool is_signed;
        std::int64_t least;
        std::int64_t most;
        float quantum;
        explicit integer_codes(const format& f)
            : is_signed(f.has_signed_codes()),
              least(is_signed ? -(std::int64_t{1} << (f.bits() - 1)) : 0),
              most(static_cast<std::int64_t>(is_signed ? f.max_code() >> 1 : f.max_code())),
              quantum(from_bits<float>(static_cast<std::uint64_t>(127 - f.as_fixed()->fraction_bits) << 23)) {}
    };

    const simd::kernel_table* kernels_ = nullptr;
    const simd::posit_kernels* posits_ = nullptr;
    std::optional<simd::decode_plan> plan_;
    std::optional<simd::posit_decode_plan> posit_;
    std::vector<float> table_;
    std::optional<simd::table_plan> short_table_;
    std::optional<integer_codes> integer_;
    std::optional<simd::conversion_plan<float>> from_float_;
};

}  // namespace halfulp::detail
