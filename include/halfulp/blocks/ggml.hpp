// The blocks in which llama.cpp and GGUF files hold quantized numbers (ggml-common.h): a run of values along a row shares one scale or
// two, and all of it lies in a fixed number of bytes. These are other people's bytes, with their arithmetic: quantizing follows
// quantize_row_*_ref of ggml-quants.c, dequantizing dequantize_row_*, operation by operation in binary32 without fused operations, as
// x86-64 builds of llama.cpp compute them. (Builds for AArch64 may contract x·id + 8.5 and d·q + m into one operation.)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace halfulp {

/// The numbers are ggml's own, which GGUF files store.
enum class ggml_type : std::uint8_t {
    q4_0 = 2,
    q4_1 = 3,
    q5_0 = 6,
    q5_1 = 7,
    q8_0 = 8,
    q4_k = 12,
    q6_k = 14,
    iq4_nl = 20,
    tq1_0 = 34,
    tq2_0 = 35,
    mxfp4 = 39,
    nvfp4 = 40,
};

/// All of them, in the order of their numbers.
inline constexpr std::array ggml_types{
    ggml_type::q4_0, ggml_type::q4_1,   ggml_type::q5_0,  ggml_type::q5_1,  ggml_type::q8_0,  ggml_type::q4_k,
    ggml_type::q6_k, ggml_type::iq4_nl, ggml_type::tq1_0, ggml_type::tq2_0, ggml_type::mxfp4, ggml_type::nvfp4,
};

/// Values in a block and the bytes that it takes.
struct ggml_block_size {
    std::size_t values;
    std::size_t bytes;
    friend constexpr bool operator==(const ggml_block_size&, const ggml_block_size&) = default;
};

constexpr ggml_block_size ggml_block(ggml_type type) noexcept {
    switch (type) {
        case ggml_type::q4_0: return {32, 18};
        case ggml_type::q4_1: return {32, 20};
        case ggml_type::q5_0: return {32, 22};
        case ggml_type::q5_1: return {32, 24};
        case ggml_type::q8_0: return {32, 34};
        case ggml_type::q4_k: return {256, 144};
        case ggml_type::q6_k: return {256, 210};
        case ggml_type::iq4_nl: return {32, 18};
        case ggml_type::tq1_0: return {256, 54};
        case ggml_type::tq2_0: return {256, 66};
        case ggml_type::mxfp4: return {32, 17};
        case ggml_type::nvfp4: return {64, 36};
    }
    return {};
}

/// The integers that a block of the type can hold as codes: value = code × scale. {0, 0} for types whose codes are not taken apart.
struct ggml_code_range {
    int lowest;
    int highest;
};
constexpr ggml_code_range ggml_codes(ggml_type type) noexcept {
    switch (type) {
        case ggml_type::q4_0: return {-8, 7};
        case ggml_type::q8_0: return {-128, 127};
        case ggml_type::tq1_0: return {-1, 1};
        case ggml_type::tq2_0: return {-1, 2};  // llama.cpp writes no 2, and reads it
        default: return {0, 0};
    }
}

/// Is the type written as well as read? Q4_0, Q8_0, TQ1_0 and TQ2_0 are.
constexpr bool is_written(ggml_type type) noexcept { return ggml_codes(type).highest > 0; }

/// ggml's name: "Q4_0", "Q4_K", "IQ4_NL".
std::string_view to_string(ggml_type type) noexcept;

/// The type of this name, in capitals or not. Throws std::invalid_argument, naming those that there are.
ggml_type parse_ggml_type(std::string_view name);

/// Quantizes rows to blocks. x: whole blocks of finite values; out: ggml_block(type).bytes for each of them. Throws
/// std::invalid_argument for a type that is only read, for sizes that do not fit, and for NaN and ±∞, whose conversion is undefined in
/// llama.cpp (then `out` is unspecified). Where the reciprocal of the scale is beyond binary32 (a scale of at most 2^-128, which binary16
/// stores as zero) that conversion is undefined as well; the codes then are those of llama.cpp's x86-64 builds: -8 in Q4_0, 0 elsewhere.
/// A scale from 65520 on is stored as ∞, as llama.cpp does.
void ggml_quantize(ggml_type type, std::span<const float> x, std::span<std::uint8_t> out, int threads = 1);

/// Values of blocks, of any type. Every byte means something: of TQ1_0's bytes that no five trits make, and of codes that llama.cpp
/// never writes, the values are what it reads. Throws std::invalid_argument where sizes do not fit.
void ggml_dequantize(ggml_type type, std::span<const std::uint8_t> bytes, std::span<float> out, int threads = 1);

/// Takes blocks of a written type apart: one integer for each value and, for each block, the bits of its binary16 scale, in the order
/// of the values. Throws std::invalid_argument for other types and where sizes do not fit.
void ggml_unpack(ggml_type type, std::span<const std::uint8_t> bytes, std::span<std::int8_t> codes,
                 std::span<std::uint16_t> scales);

/// And puts them together. Throws as ggml_unpack(), and for a code outside ggml_codes(type), before anything is written.
void ggml_pack(ggml_type type, std::span<const std::int8_t> codes, std::span<const std::uint16_t> scales,
               std::span<std::uint8_t> bytes);

}  // namespace halfulp
