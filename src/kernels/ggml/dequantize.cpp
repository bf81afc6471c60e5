#include <algorithm>
#include <array>
#include <bit>
#include <span>

#include "../checks.hpp"
#include "../float_environment.hpp"
#include "../parallel.hpp"
#include "checks.hpp"
#include "halfulp/blocks/ggml.hpp"
#include "halfulp/kernels/convert.hpp"
#include "layouts.hpp"

namespace halfulp {
namespace detail {
namespace {

/// Blocks whose scales come from binary16 together.
constexpr std::size_t batch = 256;

/// The values of one block; `half` holds its binary16 numbers. q × d and, with a minimum m, q × d + m, each operation rounded.
template <ggml_type Type>
struct decoder : ggml_layout<Type> {
    using ggml_layout<Type>::halves;

    static void values(const std::uint8_t* block, const float* half, float* out) noexcept {
        constexpr std::size_t count = ggml_block(Type).values;
        std::array<std::int8_t, count> q;
        ggml_layout<Type>::spread(block, q.data());
        for (std::size_t i = 0; i < count; ++i) {
            out[i] = static_cast<float>(q[i]) * half[0];
            if constexpr (halves.size() == 2) out[i] += half[1];
        }
    }
};

/// Nibbles that say which of 16 levels times d.
template <>
struct decoder<ggml_type::iq4_nl> {
    static constexpr std::array<std::size_t, 1> halves{0};
    static constexpr std::array<float, 16> levels{-127, -104, -83, -65, -49, -35, -22, -10,
                                                  1,    13,   25,  38,  53,  69,  89,  113};

    static void values(const std::uint8_t* block, const float* half, float* out) noexcept {
        each_nibble(block + 2,
                    [=](std::size_t i, int code) { out[i] = levels[static_cast<std::size_t>(code)] * half[0]; });
    }
};

/// Eight runs of 32 with a scale and a minimum of 6 bits each: value = (d s) q - (dmin m).
template <>
struct decoder<ggml_type::q4_k> {
    static constexpr std::array<std::size_t, 2> halves{0, 2};

    static void values(const std::uint8_t* block, const float* half, float* out) noexcept {
        const std::uint8_t* six_bits = block + 4;
        const std::uint8_t* nibbles = block + 16;
        for (std::size_t run = 0; run < 8; ++run) {
            const float scale = half[0] * static_cast<float>(number(six_bits, run, 0));
            const float minimum = half[1] * static_cast<float>(number(six_bits, run, 4));
            const std::uint8_t* from = nibbles + run / 2 * 32;
            const int shift = run % 2 == 0 ? 0 : 4;
            for (std::size_t i = 0; i < 32; ++i)
                out[32 * run + i] = scale * static_cast<float>(from[i] >> shift & 0x0F) - minimum;
        }
    }

    /// Scale (from 0) or minimum (from 4) of a run. Those of the first four runs are the low six bits of bytes; of the others, the low
    /// four bits stand in the nibbles of bytes 8 to 11 and the high two on top of the first four's.
    static int number(const std::uint8_t* bytes, std::size_t run, std::size_t from) noexcept {
        if (run < 4) return bytes[from + run] & 0x3F;
        const int low = from == 0 ? bytes[run + 4] & 0x0F : bytes[run + 4] >> 4;
        return low | bytes[from + run - 4] >> 6 << 4;
    }
};

/// Sixteen runs of 16 with a scale of 8 bits each: value = (d s) q. A half of 128 values has 64 bytes of low nibbles and 32 bytes of
/// two upper bits for each of four values.
template <>
struct decoder<ggml_type::q6_k> {
    static constexpr std::array<std::size_t, 1> halves{208};

    static void values(const std::uint8_t* block, const float* half, float* out) noexcept {
        for (std::size_t run = 0; run < 16; ++run) {
            const float scale = half[0] * static_cast<float>(static_cast<std::int8_t>(block[192 + run]));
            const std::size_t part = run / 8;
            const std::size_t quarter = run % 8 / 2;
            const std::size_t at = run % 2 * 16;
            const std::uint8_t* low = block + 64 * part + quarter % 2 * 32 + at;
            const std::uint8_t* high = block + 128 + 32 * part + at;
            for (std::size_t i = 0; i < 16; ++i) {
                const int nibble = low[i] >> (quarter / 2 * 4) & 0x0F;
                const int q = (nibble | (high[i] >> (2 * quarter) & 3) << 4) - 32;
                out[16 * run + i] = scale * static_cast<float>(q);
            }
        }
    }
};

/// Twice the values of E2M1, which ggml multiplies by half of the scale.
constexpr std::array<float, 16> doubled_e2m1{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

/// 2^(e-128), half of an E8M0 scale. Code FF is 2^127 here and not NaN, as in ggml.
float half_of_e8m0(std::uint8_t e) noexcept {
    const std::uint32_t code = e;
    return std::bit_cast<float>(code < 2 ? 0x0020'0000u << code : (code - 1) << 23);
}

/// Half of an unsigned E4M3 scale. Bit 7 is not looked at, code 7F is a zero and FF is 480, as in ggml.
float half_of_ue4m3(std::uint8_t e) noexcept {
    if (e == 0 || e == 0x7F) return 0.0f;
    const std::uint32_t exponent = e >> 3 & 0x0F;
    const std::uint32_t mantissa = e & 7;
    if (exponent == 0) return static_cast<float>(mantissa) * 0x1p-10f;
    return std::bit_cast<float>((exponent + 119) << 23 | mantissa << 20);
}

template <>
struct decoder<ggml_type::mxfp4> {
    static constexpr std::array<std::size_t, 0> halves{};

    static void values(const std::uint8_t* block, const float*, float* out) noexcept {
        const float scale = half_of_e8m0(block[0]);
        each_nibble(block + 1,
                    [=](std::size_t i, int code) { out[i] = doubled_e2m1[static_cast<std::size_t>(code)] * scale; });
    }
};

/// Four runs of 16 with a scale each, the first half of a run in low nibbles.
template <>
struct decoder<ggml_type::nvfp4> {
    static constexpr std::array<std::size_t, 0> halves{};

    static void values(const std::uint8_t* block, const float*, float* out) noexcept {
        for (std::size_t run = 0; run < 4; ++run) {
            const float scale = half_of_ue4m3(block[run]);
            const std::uint8_t* from = block + 4 + 8 * run;
            for (std::size_t i = 0; i < 8; ++i) {
                out[16 * run + i] = doubled_e2m1[from[i] & 0x0F] * scale;
                out[16 * run + 8 + i] = doubled_e2m1[from[i] >> 4] * scale;
            }
        }
    }
};

template <ggml_type Type>
void dequantize_blocks(const std::uint8_t* bytes, float* out, std::size_t begin, std::size_t end) {
    constexpr ggml_block_size size = ggml_block(Type);
    constexpr std::size_t each = decoder<Type>::halves.size();
    const float_environment environment;
    std::array<std::uint16_t, batch * each> codes{};
    std::array<float, batch * each> halves{};
    for (std::size_t first = begin; first < end; first += batch) {
        const std::size_t count = std::min(batch, end - first);
        if constexpr (each != 0) {
            for (std::size_t k = 0; k < count; ++k) {
                for (std::size_t h = 0; h < each; ++h) {
                    const std::uint8_t* half = bytes + (first + k) * size.bytes + decoder<Type>::halves[h];
                    codes[k * each + h] = static_cast<std::uint16_t>(half[0] | half[1] << 8);
                }
            }
            decode(std::span<const std::uint16_t>(codes).first(count * each), std::span(halves).first(count * each),
                   binary16_format);
        }
        for (std::size_t k = 0; k < count; ++k) {
            decoder<Type>::values(bytes + (first + k) * size.bytes, halves.data() + k * each,
                                  out + (first + k) * size.values);
        }
    }
}

template <ggml_type Type>
void dequantize(std::span<const std::uint8_t> bytes, std::span<float> out, int threads) {
    constexpr ggml_block_size size = ggml_block(Type);
    const std::size_t blocks = count_ggml_blocks("bytes", bytes.size(), "bytes", size.bytes, Type);
    check_ggml_size("out", out.size(), "elements", blocks * size.values, Type, blocks);
    check_threads(threads);
    parallel_for(blocks, threads, batch, [&](std::size_t begin, std::size_t end) {
        dequantize_blocks<Type>(bytes.data(), out.data(), begin, end);
    });
}

}  // namespace
}  // namespace detail

void ggml_dequantize(ggml_type type, std::span<const std::uint8_t> bytes, std::span<float> out, int threads) {
    switch (type) {
        case ggml_type::q4_0: return detail::dequantize<ggml_type::q4_0>(bytes, out, threads);
        case ggml_type::q4_1: return detail::dequantize<ggml_type::q4_1>(bytes, out, threads);
        case ggml_type::q5_0: return detail::dequantize<ggml_type::q5_0>(bytes, out, threads);
        case ggml_type::q5_1: return detail::dequantize<ggml_type::q5_1>(bytes, out, threads);
        case ggml_type::q8_0: return detail::dequantize<ggml_type::q8_0>(bytes, out, threads);
        case ggml_type::q4_k: return detail::dequantize<ggml_type::q4_k>(bytes, out, threads);
        case ggml_type::q6_k: return detail::dequantize<ggml_type::q6_k>(bytes, out, threads);
        case ggml_type::iq4_nl: return detail::dequantize<ggml_type::iq4_nl>(bytes, out, threads);
        case ggml_type::tq1_0: return detail::dequantize<ggml_type::tq1_0>(bytes, out, threads);
        case ggml_type::tq2_0: return detail::dequantize<ggml_type::tq2_0>(bytes, out, threads);
        case ggml_type::mxfp4: return detail::dequantize<ggml_type::mxfp4>(bytes, out, threads);
        case ggml_type::nvfp4: return detail::dequantize<ggml_type::nvfp4>(bytes, out, threads);
    }
}

}  // namespace halfulp
