#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>

#include "../checks.hpp"
#include "../float_environment.hpp"
#include "../parallel.hpp"
#include "checks.hpp"
#include "halfulp/blocks/ggml.hpp"
#include "halfulp/kernels/backend.hpp"
#include "halfulp/kernels/convert.hpp"
#include "layouts.hpp"

namespace halfulp {
namespace detail {
namespace {

/// Blocks that are worked on together: 32 KiB of x.
template <ggml_type Type>
constexpr std::size_t batch = 8192 / ggml_block(Type).values;

// Whatever the loops call is made part of them, so that it is compiled for their instruction set.
#define HALFULP_PART [[gnu::always_inline]] static inline

// clang would unroll short loops before it looks for vectors in them, and then find none.
#if defined(__clang__)
#define HALFULP_KEEP_LOOP _Pragma("clang loop unroll(disable)")
#else
#define HALFULP_KEEP_LOOP
#endif

/// The largest key(bits of x), at least 0. An integer's maximum needs no order, which lets compilers make vectors of the loop.
template <std::size_t N, class Key>
HALFULP_PART std::int32_t largest_key(const float* x, const Key& key) noexcept {
    std::int32_t most = 0;
    HALFULP_KEEP_LOOP
    for (std::size_t i = 0; i < N; ++i) most = std::max(most, key(std::bit_cast<std::int32_t>(x[i])));
    return most;
}

/// The bits of magnitudes are ordered as the magnitudes are, NaN above everything.
template <std::size_t N>
HALFULP_PART float largest_magnitude(const float* x) noexcept {
    return std::bit_cast<float>(largest_key<N>(x, [](std::int32_t bits) { return bits & 0x7FFFFFFF; }));
}

/// The number of largest magnitude, the first one of several, with its sign; +0 where all are zeros.
template <std::size_t N>
HALFULP_PART float first_of_largest_magnitude(const float* x) noexcept {
    constexpr std::int32_t sign = std::numeric_limits<std::int32_t>::min();
    const std::int32_t positive = largest_key<N>(x, [](std::int32_t bits) { return bits; });
    const std::int32_t negative = largest_key<N>(x, [](std::int32_t bits) { return bits ^ sign; });
    if (positive == negative && positive != 0) {
        const auto is_it = [=](float v) { return (std::bit_cast<std::int32_t>(v) & ~sign) == positive; };
        return *std::find_if(x, x + N, is_it);
    }
    return std::bit_cast<float>(std::max(positive, negative) | (negative > positive ? sign : 0));
}

/// roundf for |x| < 2^22, without a call. Let n + 1/2 be the tie at or next above |x|, n >= 0. The tie itself becomes n + 1 - 2^-25, which
/// rounds to n + 1, since the numbers below that lie 2^-24 apart or more (and a tie with 1 goes to 1). A smaller |x| is at least u below
/// the tie, where n + 1 - u is a number as well (u = 2^-25 for n = 0, with 1 - 2^-24 the sum), so the sum stays below n + 1.
HALFULP_PART std::int32_t rounded_ties_away(float x) noexcept {
    constexpr float below_a_half = 0x1.fffffep-2f;
    return static_cast<std::int32_t>(x + std::copysign(below_a_half, x));
}

/// The number that a type's scale is made of, the scale, and a code out of x × (1 / scale).
template <ggml_type Type>
struct rule;

template <>
struct rule<ggml_type::q4_0> {
    static constexpr std::int8_t undefined_code = -8;
    HALFULP_PART float largest(const float* x) noexcept { return first_of_largest_magnitude<32>(x); }
    HALFULP_PART float scale(float largest) noexcept { return largest / -8.0f; }
    HALFULP_PART std::int32_t code(float y) noexcept { return std::min(static_cast<std::int32_t>(y + 8.5f), 15) - 8; }
};
template <>
struct rule<ggml_type::q8_0> {
    static constexpr std::int8_t undefined_code = 0;
    HALFULP_PART float largest(const float* x) noexcept { return largest_magnitude<32>(x); }
    HALFULP_PART float scale(float largest) noexcept { return largest / 127.0f; }
    HALFULP_PART std::int32_t code(float y) noexcept { return rounded_ties_away(y); }
};
template <>
struct rule<ggml_type::tq1_0> {
    static constexpr std::int8_t undefined_code = 0;
    HALFULP_PART float largest(const float* x) noexcept { return largest_magnitude<256>(x); }
    HALFULP_PART float scale(float largest) noexcept { return largest; }
    HALFULP_PART std::int32_t code(float y) noexcept { return rounded_ties_away(y); }
};
template <>
struct rule<ggml_type::tq2_0> : rule<ggml_type::tq1_0> {};

[[noreturn]] void throw_not_finite(std::span<const float> x, ggml_type type) {
    const auto bad = std::ranges::find_if_not(x, [](float v) { return std::isfinite(v); });
    throw std::invalid_argument("x[" + std::to_string(bad - x.begin()) + "] (counted in C order) is " +
                                (std::isnan(*bad) ? "NaN" : "infinite") + ", allowed in " +
                                std::string(to_string(type)) + ": finite numbers");
}

/// Writes the codes of up to `batch<Type>` blocks and gives their scales; false, with nothing written, where some x is not finite. Step by
/// step through all blocks, so that no block's division waits for another's.
template <ggml_type Type>
HALFULP_PART bool work_on_batch(const float* x, std::size_t blocks, float* scales, std::uint8_t* out) {
    constexpr ggml_block_size size = ggml_block(Type);
    std::array<float, batch<Type>> inverses;
    std::array<std::int8_t, batch<Type> * size.values> codes;
    for (std::size_t k = 0; k < blocks; ++k) scales[k] = rule<Type>::largest(x + k * size.values);
    bool finite = true;
    for (std::size_t k = 0; k < blocks; ++k) finite &= std::isfinite(scales[k]);
    if (!finite) return false;
    for (std::size_t k = 0; k < blocks; ++k) {
        scales[k] = rule<Type>::scale(scales[k]);
        inverses[k] = scales[k] != 0.0f ? 1.0f / scales[k] : 0.0f;
    }
    for (std::size_t k = 0; k < blocks; ++k) {
        std::int8_t* q = codes.data() + k * size.values;
        if (std::isfinite(inverses[k])) {
            for (std::size_t i = 0; i < size.values; ++i)
                q[i] = static_cast<std::int8_t>(rule<Type>::code(x[k * size.values + i] * inverses[k]));
        } else {
            std::fill_n(q, size.values, rule<Type>::undefined_code);
        }
    }
    for (std::size_t k = 0; k < blocks; ++k)
        ggml_layout<Type>::gather(codes.data() + k * size.values, out + k * size.bytes);
    return true;
}

template <ggml_type Type>
bool quantize_batch(const float* x, std::size_t blocks, float* scales, std::uint8_t* out) {
    return work_on_batch<Type>(x, blocks, scales, out);
}

// The same loops, which compilers make wider vectors of for machines that have them. Only these functions hold such instructions, and no
// other file sees them. (Products and sums are not fused, here as everywhere: -ffp-contract=off.)
#if defined(HALFULP_SIMD_X86)
template <ggml_type Type>
[[gnu::target("avx2")]] bool quantize_batch_avx2(const float* x, std::size_t blocks, float* scales, std::uint8_t* out) {
    return work_on_batch<Type>(x, blocks, scales, out);
}
template <ggml_type Type>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] bool quantize_batch_avx512(const float* x, std::size_t blocks,
                                                                                 float* scales, std::uint8_t* out) {
    return work_on_batch<Type>(x, blocks, scales, out);
}
#endif

/// The one for the active backend.
template <ggml_type Type>
auto batch_quantizer() {
    switch (active_backend()) {
#if defined(HALFULP_SIMD_X86)
        case backend::avx2: return quantize_batch_avx2<Type>;
        case backend::avx512: return quantize_batch_avx512<Type>;
#endif
        default: return quantize_batch<Type>;
    }
}

template <ggml_type Type>
void quantize_blocks(std::span<const float> x, std::uint8_t* out, std::size_t begin, std::size_t end) {
    constexpr ggml_block_size size = ggml_block(Type);
    const auto quantize_batch_here = batch_quantizer<Type>();
    const float_environment environment;
    std::array<float, batch<Type>> scales{};
    std::array<std::uint16_t, batch<Type>> halves{};
    for (std::size_t first = begin; first < end; first += batch<Type>) {
        const std::size_t count = std::min(batch<Type>, end - first);
        std::uint8_t* blocks = out + first * size.bytes;
        const bool finite = quantize_batch_here(x.data() + first * size.values, count, scales.data(), blocks);
        if (!finite) throw_not_finite(x, Type);
        encode(std::span<const float>(scales).first(count), std::span(halves).first(count), binary16_format);
        for (std::size_t k = 0; k < count; ++k) {
            std::uint8_t* half = blocks + k * size.bytes + ggml_layout<Type>::halves[0];
            half[0] = static_cast<std::uint8_t>(halves[k] & 0xFF);
            half[1] = static_cast<std::uint8_t>(halves[k] >> 8);
        }
    }
}

}  // namespace
}  // namespace detail

void ggml_quantize(ggml_type type, std::span<const float> x, std::span<std::uint8_t> out, int threads) {
    const bool written = detail::with_written_type(type, [&]<ggml_type Type>() {
        constexpr ggml_block_size size = ggml_block(Type);
        const std::size_t blocks = detail::count_ggml_blocks("x", x.size(), "elements", size.values, Type);
        detail::check_ggml_size("out", out.size(), "bytes", blocks * size.bytes, Type, blocks);
        detail::check_threads(threads);
        detail::parallel_for(blocks, threads, detail::batch<Type>, [&](std::size_t begin, std::size_t end) {
            detail::quantize_blocks<Type>(x, out.data(), begin, end);
        });
    });
    if (!written) detail::throw_only_read("ggml_quantize", type);
}

}  // namespace halfulp
